"""The tabular estimators: networks for classes and for numbers, from a table as it is.

What they share is in ``tabular_base``; here is what becomes of the targets.
"""

from collections.abc import Sequence
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassifierMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from sknn_scratch._estimators.outcomes import log_of, share_right
from sknn_scratch._estimators.parameters import store_parameters
from sknn_scratch._estimators.tabular_base import BaseTabularMLP
from sknn_scratch._estimators.tabular_mixing import (
    mixed_classes,
    mixed_numbers,
    sharpened,
)
from sknn_scratch._estimators.targets import (
    MultiOutputClasses,
    Numbers,
    classification_target,
)
from sknn_scratch._rollback import unchanged_on_failure
from sknn_scratch._types import ClassWeight, MatrixLike, RandomState, typed

#: What the two docstrings share.
METHOD = """\
Small nets are trained at once, each on other rows, from two views of the table:
    with bins beside its numbers, and without. Each net keeps the weights that do best
    on the rows that it holds out; these rows also say how the views are mixed."""
PARAMETERS = """\
n_members : int, default=8
        Number of nets of each view; each holds out another part of the rows.
    max_iter : int or 'auto', default='auto'
        Number of epochs. 'auto' follows from the number of rows.
    batch_size : int, default=128
        Number of rows of a minibatch.
    learning_rate_init : float, default={}
        Largest learning rate of the one-cycle schedule; that of a layer's weights is
        divided by the root of its number of inputs. Range (0, inf).
    weight_decay : float, default=0.02
        Decoupled weight decay. Range [0, inf)."""
LAST_PARAMETERS = """\
n_bins : int or None, default=16
        Largest number of bins for each number; 0 or None leaves that view out.
    categorical_features : 'from_dtype', array-like of {bool, int, str} or None, \
            default='from_dtype'
        Which columns are categories: names, indices, or a boolean mask. 'from_dtype'
        takes the strings and the columns of dtype category. None takes none of them.
    random_state : int, RandomState instance or None, default=None
        Decides the folds, the initial weights and the order of the rows."""
ATTRIBUTES = """\
encoder_ : TabularEncoder
        What turns the table into a matrix.
    mixing_weights_ : ndarray of shape (n_families,)
        Weight of each view in the prediction; they add up to 1.
    validation_loss_curves_ : list of list of list of float
        For each view and net the loss on the rows it holds out, after each epoch.
    n_iter_ : int
        Number of epochs, of the view that has most.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, if X had names that are all strings."""
REFERENCES = """\
Holzmüller, Grinsztajn and Steinwart (2024). Better by default: strong pre-tuned
    MLPs and boosted trees on tabular data. NeurIPS. arXiv:2407.04491.

    Gorishniy, Rubachev and Babenko (2022). On embeddings for numerical features in
    tabular deep learning. NeurIPS. arXiv:2203.05556."""

#: The families, besides what the parameters say of them.
FOR_CLASSES = {
    "activation": "relu",
    "bin_scale": 2.0,
    "loss": "log_loss",
    "scoring": None,
}
FOR_NUMBERS = {
    "activation": "mish",
    "bin_scale": 0.3,
    "loss": "squared_error",
    "scoring": "loss",
}


class TabularMLPClassifier(ClassifierMixin, BaseTabularMLP):
    __doc__ = f"""Networks for classes, from a table as it is.

    Takes a DataFrame or an array with numbers, categories, dates and missing values.
    {METHOD}

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of shape (n_hidden,), default=(128, 128)
        Units of each hidden layer of a net.
    {PARAMETERS.format("0.04")}
    label_smoothing : float, default=0.1
        Targets in training are 1 - label_smoothing for the class, and what is left is
        shared out among all. Range [0, 1).
    class_weight : dict, list of dict, 'balanced' or None, default=None
        Weights of the classes in training.
    {LAST_PARAMETERS}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of them
        Class labels, in the order of the columns of ``predict_proba``.
    temperatures_ : ndarray of shape (n_families,)
        What each view's raw outputs are multiplied by.
    power_ : float
        What the mixed probabilities are raised to: a mean is less sure than it should
        be. Range [1, 1.6].
    {ATTRIBUTES}

    See Also
    --------
    TabularMLPRegressor : The regressor.
    sknn_scratch.preprocessing.TabularEncoder : What becomes of the columns.

    References
    ----------
    {REFERENCES}

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
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, list, StrOptions({"balanced"}), None],
    }
    label_smoothing: float
    class_weight: ClassWeight
    temperatures_: np.ndarray
    power_: float
    _of_families = (
        {"with_bins": True, "steps_per_row": 0.5, **FOR_CLASSES},
        {"with_bins": False, "steps_per_row": 1.0, **FOR_CLASSES},
    )

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        *,
        n_members: int = 8,
        max_iter: int | str = "auto",
        batch_size: int = 128,
        learning_rate_init: float = 0.04,
        weight_decay: float = 0.02,
        label_smoothing: float = 0.1,
        class_weight: ClassWeight = None,
        n_bins: int | None = 16,
        categorical_features: Any = "from_dtype",
        random_state: RandomState = None,
    ) -> None:
        store_parameters(self, locals())

    @typed(_fit_context(prefer_skip_nested_validation=True))
    @unchanged_on_failure
    def fit(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Fit to a table and its classes.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or an indicator matrix for multilabel targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, in training and in the choice of the best weights.

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
        return self._fit(X, y, sample_weight)

    def _targets(self, y):
        target = classification_target(y)
        smoothed = target.settled(self.label_smoothing, self.class_weight)
        return target, smoothed, y

    def _strata(self, y):
        if y.ndim == 2:
            return np.zeros(len(y))
        return np.unique(y, return_inverse=True)[1].ravel()

    def _mixed(self, y, outputs, weight):
        Y = self._target.encode(y, outputs[0].dtype)
        self.temperatures_, shares, self.power_ = mixed_classes(
            self._target, Y, outputs, self.n_members, weight
        )
        return shares

    def _predicted(self, z, family):
        z *= z.dtype.type(self.temperatures_[family])
        self._target.link.forward(z)
        return z.mean(axis=0)

    def _probabilities(self, X):
        mixture = self._mixture(X)
        return sharpened(self._target.link, mixture, self.power_)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict classes.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The most probable class of each row; 0/1 indicators for multilabel targets.
        """
        probabilities = self._probabilities(X)
        return self._target.decode(probabilities)

    def predict_proba(self, X: MatrixLike) -> Any:
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            Columns in the order of ``classes_``; for multiclass-multioutput targets
            there is one array for each output.
        """
        probabilities = self._probabilities(X)
        return self._target.probabilities(probabilities)

    def predict_log_proba(self, X: MatrixLike) -> Any:
        """Predict log-probabilities.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or list of them
            ``log(predict_proba(X))``; minus infinity where a probability underflows.
        """
        return log_of(self.predict_proba(X))

    def score(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Accuracy: the share of rows of which all labels are right.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.
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


class TabularMLPRegressor(RegressorMixin, BaseTabularMLP):
    __doc__ = f"""Networks for numbers, from a table as it is.

    Takes a DataFrame or an array with numbers, categories, dates and missing values,
    and targets of any scale, for which the squared error is minimised.
    {METHOD}

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of shape (n_hidden,), default=(64, 64, 64)
        Units of each hidden layer of a net.
    {PARAMETERS.format("0.07")}
    {LAST_PARAMETERS}

    Attributes
    ----------
    {ATTRIBUTES}

    See Also
    --------
    TabularMLPClassifier : The classifier.
    sknn_scratch.preprocessing.TabularEncoder : What becomes of the columns.

    References
    ----------
    {REFERENCES}

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

    _of_families = (
        {"with_bins": True, "steps_per_row": 0.4, **FOR_NUMBERS},
        {"with_bins": False, "steps_per_row": 0.8, **FOR_NUMBERS},
    )
    #: The mean, scale and range of the targets.
    _of_y: tuple

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (64, 64, 64),
        *,
        n_members: int = 8,
        max_iter: int | str = "auto",
        batch_size: int = 128,
        learning_rate_init: float = 0.07,
        weight_decay: float = 0.02,
        n_bins: int | None = 16,
        categorical_features: Any = "from_dtype",
        random_state: RandomState = None,
    ) -> None:
        store_parameters(self, locals())

    @typed(_fit_context(prefer_skip_nested_validation=True))
    @unchanged_on_failure
    def fit(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Fit to a table and its targets.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target values.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each row, in training and in the choice of the best weights.

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
        return self._fit(X, y, sample_weight, y_numeric=True)

    def _targets(self, y):
        y = np.asarray(y, float).reshape(len(y), -1)
        largest = np.abs(y).max(axis=0)  # its square may be infinite
        largest = np.where(largest > 0, largest, 1.0)
        mean = (y / largest).mean(axis=0) * largest
        scale = (y / largest).std(axis=0) * largest
        scale = np.where(scale > 0, scale, 1.0)
        y = (y - mean) / scale
        self._of_y = mean, scale, y.min(axis=0), y.max(axis=0)
        target = Numbers(y.shape[1], "squared_error")
        return target, target, y

    def _strata(self, y):
        # Rows of like targets, some of them at a time.
        places = np.argsort(np.argsort(y[:, 0], kind="stable"), kind="stable")
        return places // (4 * self.n_members)

    def _mixed(self, y, outputs, weight):
        *_, lowest, highest = self._of_y
        return mixed_numbers(y, [np.clip(z, lowest, highest) for z in outputs], weight)

    def _predicted(self, z, family):
        *_, lowest, highest = self._of_y
        return np.clip(z, lowest, highest).mean(axis=0)

    def predict(self, X: MatrixLike) -> np.ndarray:
        """Predict target values.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, within the range of the targets in fit.
        """
        mixture = self._mixture(X)
        mean, scale, *_ = self._of_y
        predicted = mixture * scale + mean
        return predicted.ravel() if predicted.shape[1] == 1 else predicted
