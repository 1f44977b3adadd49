"""The base of every classifier: fit, predict, probabilities."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils.metaestimators import available_if

from sknn_scratch._estimators.callbacks import with_callbacks
from sknn_scratch._estimators.docstrings import documented
from sknn_scratch._estimators.outcomes import log_of, share_right
from sknn_scratch._estimators.parameters import (
    is_stochastic,
    takes_batches,
    validation_set,
)
from sknn_scratch._estimators.streams import BUFFER_SIZE, StreamedFits
from sknn_scratch._estimators.targets import (
    MultiOutputClasses,
    announced_target,
    classification_target,
)
from sknn_scratch._rollback import unchanged_on_failure
from sknn_scratch._types import Batchwise, MatrixLike, typed


class NeuralClassifier(ClassifierMixin, StreamedFits):
    """A network whose output is read as classes or labels."""

    @typed(_fit_context(prefer_skip_nested_validation=True))
    @unchanged_on_failure
    @typed(with_callbacks)
    @documented
    def fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the network to X and y.

        Parameters
        ----------
        {fit_X}
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or an indicator matrix for multilabel targets.
        {sample_weight}
        {validation_set_of_fit}

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            For wrong parameters, NaN or infinite input, targets that are not classes,
            or weights that diverge. The estimator is then as it was before.
        """
        given = validation_set(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, given)

    @typed(available_if(is_stochastic))
    @typed(_fit_context(prefer_skip_nested_validation=True))
    @unchanged_on_failure
    @documented
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Go over the given rows once more, from the weights there are.

        Parameters
        ----------
        {fit_X}
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, each one of ``classes``.
        {sample_weight}
        classes : array-like of shape (n_classes,), default=None
            All classes of all calls; required in the first one. For multiclass-
            multioutput targets a list with one array for each output.
        {validation_set_of_partial_fit}

        Returns
        -------
        self : object
            The classifier after one more epoch.

        Raises
        ------
        AttributeError
            With ``solver="lbfgs"``, which has no epochs.
        ValueError
            As :meth:`fit`, and for classes that were not announced, or with
            ``early_stopping=True`` without a validation set.
        """
        given = validation_set(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, given, incremental=True, classes=classes)

    @typed(available_if(takes_batches))
    @typed(_fit_context(prefer_skip_nested_validation=True))
    @unchanged_on_failure
    @typed(with_callbacks)
    @documented
    def fit_batches(
        self,
        batches: Batchwise,
        *,
        n_epochs: int | None = None,
        classes: ArrayLike | None = None,
        buffer_size: int = BUFFER_SIZE,
        rebatch: bool = True,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the network to rows that come in batches, more than memory holds.

        {about_batches}

        Parameters
        ----------
        {batches}
        {n_epochs}
        classes : array-like of shape (n_classes,), default=None
            All classes; for multiclass-multioutput targets a list with one array for
            each output. None takes a pass over the targets to find them.
        {buffer}
        {validation_set_of_fit_batches}

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        {errors_of_batches}

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from sknn_scratch import ScratchMLPClassifier
        >>> X, y = load_digits(return_X_y=True)
        >>> def batches():
        ...     for start in range(0, 1500, 100):
        ...         rows = slice(start, start + 100)
        ...         yield X[rows] / 16, y[rows]
        >>> model = ScratchMLPClassifier(random_state=0, learning_rate_init=0.01)
        >>> model.fit_batches(batches, n_epochs=30, classes=range(10))
        ScratchMLPClassifier(learning_rate_init=0.01, random_state=0)
        >>> model.score(X[1500:] / 16, y[1500:]) > 0.9
        True
        """
        given = validation_set(X_val, y_val, sample_weight_val)
        return self._fit_batches(
            batches, n_epochs, classes, buffer_size, rebatch, given
        )

    @documented
    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict classes.

        Parameters
        ----------
        {rows}

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The most probable class of each row; 0/1 indicators for multilabel targets;
            for multiclass-multioutput targets the most probable class of each output.
        """
        target, mu = self._outputs(X)
        return target.decode(mu)

    @documented
    def predict_proba(self, X: MatrixLike) -> Any:
        """Predict probabilities.

        Parameters
        ----------
        {rows}

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            Columns in the order of ``classes_``. For multilabel targets each column is
            that label's own probability; for multiclass-multioutput targets there is
            one array for each output.
        """
        target, mu = self._outputs(X)
        return target.probabilities(mu)

    @documented
    def predict_log_proba(self, X: MatrixLike) -> Any:
        """Predict log-probabilities.

        Parameters
        ----------
        {rows}

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            ``log(predict_proba(X))``; minus infinity where a probability underflows.
        """
        return log_of(self.predict_proba(X))

    @documented
    def score(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Accuracy: the share of rows of which all labels are right.

        Parameters
        ----------
        {rows}
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            Between 0 and 1.
        """
        target, mu = self._outputs(X)
        is_multioutput = isinstance(target, MultiOutputClasses)
        return share_right(y, target.decode(mu), sample_weight, is_multioutput)

    def _target_for(self, y, earlier, incremental, classes):
        if incremental and self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' is not supported for partial_fit, which sees "
                "a part of the data: give the weights as a dict, computed on all of it "
                "with sklearn.utils.class_weight.compute_class_weight."
            )
        if incremental and classes is not None:
            earlier = announced_target(y, classes, earlier)
        elif incremental and earlier is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        if earlier is None:
            earlier = classification_target(y)
        else:
            earlier.check(y, all_present=self.warm_start)
        return earlier.settled(self.label_smoothing, self.class_weight)

    def _what_counts_classes(self, classes, earlier):
        if self.class_weight == "balanced":
            return "class_weight='balanced'"
        return "classes=None" if classes is None and earlier is None else ""

    def _target_of_batches(self, y, classes, earlier, census):
        if classes is not None:
            target = announced_target(y, classes, earlier)
        else:
            target = earlier or census.target()
        class_weight = self.class_weight
        if class_weight == "balanced":
            class_weight = census.balanced(y, target)
        return target.settled(self.label_smoothing, class_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
