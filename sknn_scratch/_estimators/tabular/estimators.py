"""The tabular estimators: networks for classes and for numbers, from a table as it is.

What they share is in ``base``; here is what becomes of the targets.
"""

from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from sknn_scratch._estimators.callbacks import with_callbacks
from sknn_scratch._estimators.docstrings import documented
from sknn_scratch._estimators.outcomes import log_of, share_right
from sknn_scratch._estimators.parameters import as_list, store_parameters
from sknn_scratch._estimators.tabular.base import BaseTabularMLP
from sknn_scratch._estimators.tabular.mixing import (
    PredictedClasses,
    PredictedNumbers,
    mixed_classes,
    mixed_numbers,
    planned_loss,
    row_losses,
    sharpened,
)
from sknn_scratch._estimators.tabular.targets import ScaledNumbers
from sknn_scratch._estimators.targets import MultiOutputClasses, classification_target
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._rollback import unchanged_on_failure
from sknn_scratch._types import ClassWeight, MatrixLike, RandomState, typed


@documented
class TabularMLPClassifier(ClassifierMixin, BaseTabularMLP):
    """Networks for classes, from a table as it is.

    Takes a DataFrame or an array with numbers, categories, dates and missing values.
    {tabular_method}

    Parameters
    ----------
    hidden_layer_sizes : 'auto', int or array-like of shape (n_hidden,), default='auto'
        Units of each hidden layer of a net. 'auto' is (64, 64), and (128, 128) where
        there are more than ten classes.
    {tabular_parameters}
    label_smoothing : float, default=0.1
        Targets in training are 1 - label_smoothing for the class, and what is left is
        shared out among all. Range [0, 1).
    class_weight : dict, list of dict, 'balanced' or None, default=None
        Weights of the classes in training.
    {tabular_more_parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of them
        Class labels, in the order of the columns of ``predict_proba``.
    temperatures_ : ndarray of shape (n_families,)
        What each view's raw outputs are multiplied by.
    power_ : float
        What the mixed probabilities are raised to: a mean is less sure than it should
        be. Range [1, 1.6].
    {tabular_attributes}

    See Also
    --------
    TabularMLPRegressor : The regressor.
    sknn_scratch.preprocessing.TabularEncoder : What becomes of the columns.

    References
    ----------
    {tabular_references}

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch import TabularMLPClassifier
    >>> rng = np.random.default_rng(0)
    >>> age, town = rng.uniform(20, 80, 500), rng.choice(["Oslo", "Rome"], 500)
    >>> y = np.where((age > 50) == (town == "Rome"), "yes", "no")
    >>> X = np.array([age, town], dtype=object).T
    >>> model = TabularMLPClassifier(n_members=4, max_iter=50, random_state=0)
    >>> model = model.fit(X[:400], y[:400])
    >>> model.score(X[400:], y[400:]) > 0.9
    True
    """

    _parameter_constraints: dict = {
        **BaseTabularMLP._parameter_constraints,
        "hidden_layer_sizes": [
            StrOptions({"auto"}),
            *BaseTabularMLP._parameter_constraints["hidden_layer_sizes"],
        ],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }
    label_smoothing: float
    class_weight: ClassWeight
    temperatures_: np.ndarray
    power_: float
    _of_view = {
        "raw": {"activation": "relu", "bin_scale": 2.0, "steps_per_row": 0.5},
        "bins": {"activation": "relu", "bin_scale": 2.0, "steps_per_row": 0.25},
        "cosines": {"activation": "relu", "bin_scale": 2.0, "steps_per_row": 0.25},
    }

    def __init__(
        self,
        hidden_layer_sizes: str | int | Sequence[int] = "auto",
        *,
        n_members: int = 8,
        views: str | Sequence[str] = "auto",
        max_iter: int | str = "auto",
        max_time: float | None = None,
        batch_size: int = 128,
        learning_rate_init: float = 0.04,
        weight_decay: float = 0.1,
        label_smoothing: float = 0.1,
        class_weight: ClassWeight = None,
        n_bins: int | None = 16,
        n_cosines: int = 4,
        categorical_features: Any = "from_dtype",
        validation_fraction: float | None = None,
        scoring: Any = None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        store_parameters(self, locals())

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
        """Fit to a table and its classes.

        Parameters
        ----------
        {tabular_X}
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or an indicator matrix for multilabel targets.
        {tabular_fit}

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            For wrong parameters, columns that say nothing, or targets that are not
            classes. The estimator is then as it was before.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)

    def _learns(self, y):
        target = classification_target(y)
        smoothed = target.settled(self.label_smoothing, self.class_weight)
        return target, smoothed, LOSSES["log_loss"](target.link, {})

    def _hidden_sizes(self, target):
        if isinstance(self.hidden_layer_sizes, str):
            return [128, 128] if target.n_outputs > 10 else [64, 64]
        return super()._hidden_sizes(target)

    def _strata(self, y):
        if y.ndim == 2:
            return np.zeros(len(y))
        return np.unique(y, return_inverse=True)[1].ravel()

    def _mixing(self, target, Y, outputs, weight, ratio):
        temperatures, shares, power = mixed_classes(target, Y, outputs, ratio, weight)
        return {
            "mixing_weights_": shares,
            "temperatures_": temperatures,
            "power_": power,
        }

    @staticmethod
    def _mixed(target, mixing, outputs):
        mu: Any = 0.0
        shares, factors = mixing["mixing_weights_"], mixing["temperatures_"]
        for share, factor, z in zip(shares, factors, outputs, strict=True):
            z *= z.dtype.type(factor)
            target.link.forward(z)
            mu += share * z.mean(axis=0)
        return sharpened(target.link, mu, mixing["power_"])

    @staticmethod
    def _losses_of_repeats(target, Y):
        return lambda mu: row_losses(target, Y, mu)

    @staticmethod
    def _as_predicted(target, mu):
        made = PredictedClasses(target.decode(mu), target.probabilities(mu))
        made.classes_ = target.attributes()["classes_"]
        return made

    @documented
    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict classes.

        Parameters
        ----------
        {tabular_X}

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The most probable class of each row; 0/1 indicators for multilabel targets.
        """
        mu = self._mixture(X)
        return self._target.decode(mu)

    @documented
    def predict_proba(self, X: MatrixLike) -> Any:
        """Predict probabilities.

        Parameters
        ----------
        {tabular_X}

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            Columns in the order of ``classes_``; for multiclass-multioutput targets
            there is one array for each output.
        """
        mu = self._mixture(X)
        return self._target.probabilities(mu)

    @documented
    def predict_log_proba(self, X: MatrixLike) -> Any:
        """Predict log-probabilities.

        Parameters
        ----------
        {tabular_X}

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
        {tabular_X}
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        float
            Between 0 and 1.
        """
        predicted = self.predict(X)
        is_multioutput = isinstance(self._target, MultiOutputClasses)
        return share_right(y, predicted, sample_weight, is_multioutput)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


@documented
class TabularMLPRegressor(RegressorMixin, BaseTabularMLP):
    """Networks for numbers, from a table as it is.

    Takes a DataFrame or an array with numbers, categories, dates and missing values,
    and targets of any scale.
    {tabular_method}

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of shape (n_hidden,), default=(32, 32, 32)
        Units of each hidden layer of a net.
    loss : {'squared_error', 'absolute_error', 'quantile', 'poisson'}, \
default='squared_error'
        What is minimised: predictions are means, medians, quantiles, or means of counts
        and other targets that are not negative.
    quantile : float or array-like of float, default=0.5
        With ``loss='quantile'`` which of them; of several one column each, in order:
        none crosses another. Range (0, 1).
    {tabular_parameters}
    {tabular_more_parameters}

    Attributes
    ----------
    {tabular_attributes}

    See Also
    --------
    TabularMLPClassifier : The classifier.
    sknn_scratch.preprocessing.TabularEncoder : What becomes of the columns.

    References
    ----------
    {tabular_references}

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch import TabularMLPRegressor
    >>> rng = np.random.default_rng(0)
    >>> size, town = rng.uniform(20, 200, 500), rng.choice(["Oslo", "Rome"], 500)
    >>> y = size * np.where(town == "Rome", 4000.0, 7000.0)
    >>> X = np.array([size, town], dtype=object).T
    >>> model = TabularMLPRegressor(n_members=4, max_iter=50, random_state=0)
    >>> model = model.fit(X[:400], y[:400])
    >>> model.score(X[400:], y[400:]) > 0.99
    True
    """

    _parameter_constraints: dict = {
        **BaseTabularMLP._parameter_constraints,
        "loss": [
            StrOptions({"squared_error", "absolute_error", "quantile", "poisson"})
        ],
        "quantile": [
            Interval(Real, 0, 1, closed="neither"),
            "array-like",
        ],
    }
    loss: str
    quantile: Any
    _judged_by = "loss"
    _of_view = {
        "raw": {"activation": "silu", "bin_scale": 0.3, "steps_per_row": 0.4},
        "bins": {"activation": "relu", "bin_scale": 0.3, "steps_per_row": 0.2},
        "cosines": {"activation": "relu", "bin_scale": 0.3, "steps_per_row": 0.2},
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (32, 32, 32),
        *,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        n_members: int = 8,
        views: str | Sequence[str] = "auto",
        max_iter: int | str = "auto",
        max_time: float | None = None,
        batch_size: int = 128,
        learning_rate_init: float = 0.07,
        weight_decay: float = 0.1,
        n_bins: int | None = 16,
        n_cosines: int = 4,
        categorical_features: Any = "from_dtype",
        validation_fraction: float | None = None,
        scoring: Any = None,
        verbose: bool | int = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
    ) -> None:
        store_parameters(self, locals())

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
        """Fit to a table and its targets.

        Parameters
        ----------
        {tabular_X}
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.
        {tabular_fit}

        Returns
        -------
        self : object
            The fitted regressor.

        Raises
        ------
        ValueError
            For wrong parameters, columns that say nothing, or targets that are not
            numbers. The estimator is then as it was before.
        """
        return self._fit(
            X, y, sample_weight, X_val, y_val, sample_weight_val, y_numeric=True
        )

    def _learns(self, y):
        y = np.asarray(y, float).reshape(len(y), -1)
        quantiles = self._quantiles(y.shape[1]) if self.loss == "quantile" else ()
        target = ScaledNumbers(y, self.loss, quantiles)
        return target, target, target.loss_of_training()

    def _quantiles(self, n_numbers):
        quantiles = as_list(self.quantile)
        quantiles = [self.quantile] if quantiles is None else quantiles
        if not quantiles or not all(
            isinstance(q, Real) and 0 < float(q) < 1 for q in quantiles
        ):
            raise ValueError(
                f"quantile must be numbers between 0 and 1, got {self.quantile!r}."
            )
        if n_numbers > 1 and len(quantiles) > 1:
            raise ValueError(
                "Several quantiles need a y of one column, got one of "
                f"{n_numbers}: fit one regressor for each."
            )
        if len(quantiles) > 1 and self.scoring not in (None, "loss"):
            raise ValueError(
                "scoring judges one prediction for each row; of several quantiles the "
                f"loss is judged. Leave scoring out, got {self.scoring!r}."
            )
        return tuple(map(float, quantiles)) * n_numbers

    def _strata(self, y):
        # Rows of like targets, some of them at a time.
        first = y if y.ndim == 1 else y[:, 0]
        places = np.argsort(np.argsort(first, kind="stable"), kind="stable")
        return places // (4 * self.n_members)

    def _mixing(self, target, Y, outputs, weight, ratio):
        return {"mixing_weights_": mixed_numbers(target, Y, outputs, weight)}

    @staticmethod
    def _mixed(target, mixing, outputs):
        mu: Any = 0.0
        for share, z in zip(mixing["mixing_weights_"], outputs, strict=True):
            mu += share * target.linked(z).mean(axis=0)
        return mu

    @staticmethod
    def _losses_of_repeats(target, Y):
        if target.loss not in ("squared_error", "poisson"):
            return None  # of a median or a quantile the mean of targets says nothing
        loss = planned_loss(target, Y)
        return lambda mu: loss.terms(Y, mu).sum(axis=1)

    @staticmethod
    def _as_predicted(target, mu):
        return PredictedNumbers(target.decode(mu))

    @documented
    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict target values.

        Parameters
        ----------
        {tabular_X}

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, within the range of the targets in fit. Of several quantiles
            one column each.
        """
        mu = self._mixture(X)
        return self._target.decode(mu)
