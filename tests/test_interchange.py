"""ONNX: the runtime predicts what the model predicts. skops: so does a loaded file."""

import sys
from importlib import import_module

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import (
    Activation,
    ConvNetClassifier,
    ConvNetRegressor,
    HiddenLayerTransformer,
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.initializers import INITIALIZERS
from sknn_scratch._nn.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.schedules import SCHEDULES
from sknn_scratch.interchange import SKOPS_TRUSTED, register_onnx_converters
from sknn_scratch.model_selection import repeated_fit
from sknn_scratch.preprocessing import TabularEncoder, WhiteningTransformer

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


IMAGES = X.reshape(200, 8, 8)


@pytest.mark.parametrize(
    "rows", [X, IMAGES, IMAGES[:, :7]], ids=["rows", "images", "7"]
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"filters": (3, 5), "kernel_size": [5, (2, 3)], "stride": [1, 2]},
        {"pooling": "average", "activation": "gelu", "pool_size": (3, 2)},
        {"padding": "valid", "pool_size": 3, "dropout": 0.1},
        {"pooling": None, "stride": 3, "hidden_layer_sizes": ()},
    ],
    ids=str,
)
def test_convolutional_networks(run, rows, options):
    model = ConvNetClassifier(max_iter=10, **options).fit(rows, y)
    labels, probabilities = run(model, rows)
    np.testing.assert_allclose(probabilities, model.predict_proba(rows), atol=1e-5)
    np.testing.assert_array_equal(labels, model.predict(rows))


def test_sequences_and_their_hidden_layers(run):
    target = X.sum(axis=1) / 20
    model = ConvNetRegressor(image_shape=(1, 64), max_iter=10).fit(X, target)
    (found,) = run(model, X)
    np.testing.assert_allclose(found[:, 0], model.predict(X), rtol=1e-4, atol=1e-4)
    for layer in (0, 1):
        hidden = HiddenLayerTransformer(model, layer, prefit=True).fit(X, target)
        np.testing.assert_allclose(run(hidden, X)[0], hidden.transform(X), atol=1e-5)


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


# ---- skops -------------------------------------------------------------------------

CLASSIFIERS = [
    ScratchMLPClassifier((5,), max_iter=2, random_state=0),
    ResNetClassifier(2, max_iter=2, random_state=0),
]
REGRESSORS = [
    ScratchMLPRegressor(hidden_layer_sizes=(5,), max_iter=2, random_state=0),
    ResNetRegressor(n_layers=2, max_iter=2, random_state=0),
]
NETWORKS = [*CLASSIFIERS, *REGRESSORS]
positive = X.sum(axis=1) / 20
TARGETS = {
    "booleans": y > 4,
    "integers": y,
    "strings": np.array(list("abcdefghij"))[y],
    "objects": np.array(["odd", "even"], dtype=object)[y % 2],
    "one class": np.zeros(200, int),
    "labels": np.c_[y % 2, y > 4, y < 7],
    "sparse labels": sparse.csr_array(np.c_[y % 2, y > 4, y < 7].astype(int)),
    "several classes": np.c_[y, y % 3],
}
OPTIONS = [
    *({"solver": solver} for solver in ("lbfgs", *OPTIMIZERS)),
    {"solver": "sgd", "momentum": 0.0},
    *({"activation": activation} for activation in ACTIVATIONS),
    *({"learning_rate": name, "solver": "sgd"} for name in SCHEDULES),
    *({"init": name} for name in INITIALIZERS),
    {"dropout": 0.1, "input_dropout": 0.1},
    {"weight_averaging": 0.9},
    {"clip_norm": 1.0},
    {"early_stopping": True},
    {"early_stopping": True, "scoring": "loss"},
    {"dtype": "float64"},
]
by_class = pytest.mark.parametrize("model", NETWORKS, ids=lambda m: type(m).__name__)


@pytest.fixture(scope="module")
def reload():
    """A function that saves a model and loads it, trusting SKOPS_TRUSTED alone."""
    io = pytest.importorskip("skops.io")

    def reloaded(model):
        file = io.dumps(model)
        assert set(io.get_untrusted_types(data=file)) <= set(SKOPS_TRUSTED)
        return io.loads(file, trusted=SKOPS_TRUSTED)

    return reloaded


def check_same(model, again, rows=X):
    for name in ("predict", "predict_proba", "transform"):
        if hasattr(model, name):
            found, wanted = (getattr(each, name)(rows) for each in (again, model))
            if sparse.issparse(wanted):
                found, wanted = found.toarray(), wanted.toarray()
            if not isinstance(wanted, list):
                found, wanted = [found], [wanted]
            for one, other in zip(found, wanted, strict=True):
                np.testing.assert_array_equal(one, other)


@by_class
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_skops_trusts_every_option(reload, model, options):
    model = clone(model).set_params(**options)
    model.fit(X, y if hasattr(model, "predict_proba") else positive)
    again = reload(model)
    check_same(model, again)
    if "_training_state" not in vars(model):
        return
    # The state of the optimiser and of the dropout is there too: they go on alike.
    for each in (model, again):
        each.set_params(early_stopping=False, scoring=None, random_state=0)
        each.partial_fit(X, y if hasattr(each, "predict_proba") else positive)
    check_same(model, again)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_skops_trusts_every_target_of_a_classifier(reload, model, target, loss):
    model = clone(model).set_params(loss=loss).fit(X, TARGETS[target])
    check_same(model, reload(model))


@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("model", REGRESSORS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_skops_trusts_every_target_of_a_regressor(reload, model, loss, n_outputs):
    quantile = {"quantile": 0.5} if loss == "quantile" else {}
    target = positive if n_outputs == 1 else np.c_[positive, positive + 1]
    model = clone(model).set_params(loss=loss, **quantile).fit(X, target)
    check_same(model, reload(model))


@pytest.mark.parametrize(
    "model",
    [
        ResNetClassifier(2, width=70, lift="pad", tie_weights=True, max_iter=2),
        ResNetClassifier(2, width=9, max_iter=2),
        WhiteningTransformer(),
        WhiteningTransformer("zca", shrinkage="auto"),
        HiddenLayerTransformer(ScratchMLPClassifier((5,), max_iter=2)),
        make_pipeline(
            StandardScaler(),
            WhiteningTransformer(),
            HiddenLayerTransformer(ResNetClassifier(2, max_iter=2)),
            ScratchMLPClassifier((5,), max_iter=2),
        ),
    ],
    ids=["padded and tied", "lifted", "whitening", "ZCA", "hidden layer", "pipeline"],
)
def test_skops_trusts_transformers_and_pipelines(reload, model):
    check_same(model.fit(X, y), reload(model))


@pytest.mark.parametrize(
    "model",
    [
        TabularEncoder(),
        TabularMLPClassifier(max_iter=2, n_members=2, random_state=0),
        TabularMLPRegressor(max_iter=2, n_members=2, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_skops_trusts_tables(reload, model):
    """Of numbers, booleans, levels, very many of them, gaps, and repeated rows."""
    rng = np.random.default_rng(0)
    towns = [f"town {i}" for i in range(100)]
    columns = rng.normal(size=100), rng.random(100) > 0.5, rng.choice(["a", "b"], 100)
    rows = np.tile(np.array([*columns, towns], dtype=object).T, (2, 1))
    rows[:7, 2] = None
    model = clone(model).fit(rows, np.tile(rng.integers(2, size=100), 2))
    assert getattr(model, "prior_strength_", 0) < np.inf
    check_same(model, reload(model), rows)


def test_skops_trusts_partial_fits_with_a_validation_set(reload):
    rng = np.random.RandomState(0)
    model = ScratchMLPClassifier((5,), early_stopping=True, random_state=rng)
    model.partial_fit(X, y, classes=np.arange(10), X_val=X, y_val=y)
    assert model._training_state.best is not None
    check_same(model, reload(model))


@by_class
def test_skops_trusts_networks_that_were_trained_at_once(reload, model):
    target = y if hasattr(model, "predict_proba") else positive
    model = clone(model).set_params(dropout=0.1, weight_averaging=0.9)
    runs = repeated_fit(model, X, target, n_repeats=2, random_state=0)
    for fitted in runs.estimators:
        check_same(fitted, reload(fitted))


class Halved(Activation):
    def forward(self, z, s=None):
        z *= 0.5

    def backward(self, a, delta, s=None):
        delta *= 0.5


def test_an_activation_of_ones_own_must_be_added():
    io = pytest.importorskip("skops.io")
    model = ScratchMLPClassifier((5,), Halved(), max_iter=2).fit(X, y)
    file = io.dumps(model)
    own = f"{__name__}.Halved"
    assert set(io.get_untrusted_types(data=file)) - set(SKOPS_TRUSTED) == {own}
    with pytest.raises(Exception, match="Halved"):
        io.loads(file, trusted=SKOPS_TRUSTED)


def test_every_name_that_skops_is_to_trust_is_a_type_or_function():
    assert sorted(set(SKOPS_TRUSTED)) == SKOPS_TRUSTED
    for name in SKOPS_TRUSTED:
        module, member = name.rsplit(".", 1)
        assert callable(getattr(import_module(module), member))
