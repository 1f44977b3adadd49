"""The state of a training: all that its continuation needs besides the weights."""

from contextlib import nullcontext

from sknn_scratch._training.averaging import Averaging
from sknn_scratch._training.optimizers import CHUNK


class TrainingState:
    """Optimiser, average, best weights and epochs, of one training or of several parts.

    Parameters
    ----------
    optimizer : Optimizer
        Keeps moments and the learning rate.
    averaging : float or None
        Decay of the moving average of the weights; None: there is none.
    theta : ndarray of shape (n_parameters,)
        The weights.
    """

    def __init__(self, optimizer, averaging, theta):
        self.optimizer = optimizer
        self.averaging = None if averaging is None else Averaging(averaging, theta)
        #: The weights with the best validation score, until they are restored.
        self.best = None
        self.n_epochs = 0

    def attach(self, plan, length=CHUNK):
        """Prepare for a training on the plan's weights; return the step."""
        step = self.optimizer.attach(plan, length)
        if self.averaging is None:
            return step
        self.averaging.show(plan.theta, False)
        return self.averaging.following(step, plan.theta, length)

    def detach(self, theta):
        """Forget the plan's buffers; leave in theta what predictions are made with."""
        self.optimizer.detach()
        if self.averaging is not None:
            self.averaging.show(theta)

    def shown(self, theta):
        """A block in which theta is what predictions are made with."""
        return nullcontext() if self.averaging is None else self.averaging.shown(theta)

    def keep_best(self, theta):
        """Remember the weights as the best so far."""
        if self.best is None:
            self.best = theta.copy()
        else:
            self.best[...] = theta

    def restore_best(self, theta):
        """Put the best weights into theta, if there are any, and forget them."""
        if self.best is not None:
            theta[...], self.best = self.best, None
