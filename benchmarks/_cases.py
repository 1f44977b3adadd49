"""The cases, one line each."""

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor


@dataclass(frozen=True)
class Fit:
    """A fit of a net on random data: the two estimators, PyTorch and the floor."""

    name: str
    sizes: tuple  # inputs, hidden units ..., outputs (1 with n_classes 0: regression)
    batch: int
    rows: int
    epochs: int
    n_classes: int = 0
    parameters: dict = field(default_factory=dict)

    @property
    def estimators(self):
        if self.n_classes:
            return MLPClassifier, ScratchMLPClassifier
        return MLPRegressor, ScratchMLPRegressor

    def data(self, dtype):
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.rows, self.sizes[0])).astype(dtype)
        if self.n_classes:
            return X, rng.integers(self.n_classes, size=self.rows)
        return X, X[:, 0] * 2

    def models(self):
        common = {
            "hidden_layer_sizes": self.sizes[1:-1],
            "batch_size": self.batch,
            "max_iter": self.epochs,
            "n_iter_no_change": self.epochs,
            "random_state": 0,
            **self.parameters,
        }
        return [estimator(**common) for estimator in self.estimators]


FITS = [
    Fit("2-20-40-20-1, batch 10", (2, 20, 40, 20, 1), 10, 1000, 15, n_classes=2),
    Fit("64-50-10, batch 100", (64, 50, 10), 100, 1800, 80, n_classes=10),
    Fit("20-100-100-1, batch 200", (20, 100, 100, 1), 200, 2000, 60),
    Fit("784-100-10, batch 200", (784, 100, 10), 200, 6000, 8, n_classes=10),
    Fit("784-512-512-10, batch 256", (784, 512, 512, 10), 256, 2560, 4, n_classes=10),
]

#: Options of scikit-learn's own, on the 64-50-10 net.
SETTINGS = {
    "sgd": {"solver": "sgd"},
    "lbfgs": {"solver": "lbfgs", "max_iter": 60},
    "early stopping": {"early_stopping": True},
    "shuffle=False": {"shuffle": False},
    "tanh": {"activation": "tanh"},
    "logistic": {"activation": "logistic"},
    "sample weights": {},
    "sparse input": {},
    "sparse input, lbfgs": {"solver": "lbfgs", "max_iter": 30},
    "one partial_fit": {},
}

#: Options beyond scikit-learn's, on the same net; beside ours without the option.
OPTIONS = {
    "dropout=0.2": {"dropout": 0.2},
    "input_dropout=0.2": {"input_dropout": 0.2},
    "activation='leaky_relu'": {"activation": "leaky_relu"},
    "activation='elu'": {"activation": "elu"},
    "activation='selu'": {"activation": "selu"},
    "activation='gelu'": {"activation": "gelu"},
    "activation='silu'": {"activation": "silu"},
    "activation='mish'": {"activation": "mish"},
    "activation='softplus'": {"activation": "softplus"},
    "loss='squared_error'": {"loss": "squared_error"},
    "loss='focal'": {"loss": "focal"},
    "label_smoothing=0.1": {"label_smoothing": 0.1},
    "class_weight='balanced'": {"class_weight": "balanced"},
    "solver='adamw'": {"solver": "adamw"},
    "solver='nadam'": {"solver": "nadam"},
    "solver='rmsprop'": {"solver": "rmsprop"},
    "learning_rate='cosine'": {"learning_rate": "cosine"},
    "learning_rate='one_cycle'": {"learning_rate": "one_cycle"},
    "clip_norm=1": {"clip_norm": 1.0},
    "weight_averaging=0.99": {"weight_averaging": 0.99},
    "init='he_normal'": {"init": "he_normal"},
    "init='orthogonal'": {"init": "orthogonal"},
    "dtype='float32'": {"dtype": "float32"},
    "X_val": {},
    "X_val, scoring='balanced_accuracy'": {"scoring": "balanced_accuracy"},
}

#: Losses of regressors, on the 20-100-100-1 net.
REGRESSION_OPTIONS = {
    "loss='absolute_error'": {"loss": "absolute_error"},
    "loss='huber'": {"loss": "huber"},
    "loss='quantile'": {"loss": "quantile", "quantile": 0.5},
    "loss='poisson'": {"loss": "poisson"},
    "loss='gamma'": {"loss": "gamma"},
}


def setting(name, dtype):
    """A case of SETTINGS: the models, the data, the keyword arguments of fit."""
    base = FITS[1]
    fit = Fit(name, base.sizes, base.batch, base.rows, 20, 10, SETTINGS[name])
    X, y = fit.data(dtype)
    kwargs = {}
    if name == "sample weights":
        kwargs["sample_weight"] = np.random.default_rng(1).random(len(y)).astype(dtype)
    if "sparse" in name:
        X = sparse.random(2000, 2000, 0.02, "csr", dtype, random_state=0)
        y = np.random.default_rng(0).integers(10, size=2000)
    return fit.models(), X, y, kwargs
