"""scikit-learn's callbacks, told of each epoch; the one module that knows of them.

They came with scikit-learn 1.9. With an older one nobody is told, and ``set_callbacks``
says so.
"""

import sklearn

from sknn_scratch._training.run import Unwatched

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in for scikit-learn's mixin, which this version has not."""

        def set_callbacks(self, *callbacks):
            """Raise: callbacks need scikit-learn 1.9.

            Parameters
            ----------
            *callbacks : callback instances
                Not used.

            Raises
            ------
            NotImplementedError
                Always; ``verbose=True`` and ``history_`` tell of the epochs, too.
            """
            raise NotImplementedError(
                f"Callbacks need scikit-learn 1.9, this is {sklearn.__version__}. "
                "verbose=True prints each epoch, and history_ records them."
            )

    def with_callbacks(method):  # type: ignore[no-redef]
        """Return the method as it is."""
        return method


__all__ = ["CallbackSupportMixin", "Watched", "watch", "with_callbacks"]


class Watched(Unwatched):
    """The estimator's callbacks are told.

    Parameters
    ----------
    estimator : estimator
        Its callbacks are called.
    X, y, sample_weight
        The arguments of its fit; scorers are called on them.
    n_epochs : int
        How many epochs there are at most.
    """

    def __init__(self, estimator, X, y, sample_weight, n_epochs):
        self.estimator = estimator
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.data = {"X": X, "y": y, "metadata": metadata}
        self.root = estimator._init_callback_context(max_subtasks=n_epochs)
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


def watch(estimator, X, y, sample_weight, n_epochs):
    """The watcher of one fit, of that many epochs at most."""
    if getattr(estimator, "_skl_callbacks", None):
        return Watched(estimator, X, y, sample_weight, n_epochs)
    return Unwatched()
