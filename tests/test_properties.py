"""Whatever the data: finite predictions of the right shape and dtype, or an error."""

import itertools
import re
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from sknn_scratch import (
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)
from sknn_scratch._estimators.solvers import SOLVERS
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.initializers import INITIALIZERS
from sknn_scratch._nn.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from sknn_scratch._training.schedules import SCHEDULES
from sknn_scratch.preprocessing import WhiteningTransformer

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

FOLDER = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
NUMBERS = itertools.count()

#: What a fit or a prediction may answer instead. Nothing else may be raised.
DOCUMENTED = re.compile(
    "|".join(
        [
            "Solver produced non-finite parameter weights",
            "The network's output is not finite",
            "value too large for dtype",
            "The validation set is too small",
            "The rows of the validation set all have weight zero",
            "solver='lbfgs' ended with the loss",
            "All validation scores are NaN",
            "least populated class",
            "loss='poisson' requires y >= 0",
            "loss='gamma' requires y > 0",
            "needs data of full rank",
            "while a minimum of 2 is required by WhiteningTransformer",
        ]
    )
)

MEMORY = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "columns of a wider array": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "rows backwards": lambda X: X[::-1].copy()[::-1],
    "read-only": lambda X: read_only(X),
    "memory-mapped": lambda X: memory_mapped(X),
    "CSR": lambda X: explicit_zeros(sparse.csr_array(X)),
    "CSC": lambda X: sparse.csc_array(X),
    "COO": lambda X: sparse.coo_array(X),
}


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def memory_mapped(X):
    path = Path(FOLDER.name) / f"{next(NUMBERS)}.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


def explicit_zeros(X):
    X.data[::3] = 0
    return X


@st.composite
def features(draw, dtypes=("float32", "float64", "int64", "bool")):
    """X of any shape, scale, rank, dtype and memory layout."""
    n, p = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    X = rng.standard_normal((n, p))
    if draw(st.booleans()):
        X[:, 0] = 3.0  # a constant column
    if draw(st.booleans()):
        X[:, -1] = X[:, 0]  # a duplicated one
    if draw(st.booleans()):
        X[rng.random((n, p)) < 0.5] = 0
    if dtype.kind == "f":
        X *= 10.0 ** draw(st.sampled_from([0, 0, -30, -8, 8, 30]))
    else:
        X *= 3
    return MEMORY[draw(st.sampled_from(list(MEMORY)))](X.astype(dtype))


def labels(draw, n):
    """Classes of any kind, one or as many as there are rows."""
    k = draw(st.sampled_from([1, 2, 3, n]))
    codes = np.arange(n) % k
    return draw(
        st.sampled_from(
            [
                codes,
                codes.astype("int8"),
                codes.astype(float),
                codes > 0,
                codes.astype(str),
                np.array([f"class {c}" for c in codes], dtype=object),
            ]
        )
    )


def weights(draw, n):
    kind = draw(st.sampled_from(["none", "ones", "some zeros", "large"]))
    values = {
        "none": None,
        "ones": np.ones(n),
        "some zeros": np.r_[1.0, np.arange(n - 1) % 2],
        "large": np.full(n, 1e6),
    }
    return values[kind]


def settings(draw, losses, activations=tuple(ACTIVATIONS)):
    solver = draw(st.sampled_from(list(SOLVERS)))
    chosen = {
        "solver": solver,
        "loss": draw(st.sampled_from(losses)),
        "activation": draw(st.sampled_from(activations)),
        "init": draw(st.sampled_from(list(INITIALIZERS))),
        "alpha": draw(st.sampled_from([0.0, 1e-4, 10.0])),
        "dtype": draw(st.sampled_from([None, "float32", "float64"])),
        "max_iter": 3,
        "random_state": draw(st.integers(0, 5)),
    }
    if chosen["loss"] == "quantile":
        chosen["quantile"] = 0.3
    if solver != "lbfgs":
        chosen |= {
            "batch_size": draw(st.sampled_from(["auto", 1, 3])),
            "learning_rate": draw(st.sampled_from(list(SCHEDULES))),
            "learning_rate_init": draw(st.sampled_from([1e-3, 0.1])),
            "dropout": draw(st.sampled_from([0.0, 0.5])),
            "input_dropout": draw(st.sampled_from([0.0, 0.3])),
            "clip_norm": draw(st.sampled_from([None, 1.0])),
            "weight_averaging": draw(st.sampled_from([None, 0.9])),
            "early_stopping": draw(st.booleans()),
        }
    return chosen


def built(cls, chosen):
    known = cls().get_params()
    return cls(**{name: value for name, value in chosen.items() if name in known})


def fitted_or_documented(fit):
    """What ``fit`` returns, or None after one of the documented errors."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # overflow and early ends are to be expected
        try:
            return fit()
        except ValueError as error:
            if DOCUMENTED.search(str(error)):
                return None
            raise


def wanted_dtype(X, dtype):
    if dtype is not None:
        return np.dtype(dtype)
    return np.dtype("float32" if X.dtype == np.float32 else "float64")


@hypothesis.given(st.data())
@pytest.mark.parametrize("cls", [ScratchMLPClassifier, ResNetClassifier])
def test_classifiers(cls, data):
    X = data.draw(features())
    y = labels(data.draw, X.shape[0])
    chosen = settings(data.draw, CLASSIFICATION_LOSSES)
    chosen["label_smoothing"] = data.draw(st.sampled_from([0.0, 0.1]))
    chosen["class_weight"] = data.draw(st.sampled_from([None, "balanced"]))
    weight = weights(data.draw, X.shape[0])

    def fit():
        model = built(cls, chosen).fit(X, y, weight)
        return model, model.predict_proba(X), model.predict(X)

    result = fitted_or_documented(fit)
    if result is None:
        return
    model, probabilities, predicted = result
    n, classes = X.shape[0], np.unique(y)
    assert probabilities.shape == (n, len(classes))
    assert probabilities.dtype == wanted_dtype(X, chosen["dtype"])
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert predicted.shape == (n,)
    assert predicted.dtype == model.classes_.dtype  # as scikit-learn: str for objects
    assert y.dtype in (predicted.dtype, object)
    np.testing.assert_array_equal(model.classes_, classes)
    assert set(predicted) <= set(classes)


@hypothesis.given(st.data())
@pytest.mark.parametrize("cls", [ScratchMLPRegressor, ResNetRegressor])
def test_regressors(cls, data):
    X = data.draw(features())
    n = X.shape[0]
    k = data.draw(st.sampled_from([0, 1, 3]))
    rng = np.random.default_rng(0)
    y = rng.standard_normal((n, k) if k else n)
    y *= 10.0 ** data.draw(st.sampled_from([0, 0, -30, 8, 30]))
    if data.draw(st.booleans()):
        y = np.abs(y)
    chosen = settings(data.draw, REGRESSION_LOSSES)
    weight = weights(data.draw, n)

    def fit():
        model = built(cls, chosen).fit(X, y, weight)
        return model.predict(X)

    predicted = fitted_or_documented(fit)
    if predicted is None:
        return
    assert predicted.shape == ((n, k) if k > 1 else (n,))
    assert predicted.dtype == wanted_dtype(X, chosen["dtype"])
    assert np.isfinite(predicted).all()
    if chosen["loss"] in ("poisson", "gamma"):
        assert (predicted >= 0).all()


@hypothesis.given(st.data())
def test_partial_fit(data):
    X = data.draw(features())
    y = labels(data.draw, X.shape[0])
    chosen = settings(data.draw, CLASSIFICATION_LOSSES)
    hypothesis.assume(chosen["solver"] != "lbfgs")
    chosen["early_stopping"] = False

    def fit():
        model = built(ScratchMLPClassifier, chosen)
        for _ in range(2):
            model.partial_fit(X, y, classes=np.unique(y))
        return model.predict_proba(X)

    probabilities = fitted_or_documented(fit)
    if probabilities is not None:
        assert np.isfinite(probabilities).all()


@hypothesis.given(st.data())
def test_whitening(data):
    X = data.draw(features(dtypes=("float32", "float64")))
    hypothesis.assume(not sparse.issparse(X))
    method = data.draw(st.sampled_from(["pca", "zca", "cholesky"]))
    shrinkage = data.draw(st.sampled_from([None, 0.1, "auto"]))

    def fit():
        whitening = WhiteningTransformer(method=method, shrinkage=shrinkage).fit(X)
        return whitening, whitening.transform(X)

    result = fitted_or_documented(fit)
    if result is None:
        return
    whitening, Z = result
    assert Z.shape == (len(X), whitening._n_features_out)
    assert Z.dtype == X.dtype
    assert np.isfinite(Z).all()
