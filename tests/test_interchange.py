"""ONNX: the runtime predicts what the model predicts."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import (
    Activation,
    HiddenLayerTransformer,
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch.interchange import register_onnx_converters
from sknn_scratch.preprocessing import WhiteningTransformer

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

X, y = load_digits(return_X_y=True)
X, y = (X[:200] / 16).astype(np.float32), y[:200]
Xm, ym = make_multilabel_classification(200, random_state=0)


@pytest.fixture(autouse=True)
def _seed():
    np.random.seed(0)  # what the models' random_state=None draws from


@pytest.fixture(scope="module")
def run():
    """A function that converts a model and runs it on rows."""
    skl2onnx = pytest.importorskip("skl2onnx")
    runtime = pytest.importorskip("onnxruntime")
    register_onnx_converters()

    def convert(model, rows, **options):
        if hasattr(model, "classes_"):
            options.setdefault("zipmap", False)
        graph = skl2onnx.to_onnx(
            model, rows[:1], options={id(model): options} if options else None
        )
        session = runtime.InferenceSession(
            graph.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        return session.run(None, {session.get_inputs()[0].name: rows})

    return convert


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations(run, activation):
    model = ScratchMLPClassifier((9, 7), activation, max_iter=20).fit(X, y)
    labels, probabilities = run(model, X)
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-5)
    np.testing.assert_array_equal(labels, model.predict(X))


@pytest.mark.parametrize(
    "target",
    [y > 4, y - 3, np.array(["odd", "even"])[y % 2], np.array(list("abcdefghij"))[y]],
    ids=["booleans", "integers", "binary strings", "strings"],
)
@pytest.mark.parametrize(
    "model",
    [
        ScratchMLPClassifier((9,), dropout=0.1, max_iter=20),
        ResNetClassifier(4, max_iter=20),
        ResNetClassifier(3, width=70, lift="pad", tie_weights=True, max_iter=10),
        ResNetClassifier(3, width=9, max_iter=20),
    ],
    ids=["MLP", "ResNet", "padded and tied", "lifted"],
)
def test_classifiers(run, model, target):
    model = model.fit(X, target)
    labels, probabilities = run(model, X)
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-5)
    np.testing.assert_array_equal(labels, model.predict(X))


def test_multilabel(run):
    rows = Xm.astype(np.float32)
    model = ScratchMLPClassifier((9,), max_iter=30).fit(rows, ym)
    labels, probabilities = run(model, rows)
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-5)
    np.testing.assert_array_equal(labels, model.predict(rows))


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("cls", [ScratchMLPRegressor, ResNetRegressor])
def test_regressors(run, cls, loss, n_outputs):
    target = np.tile(X.sum(axis=1)[:, None] / 20, n_outputs)
    model = cls(loss, max_iter=10).fit(X, target[:, 0] if n_outputs == 1 else target)
    (found,) = run(model, X)
    wanted = model.predict(X).reshape(200, -1)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_a_pipeline_with_whitening(run):
    model = make_pipeline(
        StandardScaler(),
        WhiteningTransformer(shrinkage=0.1),
        HiddenLayerTransformer(ScratchMLPClassifier((12, 9), max_iter=20)),
        ScratchMLPClassifier((5,), max_iter=20),
    ).fit(X, y)
    labels, probabilities = run(model, X)
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-4)
    assert (labels == model.predict(X)).mean() > 0.99


def test_what_has_no_onnx_form(run):
    class Own(Activation):
        def forward(self, z, s=None):
            pass

        def backward(self, a, delta, s=None):
            pass

    model = ScratchMLPClassifier((4,), Own(), max_iter=2).fit(X, y)
    with pytest.raises(NotImplementedError, match=r"Own\(\) has no ONNX form: give it"):
        run(model, X)
    model = ScratchMLPClassifier((4,), max_iter=2).fit(X, np.c_[y, y % 3])
    with pytest.raises(
        Exception, match=r"Multiclass-multioutput targets have no ONNX|list"
    ):
        run(model, X)


def test_without_skl2onnx(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match="register_onnx_converters needs skl2onnx"):
        register_onnx_converters()
