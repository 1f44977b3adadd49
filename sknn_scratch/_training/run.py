"""One training: all that the loops need to know of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sknn_scratch._training.batches import Batches, Problem
from sknn_scratch._training.plateau import Plateau
from sknn_scratch._training.progress import Progress
from sknn_scratch._training.schedules import Schedule
from sknn_scratch._training.state import TrainingState


class Unwatched:
    """A watcher that does nothing; what one is told of a training."""

    def begin(self):
        """Before an epoch."""

    def end(self, attributes):
        """After an epoch; whether to stop."""
        return False

    def finish(self, attributes):
        """After the last epoch."""


@dataclass
class Run:
    """One training by minibatches.

    Parameters
    ----------
    problem : Problem
        The network, and the data that it is to learn.
    batches : Batches
        The rows to train on.
    alpha : float
        Strength of the L2 penalty.
    state : TrainingState
        Optimiser and average; keeps the best weights, for the caller to restore.
    schedule : Schedule
        Of the learning rate.
    plateau : Plateau
        Judges each epoch's loss, or minus its validation score.
    max_iter : int
        Maximum number of epochs.
    shuffle : bool, default=True
        Whether the rows are shuffled before each epoch.
    validation : callable, default=None
        Gives the validation loss and the score of the current weights.
    early_stopping : bool, default=False
        Whether that score, not the training loss, is judged, and the best weights are
        kept.
    watcher : Unwatched, default=Unwatched()
        ``begin()`` is called before each epoch, ``end(fitted)`` after it; a true answer
        stops the training.
    fitted : callable, default=dict
        Gives the fitted attributes, should a watcher want them.
    say : callable, default=None
        Receives the lines that ``verbose`` prints.
    plans : callable, default=None
        Makes the network's plans from the arguments of ``plans_for``, which is what
        None takes.
    progress : Progress
        Filled in as training goes on.
    """

    problem: Problem
    batches: Batches
    alpha: float
    state: TrainingState
    schedule: Schedule
    plateau: Plateau
    max_iter: int
    shuffle: bool = True
    validation: Any = None
    early_stopping: bool = False
    watcher: Unwatched = field(default_factory=Unwatched)
    fitted: Callable = dict
    say: Callable | None = None
    plans: Callable | None = None
    progress: Progress = field(default_factory=Progress)

    def judged(self, loss):
        """The value of an epoch that the plateau judges: lower is better."""
        if not self.early_stopping:
            return loss
        return -self.progress.history[-1]["validation_score"]

    def stalled(self):
        """Decide what follows a plateau; whether that is the end."""
        rate, message = self.schedule.on_plateau(self.state.optimizer.learning_rate)
        if self.say:
            subject = "Validation score" if self.early_stopping else "Training loss"
            plateau = self.plateau
            self.say(
                f"{subject} did not improve more than tol={plateau.tol:f} "
                f"for {plateau.patience} consecutive epochs. {message}"
            )
        if rate is None:
            return True
        self.state.optimizer.learning_rate, self.plateau.count = rate, 0
        return False
