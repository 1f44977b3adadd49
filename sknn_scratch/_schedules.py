"""Learning-rate schedules.

Some schedules change the rate after an epoch, as scikit-learn's do; others are a
function of training progress p in [0, 1], evaluated at each step, with p = 1 at the end
of ``max_iter`` epochs. To add one, write its class and name it in ``SCHEDULES``.
"""

from itertools import repeat
from math import cos, pi


class Constant:
    """eta = eta_0

    Parameters
    ----------
    settings : dict
        The estimator's parameters.
    n_steps : int
        Steps of one epoch.
    """

    def __init__(self, settings, n_steps):
        self.rate = float(settings["learning_rate_init"])
        self.power_t = settings["power_t"]
        self.n_steps = n_steps
        self.total = n_steps * settings["max_iter"]
        self.warmup = settings.get("warmup_fraction", 0.0)

    def rates(self, rate, epoch):
        """The rate of each step of an epoch; ``rate`` is the one that is in force."""
        return repeat(rate, self.n_steps)

    def after_epoch(self, rate, t):
        """The next epoch's rate, t samples having been seen."""
        return rate


class InvScaling(Constant):
    """eta = eta_0 / (t + 1)^power_t, set after each epoch; t counts samples."""

    def after_epoch(self, rate, t):
        return self.rate / (t + 1) ** self.power_t


class Adaptive(Constant):
    """eta = eta_0 until the loss stalls; then a fifth of it, down to 1e-6.

    The rule itself, which waits for a plateau, is the training loop's.
    """


class Progressive(Constant):
    """A schedule that is eta_0 times a function of progress p, after a linear warm-up.

    The first ``warmup_fraction`` of all steps rise linearly to eta_0; p runs from 0 to
    1 over the others.
    """

    def factor(self, p):
        """What eta_0 is multiplied by at progress p."""
        raise NotImplementedError

    def rates(self, rate, epoch):
        start = epoch * self.n_steps
        return (self.at(step) for step in range(start, start + self.n_steps))

    def at(self, step):
        """The rate of a step, the first one being 0."""
        warmup = self.warmup * self.total
        if step < warmup:
            return self.rate * (step + 1) / (warmup + 1)
        # A partial_fit may go on beyond max_iter epochs: it stays at the end.
        p = min(1.0, (step - warmup) / max(1.0, self.total - warmup))
        return self.rate * self.factor(p)


class Cosine(Progressive):
    """eta = eta_0 (1 + cos(pi p)) / 2

    Loshchilov and Hutter (2016), one period without restarts.
    """

    def factor(self, p):
        return (1 + cos(pi * p)) / 2


class Linear(Progressive):
    """eta = eta_0 (1 - p)"""

    def factor(self, p):
        return 1 - p


class OneCycle(Progressive):
    """eta rises from eta_0 / 25 to eta_0 by a cosine over the first 30 %, then falls
    to eta_0 / 250000 by another.

    Smith and Topin (2017), with the numbers that PyTorch's OneCycleLR uses.
    """

    rise, first, last = 0.3, 1 / 25, 1 / 25e4

    def factor(self, p):
        if p < self.rise:
            return self._between(self.first, 1.0, p / self.rise)
        return self._between(1.0, self.last, (p - self.rise) / (1 - self.rise))

    @staticmethod
    def _between(start, end, p):
        return end + (start - end) * (1 + cos(pi * p)) / 2


SCHEDULES = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
    "cosine": Cosine,
    "linear": Linear,
    "one_cycle": OneCycle,
}

#: The schedules that every stochastic solver follows; the others are for 'sgd'.
PROGRESSIVE = {
    name for name, schedule in SCHEDULES.items() if issubclass(schedule, Progressive)
}
