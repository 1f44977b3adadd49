"""The convolutional networks: their layers, parameters and images.

Filters slide over an image, the same weights at every place; pooling makes the maps
smaller; dense layers read what is left. LeCun, Bottou, Bengio and Haffner (1998).
"""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils._param_validation import Interval, StrOptions

from sknn_scratch._estimators.classifier import NeuralClassifier
from sknn_scratch._estimators.docstrings import documented
from sknn_scratch._estimators.images import (
    ImageInput,
    for_each_convolution,
    is_size,
    pair,
)
from sknn_scratch._estimators.parameters import (
    CLASSIFIER_CONSTRAINTS,
    REGRESSOR_CONSTRAINTS,
    TRAINING_CONSTRAINTS,
    Choices,
    as_list,
    dropout_rates,
    for_each_layer,
    hidden_sizes,
    store_parameters,
)
from sknn_scratch._estimators.regressor import NeuralRegressor
from sknn_scratch._nn.activations import ACTIVATIONS, resolve
from sknn_scratch._nn.arrays import for_blas
from sknn_scratch._nn.layers import (
    POOLINGS,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Layer,
    Room,
    Unflatten,
)
from sknn_scratch._nn.layers.images import pixels_of
from sknn_scratch._types import (
    ActivationLike,
    ClassWeight,
    MatrixLike,
    PerLayer,
    RandomState,
    Scoring,
)

_SIZES = [Interval(Integral, 1, None, closed="left"), "array-like"]
CONVNET_CONSTRAINTS: dict = {
    "filters": _SIZES,
    "kernel_size": _SIZES,
    "hidden_layer_sizes": _SIZES,
    "image_shape": ["array-like", None],
    "stride": _SIZES,
    "padding": [StrOptions({"same", "valid"})],
    "pool_size": _SIZES,
    "pooling": [Choices(POOLINGS), None],
    **TRAINING_CONSTRAINTS,
    "activation": [*TRAINING_CONSTRAINTS["activation"], list, tuple],
}
#: Images at a time whose feature maps are computed.
MAPS_OF = 64


class ConvolutionalNetwork(ImageInput):
    """The architecture that the two ConvNets share."""

    filters: Any
    kernel_size: Any
    hidden_layer_sizes: Any
    stride: Any
    padding: str
    pool_size: Any
    pooling: str | None
    activation: Any
    dropout: Any
    input_dropout: float

    # ---- layers ------------------------------------------------------------------

    def _n_filters(self):
        filters = as_list(self.filters)
        filters = [self.filters] if filters is None else filters
        if not filters or not all(map(is_size, filters)):
            raise ValueError(
                "filters must be integers of at least 1, one for each convolution, got "
                f"{self.filters!r}. Without convolutions it is a ScratchMLPClassifier "
                "or ScratchMLPRegressor."
            )
        return [int(n) for n in filters]

    def _build_layers(self, n_in, n_out):
        filters, sizes = self._n_filters(), hidden_sizes(self.hidden_layer_sizes)
        n_layers = len(filters) + len(sizes)
        counted = "convolutions and hidden layers"
        names = for_each_layer(self.activation, "activation", n_layers, counted)
        functions = [resolve(f) for f in names]
        rates = dropout_rates(self.dropout, self.input_dropout, n_layers, counted)
        convolutions = self._convolutions(filters, functions)
        shape = convolutions[-1].out_shape
        dense = [
            Dense(*size, f)
            for size, f in zip(
                pairwise([int(np.prod(shape)), *sizes, n_out]),
                [*functions[len(filters) :], ACTIVATIONS["identity"]],
                strict=True,
            )
        ]
        # The last layer leaves the link to the loss.
        dense[-1].drawn_as = functions[-1]
        before, *rates = rates
        layers: list[Layer] = [Dropout(n_in, before)] if before else []
        layers.append(Unflatten(self.image_shape_))
        for layer in [*convolutions, *dense]:
            if layer is dense[0]:
                layers.append(Flatten(shape))
            layers.append(layer)
            if rates and (rate := rates.pop(0)):
                is_image = isinstance(layer, Convolution)
                layers.append(Dropout(layer.n_out, rate, columns=is_image))
        return layers

    def _convolutions(self, filters, functions):
        """The convolutions; an error says where there is nothing left."""
        image_shape = shape = self.image_shape_
        n = len(filters)
        kernels, strides, pools = (
            [
                pair(value, shape)
                for value in for_each_convolution(getattr(self, name), name, n)
            ]
            for name in ("kernel_size", "stride", "pool_size")
        )
        layers: list[Convolution] = []
        for k in range(n):
            kernel, stride, pool = kernels[k], strides[k], pools[k]
            if self.padding == "valid" and any(map(int.__gt__, kernel, shape)):
                raise ValueError(
                    f"The kernel of convolution {k + 1}, {kernel}, is larger than its "
                    f"input of {shape[:2]}, which padding='valid' does not pad. Use "
                    "padding='same', or a smaller kernel_size, stride or pool_size."
                )
            parts = shape, filters[k], kernel, functions[k], stride, self.padding
            layer = Convolution(*parts)
            if self.pooling is not None and pool != (1, 1):
                maps = layer.z_shape[:2]
                if any(map(int.__gt__, pool, maps)):
                    raise ValueError(
                        f"Pooling by {pool} after convolution {k + 1} leaves nothing "
                        f"of its maps of {maps}; the images are {image_shape[:2]}. Use "
                        "a smaller pool_size (a list has one for each convolution, 1 "
                        "is none), or fewer convolutions."
                    )
                layer = Convolution(*parts, POOLINGS[self.pooling], pool)
            layers.append(layer)
            shape = layer.out_shape
        return layers

    # ---- feature maps ------------------------------------------------------------

    def feature_maps(self, X: MatrixLike) -> list[np.ndarray]:
        """Compute what images become, convolution by convolution.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or those of images
            Images, as ``fit`` takes them.

        Returns
        -------
        list of ndarray of shape (n_samples, height, width, filters)
            For each convolution its maps f(z); if they are pooled, the pooled ones
            follow.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        X, network = self._rows(X)
        X = X if isinstance(X, np.ndarray) else X.toarray()
        X = for_blas(X.astype(network.dtype, copy=False))
        parts = [
            self._maps_of(X[start : start + MAPS_OF], network)
            for start in range(0, len(X), MAPS_OF)
        ]
        return [np.concatenate(maps) for maps in zip(*parts, strict=True)]

    def _pools(self):
        """Whether each convolution's maps are pooled."""
        layers = self._network.layers
        return [bool(e.pool) for e in layers if isinstance(e, Convolution)]

    @staticmethod
    def _maps_of(x, network):
        maps, room = [], Room(len(x), network.dtype)
        for layer in network.prediction_layers:
            if isinstance(layer, Convolution):
                steps = (
                    [layer] if layer.pool is None else [layer.without_pooling(), layer]
                )
                for step in steps:
                    pixels = pixels_of(step.planned(room).forward(x), step.out_shape)
                    maps.append(np.moveaxis(pixels, (-1, -3), (0, -1)).copy())
            elif not isinstance(layer, Unflatten):
                return maps
            x = layer.planned(room).forward(x)
        return maps


@documented
class ConvNetClassifier(ConvolutionalNetwork, NeuralClassifier):
    """Convolutional network classifier, for images and for sequences.

    Convolutions with their activation and pooling, then dense layers. X holds images
    as they are, (n_samples, height, width) or (n_samples, height, width, channels), or
    as rows of pixels, channels last. With the defaults it is a network of ten filters
    of 3 x 3, maxima of 2 x 2, and 50 hidden units. In float32 it takes half the time:
    ``dtype="float32"``.

    Parameters
    ----------
    {convnet}
    {activation_convnet}
    {convnet_pooling}
    {training}
    {classification}
    {options}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels, in the order of the columns of ``predict_proba``.
    {convnet_attributes}
    {training_attributes}

    See Also
    --------
    ConvNetRegressor : The regressor.
    ScratchMLPClassifier : Without convolutions.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998). Gradient-based learning applied to
    document recognition. Proceedings of the IEEE 86.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn_scratch import ConvNetClassifier
    >>> digits = load_digits()
    >>> X, y = digits.images / 16, digits.target  # (1797, 8, 8)
    >>> model = ConvNetClassifier(
    ...     learning_rate_init=0.01, tol=1e-3, dtype="float32", random_state=0)
    >>> bool(model.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.93)
    True
    >>> model.coefs_[0].shape, [maps.shape for maps in model.feature_maps(X[:5])]
    ((3, 3, 1, 10), [(5, 8, 8, 10), (5, 4, 4, 10)])
    """

    _parameter_constraints: dict = {**CONVNET_CONSTRAINTS, **CLASSIFIER_CONSTRAINTS}

    def __init__(
        self,
        filters: int | Sequence[int] | np.ndarray = (10,),
        kernel_size: int | Sequence[Any] = 3,
        hidden_layer_sizes: int | Sequence[int] | np.ndarray = (50,),
        activation: ActivationLike = "relu",
        *,
        image_shape: Sequence[int] | None = None,
        stride: int | Sequence[Any] = 1,
        padding: str = "same",
        pool_size: int | Sequence[Any] = 2,
        pooling: str | None = "max",
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
class ConvNetRegressor(ConvolutionalNetwork, NeuralRegressor):
    """Convolutional network regressor, for images and for sequences.

    Convolutions with their activation and pooling, then dense layers. X holds images
    as they are, (n_samples, height, width) or (n_samples, height, width, channels), or
    as rows of pixels, channels last; a row whose length is no square is a sequence,
    and the convolutions are one-dimensional. In float32 it takes half the time:
    ``dtype="float32"``.

    Parameters
    ----------
    {regression_loss}
    {convnet}
    {activation_convnet}
    {convnet_pooling}
    {training}
    {regression}
    {options}

    Attributes
    ----------
    {convnet_attributes}
    {training_attributes}

    See Also
    --------
    ConvNetClassifier : The classifier.
    ScratchMLPRegressor : Without convolutions.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998). Gradient-based learning applied to
    document recognition. Proceedings of the IEEE 86.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch import ConvNetRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = np.sin(rng.uniform(1, 3, (500, 1)) * np.arange(30)
    ...            + rng.uniform(0, 6, (500, 1)))  # waves of different lengths
    >>> y = (X[:, 1:] * X[:, :-1] < 0).sum(axis=1) / 10  # how often they cross zero
    >>> model = ConvNetRegressor(
    ...     image_shape=(1, 30), kernel_size=5, learning_rate_init=0.01, random_state=0)
    >>> bool(model.fit(X[:400], y[:400]).score(X[400:], y[400:]) > 0.9)
    True
    """

    _parameter_constraints: dict = {**CONVNET_CONSTRAINTS, **REGRESSOR_CONSTRAINTS}

    def __init__(
        self,
        loss: str = "squared_error",
        filters: int | Sequence[int] | np.ndarray = (10,),
        kernel_size: int | Sequence[Any] = 3,
        hidden_layer_sizes: int | Sequence[int] | np.ndarray = (50,),
        activation: ActivationLike = "relu",
        *,
        image_shape: Sequence[int] | None = None,
        stride: int | Sequence[Any] = 1,
        padding: str = "same",
        pool_size: int | Sequence[Any] = 2,
        pooling: str | None = "max",
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
