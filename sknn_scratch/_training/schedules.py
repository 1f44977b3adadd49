"""Learning-rate schedules.

Some schedules change the rate after an epoch, as scikit-learn's do; others are a
function of training progress p in [0, 1], evaluated at each step, with p = 1 at the end
of ``max_iter`` epochs. To add one, write its class and name it in ``SCHEDULES``.
"""

from itertools import repeat
from math import cos, pi


class Schedule:
    """The learning rate in the course of a training: at each step the same.

    Parameters
    ----------
    params : dict
        The estimator's parameters.
    n_steps : int
        Number of steps of an epoch.
    """

    #: Whether every stochastic solver follows it; the others are for 'sgd' alone.
    progressive = False
    #: Whether the rate changes.
    varies = True
    #: The names of the parameters that it reads, besides the initial rate.
    reads: tuple[str, ...] = ()

    def __init__(self, params, n_steps):
        self.rate = float(params["learning_rate_init"])
        self.n_steps = n_steps
        self.configure(params)

    def configure(self, params):
        """Read the schedule's own parameters."""

    def rates(self, rate, epoch):
        """The rate of each step of an epoch; ``rate`` is the one that is in force."""
        return repeat(rate, self.n_steps)

    def first_rate(self, rate, epoch):
        """The rate of an epoch's first step."""
        return rate

    def after_epoch(self, rate, t):
        """The next epoch's rate, t samples having been seen."""
        return rate

    def on_plateau(self, rate):
        """Decide on a stalled loss or score: another rate, or the end.

        Returns
        -------
        rate : float or None
            The rate to go on at; None ends the training.
        message : str
            For the user.
        """
        return None, "Stopping."


class Constant(Schedule):
    """eta = eta_0"""

    varies = False


class InvScaling(Schedule):
    """eta = eta_0 / (t + 1)^power_t, set after each epoch; t counts samples."""

    reads = ("power_t",)

    def configure(self, params):
        self.power_t = params["power_t"]

    def after_epoch(self, rate, t):
        try:
            return self.rate / (t + 1) ** self.power_t
        except OverflowError:
            return 0.0


class Adaptive(Schedule):
    """eta = eta_0 until the loss stalls; then eta / 5, down to 1e-6."""

    def on_plateau(self, rate):
        if rate <= 1e-6:
            return None, "Learning rate too small. Stopping."
        return rate / 5.0, f"Setting learning rate to {rate / 5.0:f}"


class Progressive(Schedule):
    """A schedule that is eta_0 times a function of progress p, after a linear warm-up.

    The first ``warmup_fraction`` of all steps rise linearly to eta_0; p runs from 0 to
    1 over the others.
    """

    progressive = True
    reads: tuple[str, ...] = ("warmup_fraction",)

    def configure(self, params):
        self.total = self.n_steps * params["max_iter"]
        self.warmup = params["warmup_fraction"]

    def factor(self, p):
        """The multiple of eta_0 at progress p."""
        raise NotImplementedError

    def rates(self, rate, epoch):
        start = epoch * self.n_steps
        return (self.at(step) for step in range(start, start + self.n_steps))

    def first_rate(self, rate, epoch):
        return self.at(epoch * self.n_steps)

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
    """eta = eta_0 / 25 at first, eta_0 after 30 %, eta_0 / 250000 at the end,
    by cosines between them.

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
PROGRESSIVE = {name for name, schedule in SCHEDULES.items() if schedule.progressive}
