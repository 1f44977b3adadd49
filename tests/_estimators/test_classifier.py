"""Classifiers: probabilities, scores, and the classes of partial_fit."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier

from sknn_scratch import ResNetClassifier, ScratchMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
TWO_OUTPUTS = np.c_[y, X[:, 0] > 6]
each = pytest.mark.parametrize(
    "model",
    [
        ScratchMLPClassifier((4,), max_iter=20, random_state=0),
        ResNetClassifier(2, max_iter=20, random_state=0),
    ],
    ids=["mlp", "resnet"],
)


@each
def test_log_probabilities_are_the_logarithms(model):
    model.fit(X, y)
    np.testing.assert_array_equal(
        model.predict_log_proba(X), np.log(model.predict_proba(X))
    )
    model.fit(X, TWO_OUTPUTS)
    pairs = zip(model.predict_log_proba(X), model.predict_proba(X), strict=True)
    for logarithms, probabilities in pairs:
        np.testing.assert_array_equal(logarithms, np.log(probabilities))


def test_a_probability_of_0_is_minus_infinity_without_a_warning():
    model = ScratchMLPClassifier((), max_iter=2).fit(X, y)
    model.coefs_[0][...] = 0
    model.intercepts_[0][...] = 0, 0, 1e5
    np.testing.assert_array_equal(
        model.predict_log_proba(X[:1]), [[-np.inf, -np.inf, 0]]
    )


@each
@pytest.mark.parametrize("weight", [None, np.arange(150.0)], ids=["plain", "weighted"])
def test_the_score_is_the_accuracy(model, weight):
    model.fit(X, y)
    wanted = accuracy_score(y, model.predict(X), sample_weight=weight)
    assert model.score(X, y, weight) == wanted
    model.fit(X, TWO_OUTPUTS)
    right = (model.predict(X) == TWO_OUTPUTS).all(axis=1)
    assert model.score(X, TWO_OUTPUTS, weight) == np.average(right, weights=weight)


def test_the_first_partial_fit_needs_the_classes_as_in_scikit_learn():
    for cls in (MLPClassifier, ScratchMLPClassifier):
        with pytest.raises(ValueError, match="classes must be passed on the first"):
            cls().partial_fit(X, y)


def test_other_classes_than_announced_as_in_scikit_learn():
    errors = []
    for cls in (MLPClassifier, ScratchMLPClassifier):
        model = cls((4,)).partial_fit(X, y, classes=[0, 1, 2])
        with pytest.raises(ValueError, match="is not the same as") as error:
            model.partial_fit(X, y, classes=[0, 1])
        errors.append(str(error.value))
    assert errors[0] == errors[1]


def test_no_class_of_the_first_part_need_be_the_only_one():
    model = ScratchMLPClassifier((4,), random_state=0)
    for start in (0, 50, 100):  # one species at a time
        rows = slice(start, start + 50)
        model.partial_fit(X[rows], y[rows], classes=[0, 1, 2])
    assert model.predict_proba(X).shape == (150, 3)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])


def test_balanced_weights_need_all_of_the_data():
    model = ScratchMLPClassifier((4,), class_weight="balanced")
    with pytest.raises(ValueError, match="not supported for partial_fit, which sees"):
        model.partial_fit(X, y, classes=[0, 1, 2])


def test_parameters_of_the_target_may_change_between_partial_fits():
    """label_smoothing is read at each call."""
    models = [ScratchMLPClassifier((4,), random_state=0) for _ in range(2)]
    for model in models:
        model.partial_fit(X, y, classes=[0, 1, 2])
    models[1].set_params(label_smoothing=0.5)
    for model in models:
        model.partial_fit(X, y)
    assert models[0].loss_ != models[1].loss_
