"""The base of every classifier: fit, predict, probabilities."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils.metaestimators import available_if

from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._estimators.callbacks import with_callbacks
from sknn_scratch._estimators.docstrings import documented
from sknn_scratch._estimators.outcomes import log_of, share_right
from sknn_scratch._estimators.parameters import is_stochastic, validation_set
from sknn_scratch._estimators.targets import (
    MultiOutputClasses,
    announced_target,
    classification_target,
)
from sknn_scratch._rollback import unchanged_on_failure
from sknn_scratch._types import MatrixLike, typed


class NeuralClassifier(ClassifierMixin, BaseNeuralEstimator):
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
