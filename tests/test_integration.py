"""Inside scikit-learn's meta-estimators and tools, one test each."""

import joblib
import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import BaggingClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_validate
from sklearn.multioutput import ClassifierChain, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sknn_scratch import (
    HiddenLayerTransformer,
    ResNetClassifier,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_breast_cancer(return_X_y=True)
X, y = scale(X)[:200, :6], y[:200]
Xr, yr = load_diabetes(return_X_y=True)
Xr, yr = Xr[:150, :4] * 20, yr[:150]
MODELS = [
    ScratchMLPClassifier((6,), solver="lbfgs", max_iter=40, random_state=0),
    ResNetClassifier(3, solver="lbfgs", max_iter=40, random_state=0),
]
each = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)


@each
def test_calibration(model):
    calibrated = CalibratedClassifierCV(model, cv=3).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    assert calibrated.score(X, y) > 0.9


@each
def test_bagging_voting_and_stacking(model):
    others = [("network", model), ("linear", LogisticRegression())]
    for ensemble in (
        BaggingClassifier(model, n_estimators=3, random_state=0),
        VotingClassifier(others, voting="soft"),
        StackingClassifier(others, cv=2),
    ):
        assert ensemble.fit(X, y).score(X, y) > 0.9


def test_transformed_targets_and_several_outputs():
    network = ScratchMLPRegressor(
        hidden_layer_sizes=(6,), solver="lbfgs", alpha=1.0, random_state=0
    )
    model = TransformedTargetRegressor(network, transformer=StandardScaler())
    assert model.fit(Xr, yr).score(Xr, yr) > 0.4
    both = MultiOutputRegressor(network).fit(Xr, scale(np.c_[yr, -yr]))
    assert both.predict(Xr).shape == (150, 2)


@each
def test_chains(model):
    chain = ClassifierChain(model).fit(X, np.c_[y, 1 - y])
    assert chain.score(X, np.c_[y, 1 - y]) > 0.9


@each
def test_inspection(model):
    fitted = clone(model).fit(X, y)
    importance = permutation_importance(fitted, X, y, n_repeats=2, random_state=0)
    assert importance.importances_mean.max() > 0
    pytest.importorskip("matplotlib")
    display = PartialDependenceDisplay.from_estimator(fitted, X, [0, (1, 2)])
    assert display.axes_.size == 2


@each
def test_cross_validation_and_feature_selection(model):
    assert cross_val_predict(model, X, y, cv=3, method="predict_proba").shape == (
        200,
        2,
    )
    scores = cross_validate(model, X, y, cv=3, scoring=["roc_auc", "neg_log_loss"])
    assert scores["test_roc_auc"].mean() > 0.9
    selector = SequentialFeatureSelector(model, n_features_to_select=2, cv=2)
    assert selector.fit(X, y).get_support().sum() == 2


@each
def test_joblib(model, tmp_path):
    fitted = clone(model).fit(X, y)
    joblib.dump(fitted, tmp_path / "model.joblib", compress=3)
    again = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


@each
def test_skops(model, tmp_path):
    io = pytest.importorskip("skops.io")
    fitted = clone(model).fit(X, y)
    io.dump(fitted, tmp_path / "model.skops")
    unknown = io.get_untrusted_types(file=tmp_path / "model.skops")
    assert all(name.startswith("sknn_scratch.") for name in unknown)
    again = io.load(tmp_path / "model.skops", trusted=unknown)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


@pytest.fixture
def _routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("_routing")
def test_sample_weights_are_routed():
    weight = np.random.default_rng(0).random(200)
    network = MODELS[0].__class__((6,), max_iter=5, random_state=0)
    network.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    pipeline = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=False), network
    )
    pipeline.fit(X, y, sample_weight=weight)
    alone = clone(network).fit(StandardScaler().fit_transform(X), y, weight)
    np.testing.assert_array_equal(pipeline[-1].coefs_[0], alone.coefs_[0])
    grid = GridSearchCV(network, {"alpha": [0.1, 1.0]}, cv=2)
    grid.fit(X, y, sample_weight=weight)
    best = clone(network).set_params(**grid.best_params_).fit(X, y, weight)
    np.testing.assert_array_equal(grid.best_estimator_.coefs_[0], best.coefs_[0])


@pytest.mark.usefixtures("_routing")
def test_a_validation_set_is_routed_and_transformed():
    network = ScratchMLPClassifier((6,), max_iter=8, random_state=0)
    network.set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(StandardScaler(), network)
    pipeline.set_params(transform_input=["X_val"])
    pipeline.fit(X[:150] * 3, y[:150], X_val=X[150:] * 3, y_val=y[150:])
    scaler = StandardScaler().fit(X[:150] * 3)
    alone = clone(network).fit(
        scaler.transform(X[:150] * 3),
        y[:150],
        X_val=scaler.transform(X[150:] * 3),
        y_val=y[150:],
    )
    assert pipeline[-1].validation_scores_ == alone.validation_scores_
    grid = GridSearchCV(network, {"alpha": [0.1, 1.0]}, cv=2)
    grid.fit(X[:150], y[:150], X_val=X[150:], y_val=y[150:])
    assert len(grid.best_estimator_.validation_scores_) == 8


@pytest.mark.usefixtures("_routing")
def test_sample_weights_reach_the_network_of_a_hidden_layer():
    weight = np.random.default_rng(0).random(200)
    network = ScratchMLPClassifier((6,), max_iter=5, random_state=0)
    network.set_fit_request(sample_weight=True)
    linear = LogisticRegression().set_fit_request(sample_weight=False)
    pipeline = make_pipeline(HiddenLayerTransformer(network), linear)
    pipeline.fit(X, y, sample_weight=weight)
    alone = clone(network).fit(X, y, weight)
    np.testing.assert_array_equal(pipeline[0].estimator_.coefs_[0], alone.coefs_[0])
    hidden = HiddenLayerTransformer(network).fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(hidden.estimator_.coefs_[0], alone.coefs_[0])
