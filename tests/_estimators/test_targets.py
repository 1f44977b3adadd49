"""Targets: what a network learns from y, and how its output is read."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.class_weight import compute_sample_weight

from sknn_scratch._estimators.targets import (
    Classes,
    Labels,
    MultiOutputClasses,
    Numbers,
    announced_target,
    classification_target,
)

BINARY = np.array(["no", "yes", "no", "yes", "yes"])
THREE = np.array([5, 2, 9, 2, 5])
INDICATORS = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0], [1, 0, 0]])
TWO_OUTPUTS = np.c_[THREE, [0, 1, 1, 0, 0]]
ALL = {
    "binary": BINARY,
    "three classes": THREE,
    "labels": INDICATORS,
    "two outputs": TWO_OUTPUTS,
}
each = pytest.mark.parametrize("y", ALL.values(), ids=ALL)


@pytest.mark.parametrize(
    ("y", "kind", "n_outputs", "link"),
    [
        (BINARY, Classes, 1, "logistic"),
        (THREE, Classes, 3, "softmax"),
        (INDICATORS, Labels, 3, "logistic"),
        (sparse.csr_matrix(INDICATORS), Labels, 3, "logistic"),
        (TWO_OUTPUTS, MultiOutputClasses, 5, "softmax"),
        (np.zeros(4, int), Classes, 1, "logistic"),
    ],
)
def test_y_decides_the_target(y, kind, n_outputs, link):
    target = classification_target(y)
    assert type(target) is kind
    assert target.n_outputs == n_outputs
    assert target.link_name == link
    assert set(target.attributes()) == {"classes_"}


@pytest.mark.parametrize("values", [(1, 2), (-1, 1), (0, 5), (0.0, 2.0)])
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_only_0_and_1_are_indicators_of_labels(values, form):
    """Other columns of two values are outputs with classes of their own."""
    y = np.array(values)[INDICATORS]
    target = classification_target(form(y))
    assert isinstance(target, MultiOutputClasses)
    assert [known.tolist() for known in target.classes] == [list(values)] * 3
    assert isinstance(classification_target(form(INDICATORS * 1.0)), Labels)
    with pytest.raises(ValueError, match="y is multiclass-multioutput, but"):
        classification_target(INDICATORS).check(y, all_present=False)


def test_types_that_cannot_be_compared():
    for y in (np.array(["a", 1, 2], object), np.array([["a", 1], [1, "b"]], object)):
        with pytest.raises(ValueError, match="y mixes values that cannot be compared"):
            classification_target(y)


def test_numbers_are_no_classes():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        classification_target(np.array([0.5, 1.5, 2.5]))


@each
def test_a_perfect_network_is_read_as_y(y, dtype):
    target = classification_target(y)
    Y = target.encode(y, np.dtype(dtype))
    mu = Y.astype(dtype)
    np.testing.assert_array_equal(target.decode(mu), y)
    assert target.score(Y, mu, None) == 1
    probabilities = target.probabilities(mu)
    for p in probabilities if isinstance(probabilities, list) else [probabilities]:
        assert p.dtype == dtype
        if not isinstance(target, Labels):
            np.testing.assert_array_equal(p.sum(axis=1), 1)


def test_encodings_by_hand():
    assert classification_target(BINARY).encode(BINARY, float).tolist() == [
        [0.0],
        [1.0],
        [0.0],
        [1.0],
        [1.0],
    ]
    three = classification_target(THREE).encode(THREE, float)
    assert three.dtype == bool
    assert three[:3].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    two = classification_target(TWO_OUTPUTS).encode(TWO_OUTPUTS, float)
    assert two[:2].tolist() == [[0, 1, 0, 1, 0], [1, 0, 0, 0, 1]]


@each
def test_smoothing_draws_towards_the_uniform_distribution(y, dtype):
    plain = classification_target(y)
    smooth = plain.settled(0.2, None)
    assert plain.smoothing == 0  # settled is a copy
    Y, wanted = smooth.encode(y, np.dtype(dtype)), plain.encode(y, np.dtype(dtype))
    assert Y.dtype == dtype
    uniform = {"Classes": 1 / max(2, Y.shape[1]), "Labels": 1 / 2}
    of_outputs = [1 / 3, 1 / 3, 1 / 3, 1 / 2, 1 / 2]
    uniform = np.array(uniform.get(type(plain).__name__, of_outputs))
    np.testing.assert_allclose(Y, 0.8 * wanted + 0.2 * uniform, rtol=1e-6)


@each
def test_balanced_class_weights_are_scikit_learns(y):
    target = classification_target(y).settled(0.0, "balanced")
    wanted = compute_sample_weight("balanced", y)
    np.testing.assert_allclose(target.weights(y, None), wanted)
    sample_weight = np.arange(1.0, 6)
    np.testing.assert_allclose(target.weights(y, sample_weight), wanted * sample_weight)


@each
def test_without_class_weights_the_rows_weigh_what_was_given(y):
    target = classification_target(y)
    assert target.weights(y, None) is None
    weight = np.ones(5)
    assert target.weights(y, weight) is weight


def test_the_weights_of_several_outputs_multiply():
    weights = [{2: 1.0, 5: 2.0, 9: 3.0}, {0: 1.0, 1: 10.0}]
    target = classification_target(TWO_OUTPUTS).settled(0.0, weights)
    np.testing.assert_array_equal(target.weights(TWO_OUTPUTS, None), [2, 10, 30, 1, 2])


@pytest.mark.parametrize(
    ("known", "y", "message"),
    [
        (THREE, np.array([2, 5]), "warm_start can only be used where `y` has the same"),
        (THREE, INDICATORS, "y is multilabel-indicator, but the earlier targets were"),
        (INDICATORS, THREE, "y is multiclass, but the earlier targets were multilabel"),
        (TWO_OUTPUTS, THREE, "the earlier targets were multiclass-multioutput, in 2"),
        (THREE, INDICATORS + 1, "y is multiclass-multioutput, but the earlier targets"),
        (BINARY, TWO_OUTPUTS, "y is multiclass-multioutput, but the earlier targets"),
    ],
)
def test_what_does_not_fit_an_earlier_target(known, y, message):
    with pytest.raises(ValueError, match=message):
        classification_target(known).check(y, all_present=True)


def test_some_classes_may_be_missing_where_parts_come_one_by_one():
    classification_target(THREE).check(np.array([2, 5]), all_present=False)
    with pytest.raises(ValueError, match=r"`y` has classes not in `self.classes_`"):
        classification_target(THREE).check(np.array([2, 6]), all_present=False)


def test_announced_classes():
    target = announced_target(np.array([2, 2]), [9, 2, 5], None)
    np.testing.assert_array_equal(target.classes, [2, 5, 9])
    assert announced_target(THREE, [2, 5, 9], target) is target
    with pytest.raises(ValueError, match="is not the same as on last call"):
        announced_target(THREE, [2, 5], target)


def test_announced_classes_of_several_outputs():
    target = announced_target(TWO_OUTPUTS, [[2, 5, 9], [0, 1, 2]], None)
    assert isinstance(target, MultiOutputClasses)
    assert [len(known) for known in target.classes] == [3, 3]
    with pytest.raises(ValueError, match="is not the same as on last call"):
        announced_target(TWO_OUTPUTS, [[2, 5, 9], [0, 1]], target)


def test_announced_labels_keep_the_names_that_were_given():
    target = announced_target(INDICATORS, [3, 4, 5], None)
    assert isinstance(target, Labels)
    np.testing.assert_array_equal(target.attributes()["classes_"], [3, 4, 5])
    assert target.n_outputs == 3


@pytest.mark.parametrize(
    ("y", "stratified"),
    [(BINARY, True), (THREE, False), (INDICATORS, False), (TWO_OUTPUTS, False)],
)
def test_only_binary_targets_are_stratified_as_in_scikit_learn(y, stratified):
    target = classification_target(y)
    found = target.stratify(target.encode(y, float))
    assert (found is not None) == stratified


def test_scores_are_scikit_learns():
    rng = np.random.default_rng(0)
    weight = rng.random(5)
    for y in (BINARY, THREE, INDICATORS):
        target = classification_target(y)
        Y, mu = target.encode(y, float), rng.random((5, target.n_outputs))
        for w in (None, weight):
            wanted = accuracy_score(y, target.decode(mu), sample_weight=w)
            assert target.score(Y, mu, w) == pytest.approx(wanted)


def test_one_class_alone_is_certain():
    target = classification_target(np.array(["a", "a"]))
    mu = np.array([[0.1], [0.9]])
    np.testing.assert_array_equal(target.decode(mu), ["a", "a"])
    np.testing.assert_array_equal(target.probabilities(mu), [[1.0], [1.0]])


# ---- numbers ---------------------------------------------------------------------


def test_numbers():
    target = Numbers(2, "squared_error")
    y = np.arange(6).reshape(3, 2)
    Y = target.encode(y, np.float32)
    assert Y.dtype == np.float32
    assert target.attributes() == {}
    assert target.stratify(Y) is None
    weight = np.ones(3)
    assert target.weights(y, weight) is weight
    mu = Y + np.array([[0.0, 1], [1, 0], [0, 0]])
    assert target.score(Y, mu, weight) == pytest.approx(r2_score(Y, mu))
    assert np.isnan(target.score(Y, np.full_like(mu, np.inf), None))
    assert Numbers(1, "poisson").link_name == "exp"


def test_numbers_of_another_width():
    with pytest.raises(ValueError, match="y has 3 outputs, but the earlier targets"):
        Numbers(2, "squared_error").check(np.ones((4, 3)), all_present=True)


def test_numbers_outside_the_losss_range():
    with pytest.raises(ValueError, match="requires y >= 0"):
        Numbers(1, "poisson").encode(np.array([-1.0]), float)


def outputs(n=23, k=2, constant=(), dtype="float64", seed=0):
    """Targets, of which some columns are constant, predictions, and weights."""
    rng = np.random.default_rng(seed)
    Y = rng.standard_normal((n, k)).astype(dtype)
    mu = (Y + rng.standard_normal((n, k))).astype(dtype)
    Y[:, list(constant)] = 3.0
    return Y, mu, rng.random(n).astype(dtype)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("k", "constant"), [(1, ()), (3, ()), (3, (1,)), (2, (0, 1)), (1, (0,))]
)
def test_r2_is_scikit_learns(k, constant, weighted, dtype):
    Y, mu, weight = outputs(23, k, constant, dtype)
    weight = weight if weighted else None
    perfect = mu.copy()
    perfect[:, list(constant)] = 3.0  # 1 for these, 0 as they were
    rtol = 1e-5 if dtype == "float32" else 1e-12
    for predicted in (mu, perfect, Y):
        score = Numbers(k, "squared_error").score(Y, predicted, weight)
        wanted = r2_score(Y, predicted, sample_weight=weight)
        np.testing.assert_allclose(score, wanted, rtol=rtol)
        assert np.ndim(score) == 0


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_r2_of_many_nets_is_that_of_each(shared, weighted):
    each = [outputs(23, 2, (1,) if j == 1 else (), seed=j) for j in range(3)]
    Y, mu, weight = (np.array(part) for part in zip(*each, strict=True))
    Y, weight = (Y[0], weight[0]) if shared else (Y, weight)
    target = Numbers(2, "squared_error")
    scores = target.score(Y, mu, weight if weighted else None)
    assert scores.shape == (3,)
    for j, score in enumerate(scores):
        y, w = (Y, weight) if shared else (Y[j], weight[j])
        w = w if weighted else None
        assert score == target.score(y, mu[j], w)
        assert score == pytest.approx(r2_score(y, mu[j], sample_weight=w), rel=1e-12)


def test_r2_is_nan_for_the_net_whose_predictions_are_not_finite():
    Y, mu, _ = outputs()
    mu = np.array([mu, mu, mu])
    mu[0, 3, 1], mu[2, 0, 0] = np.inf, np.nan
    scores = Numbers(2, "squared_error").score(Y, mu, None)
    assert np.isnan(scores).tolist() == [True, False, True]
    assert scores[1] == pytest.approx(r2_score(Y, mu[1]))


@pytest.mark.parametrize("n", [0, 1])
def test_r2_needs_two_rows(n):
    target, Y = Numbers(2, "squared_error"), np.ones((n, 2))
    for shape in ((), (3,)):
        mu = np.ones((*shape, n, 2))
        with pytest.warns(UndefinedMetricWarning, match="less than two samples"):
            score = target.score(Y, mu, None)
        assert np.shape(score) == shape
        assert np.isnan(score).all()
    if n:
        with pytest.warns(UndefinedMetricWarning, match="less than two samples"):
            assert np.isnan(r2_score(Y, mu[0]))


@each
def test_the_scores_of_many_nets_are_those_of_each(y):
    rng = np.random.default_rng(1)
    target = classification_target(y)
    Y = target.encode(y, float)
    mu, weight = rng.random((4, 5, target.n_outputs)), rng.random((4, 5))
    mu[3] = Y
    many = np.array([Y, Y[::-1], Y, Y])
    for given, w in ((Y, None), (many, None), (many, weight), (Y, weight[0])):
        scores = target.score(given, mu, w)
        for j, score in enumerate(scores):
            own = w[j] if np.ndim(w) == 2 else w
            y_of = given[j] if given is many else given
            assert score == target.score(y_of, mu[j], own)
        assert scores[3] == 1
