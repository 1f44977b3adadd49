"""network_derivatives: fitted regressors against central differences and PyTorch."""

import re

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import (
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
    TabularMLPRegressor,
)
from sknn_scratch.differential import _sensitivities as module
from sknn_scratch.differential import network_derivatives

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X = np.random.default_rng(0).standard_normal((40, 3))
Y = np.array([np.abs(X).sum(axis=1) + 1, X[:, 0] * X[:, 1] + 3]).T
FEW = {"max_iter": 5, "random_state": 0}
MODELS = {
    "mlp": ScratchMLPRegressor(hidden_layer_sizes=(6, 5), activation="tanh", **FEW),
    "poisson": ScratchMLPRegressor("poisson", (6,), "gelu", **FEW),
    "dropout": ScratchMLPRegressor(
        hidden_layer_sizes=(6,), activation="silu", dropout=0.3, **FEW
    ),
    "resnet": ResNetRegressor(n_layers=4, width=5, **FEW),
    "padded": ResNetRegressor(n_layers=4, width=5, lift="pad", tie_weights=True, **FEW),
}


def stencil(predict, i, j, h=1e-4):
    e = h * np.eye(3)
    a = predict(X + e[i] + e[j]) + predict(X - e[i] - e[j])
    return (a - predict(X + e[i] - e[j]) - predict(X - e[i] + e[j])) / (4 * h**2)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_regressors_against_differences(name, outputs):
    model = MODELS[name].fit(X, Y[:, 0] if outputs == 1 else Y)
    value, gradient, hessian = found = network_derivatives(model, X, order=2)
    extra = () if outputs == 1 else (2,)
    assert gradient.shape == (40, *extra, 3)
    np.testing.assert_allclose(value, model.predict(X), rtol=1e-12)
    h = 1e-5
    for i, step in enumerate(h * np.eye(3)):
        wanted = (model.predict(X + step) - model.predict(X - step)) / (2 * h)
        np.testing.assert_allclose(gradient[..., i], wanted, rtol=1e-6, atol=1e-8)
        for j in range(3):
            wanted = stencil(model.predict, i, j)
            np.testing.assert_allclose(hessian[..., i, j], wanted, rtol=1e-4, atol=2e-6)
    trace = sum(hessian[..., i, i] for i in range(3))
    np.testing.assert_allclose(found.laplacian, trace, rtol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "selu"])
def test_first_derivatives_of_activations_with_a_kink(activation):
    model = ScratchMLPRegressor(activation=activation, **FEW).fit(X, Y[:, 0])
    found = network_derivatives(model, X)
    assert found.hessian is None
    assert found.laplacian is None
    for i, step in enumerate(1e-7 * np.eye(3)):
        wanted = (model.predict(X + step) - model.predict(X - step)) / 2e-7
        np.testing.assert_allclose(found.gradient[:, i], wanted, atol=1e-6)


def test_a_classifier_of_two_classes():
    model = ScratchMLPClassifier((6,), "tanh", **FEW).fit(X, Y[:, 0] > 3)
    found = network_derivatives(model, X)
    wanted = model.predict_proba(X)[:, 1]
    np.testing.assert_allclose(found.value, wanted, rtol=1e-12)
    step = np.array([1e-5, 0, 0])
    up, down = (model.predict_proba(X + s)[:, 1] for s in (step, -step))
    np.testing.assert_allclose(found.gradient[:, 0], (up - down) / 2e-5, atol=1e-8)


def test_autograd_of_pytorch_agrees():
    torch = pytest.importorskip("torch")
    model = MODELS["mlp"].fit(X, Y[:, 0])
    Ws, bs = (
        [torch.tensor(v) for v in arrays]
        for arrays in (model.coefs_, model.intercepts_)
    )

    def forward(x):
        for W, b in zip(Ws[:-1], bs[:-1], strict=True):
            x = torch.tanh(x @ W + b)
        return (x @ Ws[-1] + bs[-1])[0]

    found = network_derivatives(model, X, order=2)
    for n in range(5):
        hessian = torch.autograd.functional.hessian(forward, torch.tensor(X[n]))
        np.testing.assert_allclose(found.hessian[n], hessian, rtol=1e-9, atol=1e-12)


def test_rows_in_several_parts_give_the_same(monkeypatch):
    model = MODELS["mlp"].fit(X, Y)
    whole = network_derivatives(model, X, order=2)
    monkeypatch.setattr(module, "AT_ONCE", 500)
    parts = network_derivatives(model, X, order=2)
    np.testing.assert_allclose(parts.hessian, whole.hessian, rtol=1e-12)
    np.testing.assert_array_equal(network_derivatives(model, X, 0).value, whole.value)


def test_the_models_own_rows_and_dtype():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abc"))
    model = ScratchMLPRegressor(activation="tanh", **FEW).fit(frame, Y[:, 0])
    assert network_derivatives(model, frame).gradient.shape == (40, 3)
    small = X.astype("float32")
    model = ScratchMLPRegressor(activation="tanh", **FEW).fit(small, Y[:, 0])
    assert network_derivatives(model, small, 2).hessian.dtype == np.float32


FITTED = ScratchMLPRegressor(**FEW)
BAD = {
    "pipeline": (
        TypeError,
        make_pipeline(StandardScaler(), FITTED),
        1,
        "got Pipeline. Of a pipeline take the last step",
    ),
    "tabular": (TypeError, TabularMLPRegressor(), 1, "got TabularMLPRegressor"),
    "order": (ValueError, FITTED, 3, "order must be 0, 1 or 2, got 3"),
    "not fitted": (NotFittedError, ScratchMLPRegressor(), 1, "is not fitted yet"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arguments(case):
    error, model, order, message = BAD[case]
    with pytest.raises(error, match=re.escape(message)):
        network_derivatives(model, X, order)


def test_a_kink_has_no_second_derivatives():
    model = ScratchMLPRegressor(**FEW).fit(X, Y[:, 0])
    message = r"order=2 is not possible here: ReLU\(\) has no second .* f' jumps at 0"
    with pytest.raises(ValueError, match=message):
        network_derivatives(model, X, 2)


def test_softmax_is_a_function_of_the_row():
    model = ScratchMLPClassifier((6,), "tanh", **FEW).fit(X, np.arange(40) % 3)
    with pytest.raises(ValueError, match="function of a whole row"):
        network_derivatives(model, X)
    assert network_derivatives(model, X, 0).value.shape == (40, 3)
