"""scikit-learn's callbacks, told of each epoch.

A training reports to a watcher: ``begin()`` before an epoch, ``end(attributes)`` after
it, where a true answer stops the training. Without callbacks the watcher is
:class:`Unwatched`, which does nothing.
"""


class Unwatched:
    """Nobody is told."""

    def begin(self):
        """Before an epoch."""

    def end(self, attributes):
        """After an epoch; whether to stop."""
        return False

    def finish(self, attributes):
        """After the last epoch."""


class Watched(Unwatched):
    """The estimator's callbacks are told.

    Parameters
    ----------
    estimator : estimator
        Whose callbacks to call.
    X, y, sample_weight
        What its fit was given; scorers are called on it.
    """

    def __init__(self, estimator, X, y, sample_weight):
        self.estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.data = {"X": X, "y": y, "metadata": metadata}
        self.root = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.root.call_on_fit_task_begin(estimator=estimator, **self.data)

    def begin(self):
        self.epoch = self.root.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def end(self, attributes):
        """``attributes`` is called if a callback asks for the fitted estimator."""
        return self.epoch.call_on_fit_task_end(
            estimator=self.estimator, **self.data, reconstruction_attributes=attributes
        )

    def finish(self, attributes):
        self.root.call_on_fit_task_end(
            estimator=self.estimator, **self.data, reconstruction_attributes=attributes
        )


def watch(estimator, X, y, sample_weight):
    """The watcher of one fit."""
    if getattr(estimator, "_skl_callbacks", None):
        return Watched(estimator, X, y, sample_weight)
    return Unwatched()
