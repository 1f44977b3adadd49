"""The multilayer perceptrons: their layers and parameters.

``a_0 = x,  a_l = f(a_{l-1} W_l + b_l)`` for each hidden layer, and the output
``mu = link(a_L W + b)``.
"""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils._param_validation import Interval

from sknn_scratch._estimators.classifier import NeuralClassifier
from sknn_scratch._estimators.docstrings import documented
from sknn_scratch._estimators.parameters import (
    CLASSIFIER_CONSTRAINTS,
    REGRESSOR_CONSTRAINTS,
    TRAINING_CONSTRAINTS,
    dropout_rates,
    for_each_layer,
    hidden_sizes,
    store_parameters,
)
from sknn_scratch._estimators.regressor import NeuralRegressor
from sknn_scratch._estimators.sklearn_names import SklearnNames
from sknn_scratch._estimators.to_sklearn import to_sklearn
from sknn_scratch._nn.activations import ACTIVATIONS, resolve
from sknn_scratch._nn.layers import Dense, Dropout
from sknn_scratch._types import (
    ActivationLike,
    ClassWeight,
    PerLayer,
    RandomState,
    Scoring,
)

MLP_CONSTRAINTS: dict = {
    "hidden_layer_sizes": [
        "array-like",
        Interval(Integral, 1, None, closed="left"),
    ],
    **TRAINING_CONSTRAINTS,
    "activation": [*TRAINING_CONSTRAINTS["activation"], list, tuple],
}


class MultilayerPerceptron(SklearnNames):
    """The architecture that the two MLPs share."""

    hidden_layer_sizes: Any
    activation: Any
    dropout: Any
    input_dropout: float
    #: The estimator of scikit-learn that this one is the twin of.
    _twin: type

    def _build_layers(self, n_in, n_out):
        sizes = [n_in, *hidden_sizes(self.hidden_layer_sizes), n_out]
        dense = self._dense_layers(sizes)
        rates = dropout_rates(self.dropout, self.input_dropout, len(sizes) - 2)
        layers = []
        for layer, rate in zip(dense, rates, strict=True):
            layers += [Dropout(layer.n_in, rate), layer] if rate else [layer]
        return layers

    def _dense_layers(self, sizes):
        names = for_each_layer(self.activation, "activation", len(sizes) - 2)
        hidden = [resolve(f) for f in names]
        # The last layer leaves the link to the loss.
        drawn_as = hidden[-1] if hidden else resolve(self.activation)
        functions = [*hidden, ACTIVATIONS["identity"]]
        layers = [
            Dense(*shape, f)
            for shape, f in zip(pairwise(sizes), functions, strict=True)
        ]
        layers[-1].drawn_as = drawn_as
        return layers

    def to_sklearn(self) -> Any:
        """Hand the fitted network over to scikit-learn's own estimator.

        Returns
        -------
        MLPClassifier or MLPRegressor
            Fitted; it predicts the same. Options that concerned the training only are
            dropped, the optimiser's state with them.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If predictions depend on an option that scikit-learn does not have; the
            message names it.
        """
        return to_sklearn(self, self._twin)


@documented
class ScratchMLPClassifier(MultilayerPerceptron, NeuralClassifier):
    """Multilayer perceptron classifier, the exact twin of scikit-learn's MLPClassifier.

    The same data, parameters and random_state give the same weights, in a fraction of
    the time. The network minimises the log loss: logistic for two classes and for
    multilabel targets, softmax for more classes.

    Parameters
    ----------
    {mlp_sizes}
    {activation}
    {training}
    {classification}
    {options}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, in the order of the columns of ``predict_proba``.
    {mlp_attributes}
    {training_attributes}

    See Also
    --------
    ScratchMLPRegressor : The regressor.
    sklearn.neural_network.MLPClassifier : The estimator that this one is the twin of.

    References
    ----------
    Glorot and Bengio (2010). Understanding the difficulty of training deep feedforward
    neural networks. AISTATS.

    Kingma and Ba (2014). Adam: a method for stochastic optimization. arXiv:1412.6980.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_scratch import ScratchMLPClassifier
    >>> X_train, X_test, y_train, y_test = train_test_split(
    ...     *load_breast_cancer(return_X_y=True), random_state=0)
    >>> model = make_pipeline(
    ...     StandardScaler(), ScratchMLPClassifier(max_iter=500, random_state=0))
    >>> model.fit(X_train, y_train).score(X_test, y_test) > 0.95
    True
    """

    _parameter_constraints: dict = {**MLP_CONSTRAINTS, **CLASSIFIER_CONSTRAINTS}
    _twin = MLPClassifier

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] | np.ndarray = (100,),
        activation: ActivationLike = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: str = "log_loss",
        focal_gamma: float = 2.0,
        label_smoothing: float = 0.0,
        class_weight: ClassWeight = None,
        init: str = "glorot_uniform",
        init_scale: float = 0.1,
        coefs_init: Sequence[ArrayLike] | None = None,
        intercepts_init: Sequence[ArrayLike] | None = None,
        dropout: PerLayer = 0.0,
        input_dropout: float = 0.0,
        weight_decay: float = 0.01,
        warmup_fraction: float = 0.0,
        clip_norm: float | None = None,
        weight_averaging: float | None = None,
        scoring: Scoring = None,
        dtype: str | None = None,
    ) -> None:
        store_parameters(self, locals())


@documented
class ScratchMLPRegressor(MultilayerPerceptron, NeuralRegressor):
    """Multilayer perceptron regressor, the exact twin of scikit-learn's MLPRegressor.

    The same data, parameters and random_state give the same weights, in a fraction of
    the time.

    Parameters
    ----------
    {regression_loss}
    {mlp_sizes}
    {activation}
    {training}
    {regression}
    {options}

    Attributes
    ----------
    {mlp_attributes}
    {training_attributes}

    See Also
    --------
    ScratchMLPClassifier : The classifier.
    sklearn.neural_network.MLPRegressor : The estimator that this one is the twin of.

    References
    ----------
    Glorot and Bengio (2010). Understanding the difficulty of training deep feedforward
    neural networks. AISTATS.

    Kingma and Ba (2014). Adam: a method for stochastic optimization. arXiv:1412.6980.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sknn_scratch import ScratchMLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     ScratchMLPRegressor(solver="lbfgs", alpha=1000, tol=1.0, random_state=0))
    >>> model.fit(X[:300], y[:300]).predict(X[300:]).shape
    (142,)
    """

    _parameter_constraints: dict = {**MLP_CONSTRAINTS, **REGRESSOR_CONSTRAINTS}
    _twin = MLPRegressor

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: int | Sequence[int] | np.ndarray = (100,),
        activation: ActivationLike = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        quantile: float | None = None,
        huber_delta: float = 1.0,
        init: str = "glorot_uniform",
        init_scale: float = 0.1,
        coefs_init: Sequence[ArrayLike] | None = None,
        intercepts_init: Sequence[ArrayLike] | None = None,
        dropout: PerLayer = 0.0,
        input_dropout: float = 0.0,
        weight_decay: float = 0.01,
        warmup_fraction: float = 0.0,
        clip_norm: float | None = None,
        weight_averaging: float | None = None,
        scoring: Scoring = None,
        dtype: str | None = None,
    ) -> None:
        store_parameters(self, locals())
