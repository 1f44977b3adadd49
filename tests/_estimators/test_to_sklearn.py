"""The way to scikit-learn's own estimators."""

import re

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.neural_network import MLPClassifier, MLPRegressor

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]
network = ScratchMLPClassifier((12, 7), max_iter=30, random_state=0)
Xm, ym = make_multilabel_classification(100, random_state=0)


@pytest.mark.parametrize(
    ("rows", "target"),
    [(X, y), (X, y > 4), (X, np.array(list("abc"))[y % 3]), (Xm, ym)],
    ids=["multiclass", "binary", "labels", "multilabel"],
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"solver": "lbfgs", "activation": "tanh"},
        {"early_stopping": True},
        {"dropout": 0.2, "solver": "adamw", "learning_rate": "cosine"},
        {"loss": "focal", "label_smoothing": 0.1, "class_weight": None},
        {"hidden_layer_sizes": (), "weight_averaging": 0.9},
    ],
    ids=str,
)
def test_a_classifier_handed_over_predicts_the_same(rows, target, options):
    ours = clone(network).set_params(**options).fit(rows, target)
    theirs = ours.to_sklearn()
    assert type(theirs) is MLPClassifier
    np.testing.assert_allclose(
        theirs.predict_proba(rows), ours.predict_proba(rows), rtol=1e-10
    )
    np.testing.assert_array_equal(theirs.predict(rows), ours.predict(rows))
    assert theirs.loss_curve_ == ours.loss_curve_
    theirs.coefs_[0][...] = 0
    assert ours.coefs_[0].any()


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber", "quantile"])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_a_regressor_handed_over_predicts_the_same(loss, n_outputs):
    target = np.tile(X.sum(axis=1)[:, None] / 30, n_outputs)
    target = target[:, 0] if n_outputs == 1 else target
    quantile = 0.3 if loss == "quantile" else None
    ours = ScratchMLPRegressor(loss, (8,), quantile=quantile, max_iter=20)
    ours.fit(X, target)
    theirs = ours.to_sklearn()
    assert type(theirs) is MLPRegressor
    np.testing.assert_allclose(theirs.predict(X), ours.predict(X), rtol=1e-10)


def test_training_goes_on_in_scikit_learn():
    theirs = clone(network).fit(X, y).to_sklearn()
    before = theirs.loss_
    assert theirs.partial_fit(X, y).loss_ < 1.1 * before


@pytest.mark.parametrize(
    ("model", "target", "message"),
    [
        (
            ScratchMLPClassifier((4,), "gelu", max_iter=2),
            y,
            "scikit-learn's MLPClassifier has no activation='gelu': this model cannot",
        ),
        (
            ScratchMLPClassifier((4, 3), ["relu", "tanh"], max_iter=2),
            y,
            "has no activation=['relu', 'tanh']",
        ),
        (
            ScratchMLPClassifier((4,), max_iter=2),
            np.c_[y % 3, y],
            "has no multiclass-multioutput targets",
        ),
        (
            ScratchMLPRegressor("gamma", (4,), max_iter=2),
            y + 1.0,
            "scikit-learn's MLPRegressor has no loss='gamma' with its exponential",
        ),
    ],
)
def test_what_cannot_be_handed_over(model, target, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(X, target).to_sklearn()


def test_unfitted():
    with pytest.raises(ValueError, match="is not fitted yet"):
        network.to_sklearn()
