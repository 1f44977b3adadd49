"""Hidden layers as features."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sknn_scratch import (
    HiddenLayerTransformer,
    ResNetClassifier,
    ScratchMLPClassifier,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]
network = ScratchMLPClassifier((12, 7), max_iter=30, random_state=0)


@pytest.mark.parametrize("layer", [-2, -1, 0, 1])
def test_a_hidden_layer_as_features(layer):
    fitted = clone(network).fit(X, y)
    transformer = HiddenLayerTransformer(network, layer).fit(X, y)
    found = transformer.transform(X)
    np.testing.assert_array_equal(found, fitted.hidden_activations(X)[layer])
    names = transformer.get_feature_names_out()
    assert len(names) == found.shape[1]
    assert names[0] == "hiddenlayertransformer0"


def test_prefit_changes_nothing():
    fitted = clone(network).fit(X, y)
    transformer = HiddenLayerTransformer(fitted, prefit=True).fit(X[:5], y[:5])
    assert transformer.estimator_ is fitted
    with pytest.raises(ValueError, match="is not fitted yet"):
        HiddenLayerTransformer(network, prefit=True).fit(X, y)


def test_in_a_pipeline_with_resnets_too():
    trained = clone(network).set_params(learning_rate_init=0.01)
    for inner in (trained, ResNetClassifier(3, width=8, random_state=0)):
        model = make_pipeline(
            HiddenLayerTransformer(inner), LogisticRegression(max_iter=1000)
        )
        assert model.fit(X, y).score(X, y) > 0.9


def test_frames():
    pytest.importorskip("pandas")
    transformer = HiddenLayerTransformer(network).set_output(transform="pandas")
    frame = transformer.fit(X, y).transform(X)
    assert list(frame.columns) == [f"hiddenlayertransformer{i}" for i in range(7)]


@pytest.mark.parametrize("layer", [-3, 2])
def test_no_such_layer(layer):
    message = f"layer must be between -2 and 1 .* with 2 hidden layers, got {layer}"
    with pytest.raises(ValueError, match=message):
        HiddenLayerTransformer(network, layer).fit(X, y)


def test_not_a_network():
    with pytest.raises(ValueError, match="'estimator' parameter"):
        HiddenLayerTransformer(LogisticRegression()).fit(X, y)
