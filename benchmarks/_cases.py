"""The cases, one line each, in ``TABLES``."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks import _floor, _pytorch
from benchmarks._cluster import CLUSTER_TABLE
from benchmarks._differential import DIFFERENTIAL, Accuracies
from benchmarks._measure import timed
from benchmarks._searches import SEARCHES
from benchmarks._table import Table
from sknn_scratch import (
    ConvNetClassifier,
    ResNetClassifier,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)


@dataclass(frozen=True)
class Net:
    """A net, its batches, and random data to train it on."""

    sizes: tuple  # inputs, hidden units ..., outputs
    batch: int
    rows: int
    n_classes: int = 0  # 0: regression

    @property
    def name(self):
        return f"{'-'.join(map(str, self.sizes))}, batch {self.batch}"

    def data(self, dtype, rows=None):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((rows or self.rows, self.sizes[0])).astype(dtype)
        if self.n_classes:
            return X, rng.integers(self.n_classes, size=len(X))
        return X, 1 + np.abs(X[:, 0])

    def models(self, epochs, **parameters):
        """Scikit-learn's estimator and ours, to train for that many epochs."""
        common = {
            "hidden_layer_sizes": self.sizes[1:-1],
            "batch_size": self.batch,
            "max_iter": epochs,
            "n_iter_no_change": epochs,
            "random_state": 0,
            **parameters,
        }
        if self.n_classes:
            return MLPClassifier(**common), ScratchMLPClassifier(**common)
        return MLPRegressor(**common), ScratchMLPRegressor(**common)


NETS = [
    Net((2, 20, 40, 20, 1), 10, 1000, n_classes=2),
    Net((64, 50, 10), 100, 2000, n_classes=10),
    Net((20, 100, 100, 1), 200, 4000),
    Net((784, 100, 10), 200, 6000, n_classes=10),
    Net((784, 512, 512, 10), 256, 2560, n_classes=10),
]
DIGITS, NUMBERS = NETS[1], NETS[2]


@dataclass(frozen=True)
class Fit:
    """A net trained with Adam by everyone, and its matrix products alone."""

    net: Net
    epochs: int

    @property
    def name(self):
        return self.net.name

    def runs(self, how):
        net = self.net
        epochs, rows = how.many(self.epochs), how.many(net.rows, 2 * net.batch)
        X, y = net.data(how.dtype, rows)
        theirs, ours = net.models(epochs)
        steps = epochs * -(-rows // net.batch)
        runs = {
            "sklearn": lambda: timed(theirs.fit, X, y) / steps,
            "ours": lambda: timed(ours.fit, X, y) / steps,
            "floor": partial(_floor.seconds, net.sizes, net.batch, steps, how.dtype),
        }
        if _pytorch.torch:
            torch = partial(_pytorch.seconds, net.sizes, X, y, net.batch, epochs)
            runs["torch"] = lambda: torch(bool(net.n_classes)) / steps
        return runs


@dataclass(frozen=True)
class ResNet:
    """A residual network, a plain one of the same shapes, and PyTorch's."""

    n_layers: int
    width: int
    batch: int

    @property
    def name(self):
        return f"K = {self.n_layers}, width {self.width}, batch {self.batch}"

    def runs(self, how):
        K, width, batch = self.n_layers, self.width, self.batch
        sizes = (*(width,) * (K + 1), 10)
        epochs, n_batches = how.many(10), how.many(10, 2)
        steps = epochs * n_batches
        X, y = Net(sizes, batch, batch * n_batches, n_classes=10).data(how.dtype)
        common = {"batch_size": batch, "max_iter": epochs, "random_state": 0}
        resnet = ResNetClassifier(K, **common)
        mlp = ScratchMLPClassifier((width,) * K, "tanh", **common)
        runs = {
            "ours": lambda: timed(resnet.fit, X, y) / steps,
            "MLP": lambda: timed(mlp.fit, X, y) / steps,
        }
        if _pytorch.torch:
            torch = partial(_pytorch.seconds, sizes, X, y, batch, epochs, True)
            runs["torch"] = lambda: torch(_pytorch.residual) / steps
        return runs


@dataclass(frozen=True)
class ConvNet:
    """A convolutional network on images of 28 x 28, PyTorch's, and its products."""

    filters: tuple
    kernel_size: int
    n_hidden: int
    batch: int = 100

    @property
    def name(self):
        filters, k = " and ".join(map(str, self.filters)), self.kernel_size
        return f"{filters} filters of {k} x {k}, {self.n_hidden} units"

    def runs(self, how):
        epochs, n_batches = how.many(3), how.many(10, 2)
        steps, batch = epochs * n_batches, self.batch
        rng = np.random.default_rng(0)
        X = rng.random((batch * n_batches, 28, 28)).astype(how.dtype)
        y = rng.integers(10, size=len(X))
        ours = ConvNetClassifier(
            self.filters,
            self.kernel_size,
            (self.n_hidden,),
            batch_size=batch,
            max_iter=epochs,
            n_iter_no_change=epochs,
            random_state=0,
        )
        convolutions, n_channels, side = [], 1, 28
        for n in self.filters:
            convolutions.append((side**2, self.kernel_size**2 * n_channels, n))
            n_channels, side = n, side // 2
        sizes = side**2 * n_channels, self.n_hidden, 10
        runs = {
            "ours": lambda: timed(ours.fit, X, y) / steps,
            "floor": partial(
                _floor.of_images, convolutions, sizes, batch, steps, how.dtype
            ),
        }
        if _pytorch.torch:
            net = partial(_pytorch.convolutional, self.filters, self.kernel_size)
            images = X[:, None]
            torch = partial(_pytorch.of_images, net, sizes, images, y, batch, epochs)
            runs["torch"] = lambda: torch() / steps
        return runs


def dense(net, dtype):
    """X, y and what else fit is given; so are the others."""
    return *net.data(dtype), {}


def weighted(net, dtype):
    X, y = net.data(dtype)
    weight = np.random.default_rng(1).random(len(y)).astype(dtype)
    return X, y, {"sample_weight": weight}


def few_rows(net, dtype):
    return *net.data(dtype, net.batch), {}


def multilabel(net, dtype):
    X, y = net.data(dtype)
    return X, np.eye(net.n_classes, dtype=int)[y], {}


def csr(net, dtype):
    X = sparse.random_array((2000, 2000), density=0.02, dtype=dtype, rng=0)
    return X.tocsr(), net.data(dtype, 2000)[1], {}


def csc(net, dtype):
    X, y, _ = csr(net, dtype)
    return X.tocsc(), y, {}


def validated(net, dtype):
    X, y = net.data(dtype)
    return X, y, {"X_val": X[:200], "y_val": y[:200]}


@dataclass(frozen=True)
class Setting:
    """A setting that scikit-learn has too."""

    name: str
    parameters: dict = field(default_factory=dict)
    data: Callable = dense
    net: Net = DIGITS
    epochs: int = 20

    def runs(self, how):
        X, y, kwargs = self.data(self.net, how.dtype)
        return {
            name: how.repeated(model.fit, X, y, **kwargs)
            for name, model in self.models(how)
        }

    def models(self, how):
        theirs, ours = self.net.models(self.epochs, **self.parameters)
        max_iter = how.many(ours.max_iter)
        return [
            (name, model.set_params(max_iter=max_iter))
            for name, model in (("sklearn", theirs), ("ours", ours))
        ]


@dataclass(frozen=True)
class PartialFit(Setting):
    """A call of partial_fit, the first one past."""

    def runs(self, how):
        X, y, kwargs = self.data(self.net, how.dtype)
        return {
            name: how.repeated(model.fit(X, y).partial_fit, X, y, **kwargs)
            for name, model in self.models(how)
        }


SETTINGS = [
    Setting("solver='sgd'", {"solver": "sgd"}),
    Setting("sgd, invscaling", {"solver": "sgd", "learning_rate": "invscaling"}),
    Setting("solver='lbfgs'", {"solver": "lbfgs", "max_iter": 60}),
    Setting("early_stopping=True", {"early_stopping": True}),
    Setting("shuffle=False", {"shuffle": False}),
    Setting("activation='identity'", {"activation": "identity"}),
    Setting("activation='tanh'", {"activation": "tanh"}),
    Setting("activation='logistic'", {"activation": "logistic"}),
    Setting("hidden_layer_sizes=()", {"hidden_layer_sizes": ()}),
    Setting("sample weights", data=weighted),
    Setting("multilabel", data=multilabel),
    Setting("CSR input", data=csr, epochs=5),
    Setting("CSC input", data=csc, epochs=5),
    Setting("CSR input, lbfgs", {"solver": "lbfgs", "max_iter": 20}, csr),
    Setting("one step", data=few_rows, epochs=1),
    PartialFit("partial_fit, one step", data=few_rows, epochs=1),
    Setting("regression, loss='squared_error'", net=NUMBERS),
    Setting("regression, loss='poisson'", {"loss": "poisson"}, net=NUMBERS),
]


@dataclass(frozen=True)
class Prediction:
    """A prediction of so many rows."""

    net: Net
    method: str
    rows: int

    @property
    def name(self):
        sizes = "-".join(map(str, self.net.sizes))
        return f"{sizes}: {self.method}, {self.rows:,} row{'s'[: self.rows > 1]}"

    def runs(self, how):
        X, _ = self.net.data(how.dtype, how.many(self.rows, 100))
        train = self.net.data(how.dtype, 500)
        return {
            name: how.repeated(getattr(model.fit(*train), self.method), X)
            for name, model in zip(("sklearn", "ours"), self.net.models(1), strict=True)
        }


PREDICTIONS = [
    Prediction(net, method, rows)
    for net in NETS
    for method in ("predict", "predict_proba")[: 2 if net.n_classes else 1]
    for rows in (1, 100, 10_000)
]


@dataclass(frozen=True)
class Option:
    """An option that scikit-learn lacks, beside our own fit without it."""

    parameters: dict
    net: Net = DIGITS
    data: Callable = dense

    @property
    def name(self):
        names = [f"{key}={value!r}" for key, value in self.parameters.items()]
        return ", ".join(names) or "X_val, y_val"

    def runs(self, how):
        X, y, kwargs = self.data(self.net, how.dtype)
        plain = self.net.models(how.many(20))[1]
        model = clone(plain).set_params(**self.parameters)
        return {
            "with": how.repeated(model.fit, X, y, **kwargs),
            "without": how.repeated(plain.fit, X, y),
        }


OPTIONS = [
    Option({"dropout": 0.2}),
    Option({"input_dropout": 0.2}),
    Option({"activation": "leaky_relu"}),
    Option({"activation": "elu"}),
    Option({"activation": "selu"}),
    Option({"activation": "gelu"}),
    Option({"activation": "silu"}),
    Option({"activation": "mish"}),
    Option({"activation": "softplus"}),
    Option({"loss": "squared_error"}),
    Option({"loss": "focal"}),
    Option({"label_smoothing": 0.1}),
    Option({"class_weight": "balanced"}),
    Option({"solver": "adamw"}),
    Option({"solver": "nadam"}),
    Option({"solver": "rmsprop"}),
    Option({"learning_rate": "cosine"}),
    Option({"learning_rate": "linear"}),
    Option({"learning_rate": "one_cycle"}),
    Option({"learning_rate": "cosine", "warmup_fraction": 0.1}),
    Option({"clip_norm": 1.0}),
    Option({"weight_averaging": 0.99}),
    Option({"init": "he_normal"}),
    Option({"init": "orthogonal"}),
    Option({"dtype": "float32"}),
    Option({"early_stopping": True, "scoring": "loss"}),
    Option({"early_stopping": True, "scoring": "balanced_accuracy"}),
    Option({}, data=validated),
    Option({"loss": "absolute_error"}, NUMBERS),
    Option({"loss": "huber"}, NUMBERS),
    Option({"loss": "quantile", "quantile": 0.5}, NUMBERS),
    Option({"loss": "poisson"}, NUMBERS),
    Option({"loss": "gamma"}, NUMBERS),
]

OURS_SKLEARN = (("ours", "sklearn"),)
TABLES = {
    "fits": Table(
        "Fits",
        "microseconds",
        "a step",
        ("sklearn", "torch", "ours", "floor"),
        (*OURS_SKLEARN, ("ours", "torch"), ("ours", "floor")),
        [Fit(net, e) for net, e in zip(NETS, (15, 80, 75, 8, 4), strict=True)],
    ),
    "resnets": Table(
        "Residual networks and plain ones of the same shapes",
        "microseconds",
        "a step",
        ("MLP", "torch", "ours"),
        (("ours", "MLP"), ("ours", "torch")),
        [ResNet(20, 64, 200), ResNet(100, 16, 100), ResNet(20, 2, 100)],
    ),
    "images": Table(
        "Convolutional networks on images of 28 x 28, batch 100",
        "milliseconds",
        "a step",
        ("torch", "ours", "floor"),
        (("ours", "torch"), ("ours", "floor")),
        [ConvNet((10,), 3, 50), ConvNet((16, 32), 5, 100)],
    ),
    "settings": Table(
        "Settings that scikit-learn has too, 64-50-10 (regression: 20-100-100-1)",
        "milliseconds",
        "a fit",
        ("sklearn", "ours"),
        OURS_SKLEARN,
        SETTINGS,
    ),
    "predictions": Table(
        "Predictions",
        "milliseconds",
        "a call",
        ("sklearn", "ours"),
        OURS_SKLEARN,
        PREDICTIONS,
    ),
    "searches": Table(
        "Searches over learning rate and penalty, and repeats",
        "seconds",
        "all fits",
        ("sklearn", "one by one", "ours"),
        (*OURS_SKLEARN, ("ours", "one by one")),
        SEARCHES,
        rounds=3,
    ),
    "options": Table(
        "Options of our own, 64-50-10 (losses of regressors: 20-100-100-1)",
        "milliseconds",
        "a fit",
        ("without", "with"),
        (("with", "without"),),
        OPTIONS,
    ),
    "cluster": CLUSTER_TABLE,
    "differential": Accuracies(
        "Differential equations by trial solutions", DIFFERENTIAL
    ),
}
