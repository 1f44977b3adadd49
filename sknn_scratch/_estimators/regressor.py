"""The base of every regressor: fit, predict."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils.metaestimators import available_if

from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._estimators.callbacks import with_callbacks
from sknn_scratch._estimators.docstrings import documented
from sknn_scratch._estimators.outcomes import require_numbers
from sknn_scratch._estimators.parameters import is_stochastic, validation_set
from sknn_scratch._estimators.targets import Numbers
from sknn_scratch._rollback import unchanged_on_failure
from sknn_scratch._types import MatrixLike, typed


class NeuralRegressor(RegressorMixin, BaseNeuralEstimator):
    """A network whose output is read as numbers."""

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
        {fit_y_numbers}
        {sample_weight}
        {validation_set_of_fit}

        Returns
        -------
        self : object
            The fitted regressor.

        Raises
        ------
        ValueError
            For wrong parameters, NaN or infinite input, targets outside the loss's
            range, or weights that diverge. The estimator is then as it was before.
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
        *,
        X_val: MatrixLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Go over the given rows once more, from the weights there are.

        Parameters
        ----------
        {fit_X}
        {fit_y_numbers}
        {sample_weight}
        {validation_set_of_partial_fit}

        Returns
        -------
        self : object
            The regressor after one more epoch.

        Raises
        ------
        AttributeError
            With ``solver="lbfgs"``, which has no epochs.
        ValueError
            As :meth:`fit`, and with ``early_stopping=True`` without a validation
            set.
        """
        given = validation_set(X_val, y_val, sample_weight_val)
        return self._fit(X, y, sample_weight, given, incremental=True)

    @documented
    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict target values.

        Parameters
        ----------
        {rows}

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions.
        """
        _, mu = self._outputs(X)
        return mu.ravel() if mu.shape[1] == 1 else mu

    def _validate(self, X, y, reset, **options):
        require_numbers(y)
        return super()._validate(X, y, reset, y_numeric=True, **options)

    def _target_for(self, y, earlier, incremental, classes):
        if earlier is not None:
            earlier.check(y, all_present=True)
        return Numbers(1 if y.ndim == 1 else y.shape[1], self.loss)
