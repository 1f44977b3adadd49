"""The base of every regressor: fit, predict."""

from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils.metaestimators import available_if

from sknn_scratch._estimators.callbacks import with_callbacks
from sknn_scratch._estimators.docstrings import documented
from sknn_scratch._estimators.outcomes import require_numbers
from sknn_scratch._estimators.parameters import (
    is_stochastic,
    takes_batches,
    validation_set,
)
from sknn_scratch._estimators.streams import BUFFER_SIZE, StreamedFits
from sknn_scratch._estimators.targets import Numbers
from sknn_scratch._rollback import unchanged_on_failure
from sknn_scratch._types import Batchwise, MatrixLike, typed


class NeuralRegressor(RegressorMixin, StreamedFits):
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
        {buffer}
        {validation_set_of_fit_batches}

        Returns
        -------
        self : object
            The fitted regressor.

        Raises
        ------
        {errors_of_batches}

        Examples
        --------
        >>> import numpy as np
        >>> from sknn_scratch import ScratchMLPRegressor
        >>> X = np.linspace(-3, 3, 2000)[:, None]
        >>> y = np.sin(2 * X[:, 0])
        >>> batches = [(X[i::20], y[i::20]) for i in range(20)]
        >>> model = ScratchMLPRegressor(
        ...     learning_rate="one_cycle",
        ...     learning_rate_init=0.01,
        ...     batch_size=50,
        ...     random_state=0,
        ... )
        >>> model.fit_batches(batches, n_epochs=40).score(X, y) > 0.98
        True
        """
        given = validation_set(X_val, y_val, sample_weight_val)
        return self._fit_batches(batches, n_epochs, None, buffer_size, rebatch, given)

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
