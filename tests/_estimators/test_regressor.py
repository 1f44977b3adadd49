"""Regressors: shapes, scores, and the range of a loss."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.preprocessing import scale

from sknn_scratch import ResNetRegressor, ScratchMLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_diabetes(return_X_y=True)
X, y = scale(X), scale(y)
each = pytest.mark.parametrize(
    "model",
    [
        ScratchMLPRegressor(hidden_layer_sizes=(4,), max_iter=20, random_state=0),
        ResNetRegressor(n_layers=2, max_iter=20, random_state=0),
    ],
    ids=["mlp", "resnet"],
)


@each
def test_one_output_is_flat_and_several_are_not(model):
    assert model.fit(X, y).predict(X).shape == (442,)
    assert model.fit(X, np.c_[y, -y, y**2]).predict(X).shape == (442, 3)
    assert model.n_outputs_ == 3
    assert not hasattr(model, "classes_")


@each
def test_the_score_is_r2(model):
    weight = np.arange(442.0)
    model.fit(X, y)
    wanted = r2_score(y, model.predict(X), sample_weight=weight)
    assert model.score(X, y, weight) == wanted


@each
def test_the_loss_bounds_the_targets(model):
    model = type(model)(**{**model.get_params(), "loss": "poisson"})
    with pytest.raises(ValueError, match="loss='poisson' requires y >= 0, got a min"):
        model.fit(X, y)
    assert (model.fit(X, y**2).predict(X) > 0).all()


@each
def test_partial_fit_keeps_the_number_of_outputs(model):
    model = type(model)(**model.get_params()).partial_fit(X, y)
    with pytest.raises(ValueError, match="y has 2 outputs, but the earlier targets"):
        model.partial_fit(X, np.c_[y, y])
