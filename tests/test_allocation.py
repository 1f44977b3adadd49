"""A training step allocates no array: the traced peak of warm steps says so."""

import tracemalloc

import numpy as np
import pytest

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor, _training
from sknn_scratch._activations import ACTIVATIONS, ReLU
from sknn_scratch._optimizers import OPTIMIZERS
from sknn_scratch._parameters import REGRESSION_LOSSES

#: NumPy's ufuncs may buffer 8192 entries of an operand whose type they convert.
TWO_BUFFERS = 2 * 8192 * 8
#: One batch's activations are far above: 2 x 400 x 200 float64.
BATCH, UNITS = 400, 200


def peaks(monkeypatch, estimator, n_outputs=3):
    """The traced peak, above its start, of each epoch of a fit."""
    found = []
    run_epoch = _training.run_epoch

    def traced(*args):
        tracemalloc.reset_peak()
        start = tracemalloc.get_traced_memory()[0]
        loss = run_epoch(*args)
        found.append(tracemalloc.get_traced_memory()[1] - start)
        return loss

    monkeypatch.setattr(_training, "run_epoch", traced)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2 * BATCH, 30))
    y = rng.integers(n_outputs, size=2 * BATCH) + 1
    weight = rng.random(2 * BATCH)
    tracemalloc.start()
    try:
        with np.errstate(all="ignore"):
            estimator.set_params(
                hidden_layer_sizes=(UNITS, UNITS), batch_size=BATCH, max_iter=4
            )
            estimator.set_params(random_state=0, n_iter_no_change=10)
            with pytest.warns(UserWarning, match="Maximum iterations"):
                estimator.fit(X, y, weight)
    finally:
        tracemalloc.stop()
    return found


def assert_steps_allocate_nothing(found):
    assert max(found[1:]) < TWO_BUFFERS < BATCH * UNITS * 8 / 4
    # Bookkeeping of the interpreter: a few boxed floats either way.
    assert found[2] <= found[1] + 1024


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(monkeypatch, activation):
    model = ScratchMLPClassifier(activation=activation)
    assert_steps_allocate_nothing(peaks(monkeypatch, model))


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_optimizers(monkeypatch, solver):
    model = ScratchMLPClassifier(solver=solver, learning_rate_init=1e-4)
    assert_steps_allocate_nothing(peaks(monkeypatch, model))


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_regression_losses(monkeypatch, loss):
    model = ScratchMLPRegressor(loss=loss, quantile=0.5)
    assert_steps_allocate_nothing(peaks(monkeypatch, model))


@pytest.mark.parametrize("n_classes", [2, 5])
@pytest.mark.parametrize("loss", ["log_loss", "focal", "squared_error"])
def test_classification_losses(monkeypatch, loss, n_classes):
    model = ScratchMLPClassifier(loss=loss)
    assert_steps_allocate_nothing(peaks(monkeypatch, model, n_classes))


@pytest.mark.parametrize(
    "options",
    [
        {"dropout": 0.3, "input_dropout": 0.1},
        {"clip_norm": 1.0},
        {"weight_averaging": 0.9},
        {"learning_rate": "cosine"},
        {"label_smoothing": 0.1},
        {"alpha": 0.0},
        {"shuffle": False},
    ],
    ids=lambda options: next(iter(options)),
)
def test_options(monkeypatch, options):
    model = ScratchMLPClassifier(**options)
    assert_steps_allocate_nothing(peaks(monkeypatch, model))


def test_the_control_a_naive_relu_is_seen(monkeypatch):
    class Naive(ReLU):
        def forward(self, z, s=None):
            z[...] = np.where(z > 0, z, 0)

    found = peaks(monkeypatch, ScratchMLPClassifier(activation=Naive()))
    assert min(found) > TWO_BUFFERS
