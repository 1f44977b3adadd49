"""A training step allocates no array: the traced peak of warm steps says so."""

import threading
import tracemalloc
import warnings
from itertools import product

import numpy as np
import pytest
from _layers import DENSE, EXAMPLES, Planned, planned
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._nn.activations import ACTIVATIONS, ReLU
from sknn_scratch._nn.layers import Dense
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.losses import CLASSIFICATION_LOSSES, LOSSES, REGRESSION_LOSSES
from sknn_scratch._nn.network import Network, rows_at_once
from sknn_scratch._nn.plan import Plan
from sknn_scratch._training import loop
from sknn_scratch._training.optimizers import OPTIMIZERS

#: NumPy's ufuncs may buffer 8192 entries of an operand whose type they convert.
TWO_BUFFERS = 2 * 8192 * 8
#: A batch, and one layer's activations, are far above: 400 x 200 float64, 640 kB.
BATCH, UNITS = 400, 200
SETTINGS = {"quantile": 0.5, "huber_delta": 1.0, "focal_gamma": 2.0}


def peak_of(call, *args):
    """The traced peak of a call above its start, and what it returned."""
    tracemalloc.reset_peak()
    start = tracemalloc.get_traced_memory()[0]
    answer = call(*args)
    return tracemalloc.get_traced_memory()[1] - start, answer


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    # Memory is traced in all threads: a cluster that another test left would count.
    assert "IO loop" not in {thread.name for thread in threading.enumerate()}
    # On a busy machine BLAS threads wait for each other, for ten times as long.
    with threadpool_limits(1):
        yield


@pytest.fixture
def tracing():
    tracemalloc.start()
    yield
    tracemalloc.stop()


def peaks(monkeypatch, estimator, n_outputs=3, dtype=float):
    """The traced peak, above its start, of each epoch of a fit."""
    found = []
    run_epoch = loop.run_epoch

    def traced(*args):
        peak, loss = peak_of(run_epoch, *args)
        found.append(peak)
        return loss

    monkeypatch.setattr(loop, "run_epoch", traced)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2 * BATCH, UNITS)).astype(dtype)
    y = rng.integers(n_outputs, size=2 * BATCH) + 1
    weight = rng.random(2 * BATCH)
    tracemalloc.start()
    try:
        with np.errstate(all="ignore"):
            estimator.set_params(
                hidden_layer_sizes=(UNITS, UNITS), batch_size=BATCH, max_iter=4
            )
            estimator.set_params(random_state=0, n_iter_no_change=10)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                estimator.fit(X, y, weight)
    finally:
        tracemalloc.stop()
    return found


def assert_steps_allocate_nothing(found):
    assert len(found) == 4
    assert max(found[1:]) < TWO_BUFFERS < BATCH * UNITS * 8 / 4
    # Bookkeeping of the interpreter: a few boxed floats either way.
    assert found[2] <= found[1] + 1024


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(monkeypatch, activation):
    model = ScratchMLPClassifier(activation=activation)
    assert_steps_allocate_nothing(peaks(monkeypatch, model))


@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_optimizers(monkeypatch, solver, dtype):
    model = ScratchMLPClassifier(solver=solver, learning_rate_init=1e-4)
    assert_steps_allocate_nothing(peaks(monkeypatch, model, dtype=dtype))


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_regression_losses(monkeypatch, loss):
    model = ScratchMLPRegressor(loss=loss)
    if loss == "quantile":
        model.set_params(quantile=0.5)
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
        {"solver": "sgd", "momentum": 0.0},
        {"solver": "sgd", "nesterovs_momentum": False},
        {"early_stopping": True},
    ],
    ids=lambda options: next(reversed(options)),
)
def test_options(monkeypatch, options):
    model = ScratchMLPClassifier(**options)
    assert_steps_allocate_nothing(peaks(monkeypatch, model))


@pytest.mark.parametrize(
    ("loss", "link"),
    [(loss, LOSSES[loss].regression_link) for loss in REGRESSION_LOSSES]
    + list(product(CLASSIFICATION_LOSSES, ("logistic", "softmax"))),
)
def test_losses_of_many_outputs(loss, link, dtype, tracing):
    """With as many outputs as units, an array of the loss's own would be seen."""
    rng = np.random.default_rng(0)
    network = Network([Dense(30, UNITS, ACTIVATIONS["identity"])], np.dtype(dtype))
    network.theta[...] = 0.01 * rng.standard_normal(network.theta.shape)
    plan = Plan(network, LOSSES[loss](LINKS[link], SETTINGS), BATCH, 0.1)
    x = rng.standard_normal((BATCH, 30)).astype(dtype)
    y = rng.integers(1, 2, size=(BATCH, UNITS)).astype(dtype)
    weight = rng.random(BATCH).astype(dtype)
    plan.backprop(x, y, weight)
    peak, _ = peak_of(plan.backprop, x, y, weight)
    assert peak < TWO_BUFFERS < BATCH * UNITS * y.itemsize / 2


@pytest.mark.parametrize("nets", [None, 3], ids=["one net", "three nets"])
@pytest.mark.parametrize("name", DENSE)
def test_every_layer(name, nets, dtype, tracing):
    """The examples of the layers, as wide as a batch is visible."""
    layer = EXAMPLES[name](ACTIVATIONS["tanh"], UNITS)
    layer.generators = [np.random.default_rng(0)]  # for those that draw
    plan = planned(layer, BATCH, dtype)
    shape = (BATCH,)
    if nets:
        network = Network.stacked([plan.network] * nets)
        plan, shape = Planned(network, BATCH), (nets, BATCH)
    x = np.random.default_rng(0).standard_normal((*shape, UNITS)).astype(dtype)
    delta = np.ones((*shape, layer.n_out), dtype)
    # NumPy 2.0 buffers operands that are not contiguous, too: up to three of them.
    # Its bookkeeping of two buffers takes a kilobyte more.
    few_buffers = 2 * TWO_BUFFERS if nets else TWO_BUFFERS + 4096
    plan.forward(x)
    plan.backward(delta.copy())  # warm: some make their views now
    for passes, given in ((plan.forward, x), (plan.backward, delta)):
        peak, _ = peak_of(passes, given)
        assert peak < few_buffers < x.nbytes / 2


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_lbfgs_allocates_parameters_but_no_activations(
    monkeypatch, activation, tracing
):
    """SciPy wants a gradient of its own from each evaluation; nothing else is new."""
    found = []
    value_and_grad = Plan.value_and_grad

    def traced(*args):
        peak, answer = peak_of(value_and_grad, *args)
        found.append(peak)
        return answer

    monkeypatch.setattr(Plan, "value_and_grad", traced)
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((5 * BATCH, 10)), rng.standard_normal(5 * BATCH)
    model = ScratchMLPRegressor(
        hidden_layer_sizes=(UNITS,), activation=activation, solver="lbfgs", max_iter=3
    )
    with pytest.warns(UserWarning, match="lbfgs failed to converge"):
        model.fit(X, y)
    parameters = model._network.theta.nbytes
    assert max(found[1:]) < TWO_BUFFERS + parameters < 5 * BATCH * UNITS * 8 / 10


def test_prediction_holds_one_chunk_of_activations(tracing):
    """However many rows there are."""
    layers = [Dense(4, 512, ACTIVATIONS["relu"]), Dense(512, 2, ACTIVATIONS["relu"])]
    network = Network(layers, np.dtype(float))
    network.theta[...] = 0.1
    X = np.zeros((40_000, 4))
    peak, mu = peak_of(network.predict, X, LINKS["identity"])
    # The buffers of the last, smaller chunk join those of the others.
    chunk = rows_at_once(512 * 8, 8) * 512 * 8
    assert peak < mu.nbytes + 2.2 * chunk < len(X) * 512 * 8 / 10


def test_the_control_a_naive_relu_is_seen(monkeypatch):
    class Naive(ReLU):
        def forward(self, z, s=None):
            z[...] = np.where(z > 0, z, 0)

    found = peaks(monkeypatch, ScratchMLPClassifier(activation=Naive()))
    assert min(found) > TWO_BUFFERS
