"""scikit-learn's callbacks, told of each epoch."""

from sknn_scratch._training.loop import Unwatched


class Watched(Unwatched):
    """The estimator's callbacks are told.

    Parameters
    ----------
    estimator : estimator
        Its callbacks are called.
    X, y, sample_weight
        The arguments of its fit; scorers are called on them.
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
