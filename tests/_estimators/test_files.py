"""Fits on files that are mapped into memory: the same weights, without a copy."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sknn_scratch import (
    ConvNetClassifier,
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)
from sknn_scratch._estimators.files import mapped_rows
from sknn_scratch._training.mapped import MappedRows
from sknn_scratch.model_selection import repeated_fit

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.RandomState(0)
DATA = rng.randint(0, 200, (120, 16))
y = (DATA[:, 0] > 100) + 2 * (DATA[:, 1] > 100)
ESTIMATORS = [
    ScratchMLPClassifier((5,), max_iter=3, random_state=0),
    ScratchMLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0),
    ResNetClassifier(2, width=4, max_iter=3, random_state=0),
    ResNetRegressor(n_layers=2, width=4, max_iter=3, random_state=0),
    ConvNetClassifier((2,), max_iter=3, random_state=0),
]


def in_file(folder, X, order="C"):
    path = folder / "X.npy"
    np.save(path, np.asarray(X, order=order))
    return np.load(path, mmap_mode="r")


def theta(model):
    return model._network.theta


@pytest.mark.parametrize("wanted", [None, "float32", "float64"])
@pytest.mark.parametrize("dtype", ["f4", "f8", ">f4", "f2", "u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_kind_of_file(tmp_path, order, dtype, wanted):
    X = DATA.astype(dtype)
    model = clone(ESTIMATORS[0]).set_params(dtype=wanted)
    for options in ({}, {"shuffle": False}, {"early_stopping": True}):
        model.set_params(**options)
        ours = clone(model).fit(in_file(tmp_path, X, order), y)
        theirs = clone(model).fit(X, y)
        assert theta(ours).dtype == theta(theirs).dtype
        np.testing.assert_array_equal(theta(ours), theta(theirs))
        assert ours.loss_curve_ == theirs.loss_curve_


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("wanted", [None, "float64"])
def test_every_estimator(tmp_path, estimator, wanted):
    X = DATA.astype("f4") / 200
    mapped = in_file(tmp_path, X)
    model = clone(estimator).set_params(dtype=wanted)
    ours, theirs = clone(model).fit(mapped, y), clone(model).fit(X, y)
    for each, rows in ((ours, mapped), (theirs, X)):
        each.partial_fit(rows, y)
    np.testing.assert_array_equal(theta(ours), theta(theirs))
    np.testing.assert_array_equal(ours.predict(mapped), theirs.predict(X))


def test_images_of_bytes(tmp_path):
    X = DATA.astype("u1").reshape(-1, 4, 4)
    model = ESTIMATORS[-1]
    ours = clone(model).fit(in_file(tmp_path, X), y)
    np.testing.assert_array_equal(theta(ours), theta(clone(model).fit(X, y)))


def test_lbfgs_and_a_validation_set(tmp_path):
    mapped, X = in_file(tmp_path, DATA), DATA.astype(float)
    model = clone(ESTIMATORS[0])
    lbfgs = clone(model).set_params(solver="lbfgs")
    ours, theirs = clone(lbfgs).fit(mapped, y), clone(lbfgs).fit(X, y)
    np.testing.assert_array_equal(theta(ours), theta(theirs))
    ours = clone(model).fit(mapped, y, X_val=mapped[:20], y_val=y[:20])
    theirs = clone(model).fit(X, y, X_val=X[:20], y_val=y[:20])
    assert ours.validation_loss_curve_ == theirs.validation_loss_curve_


@pytest.mark.filterwarnings("ignore:overflow encountered")  # scikit-learn's, too
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_the_error_is_that_of_an_array(tmp_path, value):
    X = DATA.astype(float)
    X[77, 3] = value
    model = clone(ESTIMATORS[0]).set_params(dtype="float32")
    messages = []
    for rows in (X, in_file(tmp_path, X)):
        with pytest.raises(ValueError, match="Input X contains") as error:
            model.fit(rows, y)
        messages.append(str(error.value))
        assert not hasattr(model, "coefs_")
    assert messages[0] == messages[1]


def test_what_is_ready_is_taken_as_it_is(tmp_path):
    single = in_file(tmp_path, DATA.astype("f4"))
    both = (np.float64, np.float32)
    assert mapped_rows(single, both) is None
    assert mapped_rows(single, "float32") is None
    assert isinstance(mapped_rows(single, "float64"), MappedRows)
    assert isinstance(mapped_rows(single[:, ::2], both), MappedRows)
    assert mapped_rows(single[:, 0], "float64") is None  # scikit-learn says why
    assert mapped_rows(np.array(single), "float64") is None


def test_searches_and_repeats_on_a_file(tmp_path):
    """What joblib does with large arrays, too."""
    mapped, X = in_file(tmp_path, DATA), DATA.astype(float)
    grid = {"alpha": [1e-4, 1.0]}
    model = clone(ESTIMATORS[0])
    ours, theirs = (
        GridSearchCV(model, grid, cv=3).fit(rows, y).cv_results_["mean_test_score"]
        for rows in (mapped, X)
    )
    np.testing.assert_array_equal(ours, theirs)
    ours, theirs = (
        repeated_fit(model, rows, y, n_repeats=3, random_state=0).mean
        for rows in (mapped, X)
    )
    assert ours == theirs


LIMITED = """
import resource, sys, warnings
import numpy as np
from sknn_scratch import ScratchMLPClassifier

warnings.simplefilter("ignore")
X, y = np.load(sys.argv[1], mmap_mode="r"), np.arange(8192 * 4) % 3
for dtype in ("float32", "float64"):  # BLAS takes its own memory, once
    ScratchMLPClassifier((4,), max_iter=1, dtype=dtype).fit(X[:2000], y[:2000])
status = open("/proc/self/status").read()
(used,) = [int(line.split()[1]) for line in status.splitlines() if "VmData" in line]
room = X.nbytes // 4
limit = used * 1024 + room
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    np.array(X)
except MemoryError:
    pass
else:
    raise SystemExit("the limit does not hold")

def batches():
    for start in range(0, len(y), 500):
        yield X[start : start + 500], y[start : start + 500]

for dtype in ("float32", "float64"):
    model = ScratchMLPClassifier((4,), batch_size=500, max_iter=1, dtype=dtype)
    model.fit(X, y).partial_fit(X, y)
    assert model.predict(X).shape == y.shape
    if dtype == "float32":
        model.fit_batches(batches, buffer_size=2000)
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux limits a process's data")
def test_a_file_of_four_times_the_memory(tmp_path):
    path = tmp_path / "X.npy"
    X = np.lib.format.open_memmap(path, "w+", "float32", (8192 * 4, 1024))
    part = np.random.default_rng(0).random((8192, 1024), "float32")
    for start in range(0, len(X), 8192):
        X[start : start + 8192] = part
    del X
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, path], capture_output=True, text=True
    )
    assert result.stdout == "done\n", result.stderr[-2000:]
