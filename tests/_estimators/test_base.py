"""The fit that all estimators share: what it commits, and when."""

from importlib.util import find_spec

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sknn_scratch import (
    ResNetClassifier,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)
from sknn_scratch._estimators.base import BaseNeuralEstimator
from sknn_scratch._nn.network import Network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
ESTIMATORS = [
    ScratchMLPClassifier((4,), max_iter=3, random_state=0),
    ScratchMLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0),
    ResNetClassifier(2, max_iter=3, random_state=0),
    ScratchMLPClassifier((4,), solver="lbfgs", max_iter=3, random_state=0),
]
HAS_CALLBACKS = find_spec("sklearn.callback") is not None
each = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: str(e)[:20])


@each
def test_nothing_is_committed_before_the_end(estimator, monkeypatch):
    """While it trains, the estimator is as validation left it."""
    seen = []
    planned = Network.planned

    def spied(network, *args, **kwargs):
        seen.append({name for name in vars(estimator) if name.endswith("_")})
        return planned(network, *args, **kwargs)

    estimator.__dict__ = type(estimator)(**estimator.get_params()).__dict__
    monkeypatch.setattr(Network, "planned", spied)
    estimator.fit(X, y)
    assert seen
    assert all(names == {"n_features_in_"} for names in seen)


@pytest.mark.skipif(not HAS_CALLBACKS, reason="callbacks came with scikit-learn 1.9")
@each
def test_a_snapshot_is_a_copy_of_the_weights(estimator):
    snapshots = []

    class Taken:
        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            snapshots.append(fitted_estimator)

    model = type(estimator)(**estimator.get_params()).set_callbacks(Taken())
    model.fit(X, y)
    assert len(snapshots) == 4  # three epochs, and the fit
    assert not np.shares_memory(snapshots[0]._network.theta, model._network.theta)
    np.testing.assert_array_equal(snapshots[-1]._network.theta, model._network.theta)


def test_parameters_are_read_from_the_instance():
    """A subclass may take a few of them only."""

    class Small(ScratchMLPClassifier):
        def __init__(self, alpha=0.1):
            super().__init__((4,), alpha=alpha, max_iter=3, random_state=0)

    small = Small(0.5).fit(X, y)
    whole = ScratchMLPClassifier((4,), alpha=0.5, max_iter=3, random_state=0).fit(X, y)
    np.testing.assert_array_equal(small.coefs_[0], whole.coefs_[0])


def test_hidden_activations_are_the_layers_outputs():
    model = ScratchMLPClassifier((12, 7), "tanh", max_iter=3).fit(X, y)
    first, second = model.hidden_activations(X)
    (W1, W2, W3), (b1, b2, b3) = model.coefs_, model.intercepts_
    np.testing.assert_allclose(first, np.tanh(X @ W1 + b1), rtol=1e-10)
    np.testing.assert_allclose(second, np.tanh(first @ W2 + b2), rtol=1e-10)
    logits = second @ W3 + b3
    np.testing.assert_array_equal(logits.argmax(axis=1), model.predict(X))


def test_discard_training_state_keeps_the_predictions():
    model = ScratchMLPClassifier((4,), max_iter=3, random_state=0).fit(X, y)
    before = model.predict_proba(X)
    assert model._optimizer.t == 3
    assert model.discard_training_state() is model
    np.testing.assert_array_equal(model.predict_proba(X), before)
    with pytest.raises(AttributeError, match="ScratchMLPClassifier has no optimiser"):
        _ = model._optimizer
    model.partial_fit(X, y)
    assert model._optimizer.t == 1


@pytest.mark.skipif(HAS_CALLBACKS, reason="this scikit-learn has callbacks")
def test_without_callbacks_the_way_to_set_them_says_so():
    with pytest.raises(NotImplementedError, match="Callbacks need scikit-learn"):
        ScratchMLPClassifier().set_callbacks(print)


def test_what_a_subclass_has_to_say():
    base = BaseNeuralEstimator()
    for call in (
        lambda: base._build_layers(1, 1),
        lambda: base._target_for(None, None, False, None),
    ):
        with pytest.raises(NotImplementedError):
            call()
