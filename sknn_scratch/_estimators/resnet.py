"""The fully connected residual networks: their layers and parameters.

The notebook's letters (Neural network from scratch, NTNU, after He et al.): W and b of
the K residual layers, omega and mu of the output layer, Z = Y_K omega + mu.
"""

import warnings
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, StrOptions

from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._estimators.classifier import NeuralClassifier
from sknn_scratch._estimators.docstrings import documented
from sknn_scratch._estimators.parameters import (
    CLASSIFIER_CONSTRAINTS,
    REGRESSOR_CONSTRAINTS,
    TRAINING_CONSTRAINTS,
    store_parameters,
)
from sknn_scratch._estimators.regressor import NeuralRegressor
from sknn_scratch._nn.activations import ACTIVATIONS, Activation, resolve
from sknn_scratch._nn.arrays import for_blas
from sknn_scratch._nn.layers import Dense, Dropout, Layer, Pad, ResidualStack
from sknn_scratch._nn.network import run
from sknn_scratch._types import ClassWeight, MatrixLike, RandomState, Scoring

RESNET_CONSTRAINTS: dict = {
    "n_layers": [Interval(Integral, 1, None, closed="left")],
    "step_size": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
    "width": [Interval(Integral, 1, None, closed="left"), None],
    "lift": [StrOptions({"linear", "pad"})],
    "tie_weights": ["boolean"],
    **TRAINING_CONSTRAINTS,
    "dropout": TRAINING_CONSTRAINTS["dropout"][:1],
}

#: width=None is the number of features up to this many, and then this. K layers have
#: K width^2 weights: a few hundred one-hot columns would make millions of them.
MOST_WIDTH = 64
#: step_size="auto" is this total time divided by the number of layers.
TOTAL_TIME = 5.0


class ResidualNetwork(BaseNeuralEstimator):
    """The architecture that the two ResNets share."""

    n_layers: int
    step_size: Any
    width: int | None
    lift: str
    tie_weights: bool
    activation: Any
    dropout: float
    input_dropout: float

    _exposed: tuple[str, ...] = (
        "hidden_coefs_",
        "hidden_intercepts_",
        "output_coef_",
        "output_intercept_",
        "lift_coef_",
        "lift_intercept_",
    )

    def _step_size(self):
        auto = self.step_size == "auto"
        return TOTAL_TIME / self.n_layers if auto else float(self.step_size)

    def _build_layers(self, n_in, n_out):
        f, identity = resolve(self.activation), ACTIVATIONS["identity"]
        width = n_in if self.width is None else self.width
        if self.width is None and self.lift == "linear":
            width = min(n_in, MOST_WIDTH)
        lifts = self.width is not None or width < n_in
        layers: list[Layer] = []
        if self.input_dropout:
            layers.append(Dropout(n_in, self.input_dropout))
        if lifts and self.lift == "linear":
            layers.append(Dense(n_in, width, identity))
        elif width < n_in:
            raise ValueError(
                f"lift='pad' needs a width of at least the {n_in} features of X, got "
                f"width={width}. Use lift='linear', or a larger width."
            )
        elif width > n_in:
            layers.append(Pad(n_in, width))
        elif self.width is None and n_in > MOST_WIDTH:
            n_weights = (1 if self.tie_weights else self.n_layers) * n_in**2
            warnings.warn(
                f"lift='pad' with width=None makes the layers as wide as X, which has "
                f"{n_in} features: {n_weights:,} weights. Use lift='linear', which "
                f"brings them to {MOST_WIDTH}, or set width={n_in} if you mean it.",
                UserWarning,
            )
        layers.append(
            ResidualStack(self.n_layers, width, self._step_size(), f, self.tie_weights)
        )
        if self.dropout:
            layers.append(Dropout(width, self.dropout))
        return [*layers, Dense(width, n_out, identity)]

    def _expose(self, network):
        *lift_W, W, omega = network.named["W"]
        *lift_b, b, mu = network.named["b"]
        # What was fitted says how many layers: the parameters may have changed since.
        (stack,) = (e for e in network.layers if isinstance(e, ResidualStack))
        if stack.tied:
            W, b = (np.broadcast_to(v, (stack.n_layers, *v.shape[1:])) for v in (W, b))
        exposed = {
            "hidden_coefs_": W,
            "hidden_intercepts_": b,
            "output_coef_": omega,
            "output_intercept_": mu,
        }
        if lift_W:
            exposed.update(lift_coef_=lift_W[0], lift_intercept_=lift_b[0])
        return exposed

    def _count_layers(self, network):
        return self.n_layers + len(network.named["W"])

    def hidden_states(self, X: MatrixLike) -> np.ndarray:
        """Compute the flow of the rows through the layers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n_layers + 1, n_samples, width)
            Y_0 ... Y_K; Y_0 is the lifted X.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        X, network = self._rows(X)
        n = X.shape[0]
        plan = network.planned(n, sparse=not isinstance(X, np.ndarray))
        *lift, stack, _ = plan
        x = run(lift, for_blas(X.astype(network.dtype, copy=False)))
        states = np.empty((stack.n_layers + 1, n, stack.n_out), network.dtype)
        for state, y in zip(states, stack.states(x), strict=True):
            state[...] = y
        return states


@documented
class ResNetClassifier(ResidualNetwork, NeuralClassifier):
    """Fully connected residual network classifier.

    ``Y_0 = X`` (lifted to ``width`` where asked for), ``Y_k = Y_{k-1} + h f(Y_{k-1} W_k
    + b_k)`` for k = 1 ... K, and ``M = link(Y_K W_out + b_out)``: forward Euler steps
    of length h for an ordinary differential equation, followed by a logistic or softmax
    layer. The skip connections keep gradients of order one through a hundred layers.

    Parameters
    ----------
    {resnet}
    {activation_tanh}
    {resnet_lift}
    {training}
    {classification}
    {options}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, in the order of the columns of ``predict_proba``.
    {resnet_attributes}
    {training_attributes}

    See Also
    --------
    ResNetRegressor : The regressor.
    ScratchMLPClassifier : Without skip connections.

    References
    ----------
    He, Zhang, Ren and Sun (2016). Deep residual learning for image recognition. CVPR.

    Haber and Ruthotto (2017). Stable architectures for deep neural networks. Inverse
    Problems 34.

    Examples
    --------
    >>> from sknn_scratch import ResNetClassifier
    >>> from sknn_scratch.datasets import make_spirals
    >>> X, y = make_spirals(1000, random_state=0)
    >>> model = ResNetClassifier(n_layers=20, width=4, max_iter=1000, random_state=0)
    >>> bool(model.fit(X, y).score(X, y) > 0.95)
    True
    >>> model.hidden_states(X).shape
    (21, 1000, 4)
    """

    _parameter_constraints: dict = {**RESNET_CONSTRAINTS, **CLASSIFIER_CONSTRAINTS}

    def __init__(
        self,
        n_layers: int = 20,
        step_size: float | str = "auto",
        width: int | None = None,
        activation: str | Activation = "tanh",
        *,
        lift: str = "linear",
        tie_weights: bool = False,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.01,
        power_t: float = 0.5,
        max_iter: int = 500,
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
        n_iter_no_change: float = 20,
        max_fun: int = 15000,
        loss: str = "log_loss",
        focal_gamma: float = 2.0,
        label_smoothing: float = 0.0,
        class_weight: ClassWeight = None,
        init: str = "glorot_uniform",
        init_scale: float = 0.1,
        coefs_init: Sequence[ArrayLike] | None = None,
        intercepts_init: Sequence[ArrayLike] | None = None,
        dropout: float = 0.0,
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
class ResNetRegressor(ResidualNetwork, NeuralRegressor):
    """Fully connected residual network regressor.

    ``Y_0 = X`` (lifted to ``width`` where asked for), ``Y_k = Y_{k-1} + h f(Y_{k-1} W_k
    + b_k)`` for k = 1 ... K, and ``M = link(Y_K W_out + b_out)``: forward Euler steps
    of length h for an ordinary differential equation, followed by a linear layer.

    Parameters
    ----------
    {regression_loss}
    {resnet}
    {activation_tanh}
    {resnet_lift}
    {training}
    {regression}
    {options}

    Attributes
    ----------
    {resnet_attributes}
    {training_attributes}

    See Also
    --------
    ResNetClassifier : The classifier.
    ScratchMLPRegressor : Without skip connections.

    References
    ----------
    He, Zhang, Ren and Sun (2016). Deep residual learning for image recognition. CVPR.

    Haber and Ruthotto (2017). Stable architectures for deep neural networks. Inverse
    Problems 34.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch import ResNetRegressor
    >>> X = np.linspace(-3, 3, 200)[:, None]
    >>> model = ResNetRegressor(n_layers=10, width=8, random_state=0)
    >>> bool(model.fit(X, np.sin(2 * X[:, 0])).score(X, np.sin(2 * X[:, 0])) > 0.95)
    True
    """

    _parameter_constraints: dict = {**RESNET_CONSTRAINTS, **REGRESSOR_CONSTRAINTS}

    def __init__(
        self,
        loss: str = "squared_error",
        n_layers: int = 20,
        step_size: float | str = "auto",
        width: int | None = None,
        activation: str | Activation = "tanh",
        *,
        lift: str = "linear",
        tie_weights: bool = False,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.01,
        power_t: float = 0.5,
        max_iter: int = 500,
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
        n_iter_no_change: float = 20,
        max_fun: int = 15000,
        quantile: float | None = None,
        huber_delta: float = 1.0,
        init: str = "glorot_uniform",
        init_scale: float = 0.1,
        coefs_init: Sequence[ArrayLike] | None = None,
        intercepts_init: Sequence[ArrayLike] | None = None,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        weight_decay: float = 0.01,
        warmup_fraction: float = 0.0,
        clip_norm: float | None = None,
        weight_averaging: float | None = None,
        scoring: Scoring = None,
        dtype: str | None = None,
    ) -> None:
        store_parameters(self, locals())
