"""Learning-rate schedules.

A schedule gives the rates of the steps of one epoch, and the rate that the next epoch
starts from. To add one, write its class and name it in ``SCHEDULES``.
"""

from itertools import repeat


class Constant:
    """eta_t = eta_0"""

    def __init__(self, rate, power_t):
        self.rate, self.power_t = rate, power_t

    def rates(self, rate, n_steps):
        """The rate of each of an epoch's n_steps steps."""
        return repeat(rate, n_steps)

    def after_epoch(self, rate, t):
        """The next epoch's rate, t samples having been seen."""
        return rate


class InvScaling(Constant):
    """eta_t = eta_0 / (t + 1)^power_t, set after each epoch; t counts samples."""

    def after_epoch(self, rate, t):
        return float(self.rate) / (t + 1) ** self.power_t


class Adaptive(Constant):
    """eta_t = eta_0 until the loss stalls; then a fifth of it, down to 1e-6.

    The rule itself, which waits for a plateau, is the training loop's.
    """


SCHEDULES = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
}
