"""The tabular estimators: tables and targets of every kind; errors."""

import pickle

import numpy as np
import pytest
from _tables import classifier, regressor, table
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, train_test_split

from sknn_scratch import TabularMLPClassifier, TabularMLPRegressor
from sknn_scratch._estimators import tabular_base, tabular_members

X, y = load_iris(return_X_y=True)
names = np.array(["setosa", "versicolor", "virginica"])[y]
rng = np.random.default_rng(0)

# ---- it learns -------------------------------------------------------------------


def test_better_than_a_linear_model_on_a_table():
    rows, target = table(rng, 600)
    model = TabularMLPRegressor(n_members=4, max_iter=60, random_state=0)
    score = model.fit(rows[:400], target[:400]).score(rows[400:], target[400:])
    ages = np.array(
        [[50.0 if age is None else age, town == "Rome"] for age, town in rows], float
    )
    linear = LinearRegression().fit(ages[:400], target[:400])
    assert score > 0.85 > linear.score(ages[400:], target[400:])


def test_as_good_as_logistic_regression_on_numbers():
    rows = train_test_split(*load_breast_cancer(return_X_y=True), random_state=0)
    ours = TabularMLPClassifier(n_members=4, max_iter=40, random_state=0)
    ours.fit(rows[0], rows[2])
    theirs = LogisticRegression(max_iter=10_000).fit(rows[0], rows[2])
    assert ours.score(rows[1], rows[3]) >= theirs.score(rows[1], rows[3])


# ---- targets ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "target", [y, names, y > 0, np.where(y > 0, "a", "b")], ids=["0", "1", "2", "3"]
)
def test_classes_of_any_label(target):
    model = classifier().fit(X, target)
    np.testing.assert_array_equal(model.classes_, np.unique(target))
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert probabilities.min() >= 0
    predicted = model.predict(X)
    assert predicted.dtype == target.dtype
    np.testing.assert_array_equal(
        predicted, model.classes_[probabilities.argmax(axis=1)]
    )
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), probabilities)
    assert model.score(X, target) == np.mean(predicted == target) > 0.9


def test_labels_and_outputs():
    labels = np.column_stack([y > 0, y == 2]).astype(int)
    model = classifier().fit(X, labels)
    assert model.predict_proba(X).shape == labels.shape
    assert set(np.unique(model.predict(X))) <= {0, 1}
    assert model.score(X, labels) > 0.8
    both = np.column_stack([names, np.where(y > 0, "a", "b")])
    model = classifier().fit(X, both)
    assert [p.shape[1] for p in model.predict_proba(X)] == [3, 2]
    assert [p.shape[1] for p in model.predict_log_proba(X)] == [3, 2]
    right = (model.predict(X) == both).all(axis=1)
    assert model.score(X, both) == right.mean()
    weight = rng.uniform(size=150)
    np.testing.assert_allclose(
        model.score(X, both, weight), np.average(right, weights=weight)
    )


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
def test_numbers_of_any_scale(scale):
    data, target = load_diabetes(return_X_y=True)
    plain = regressor().fit(data, target).predict(data)
    scaled = regressor().fit(data, scale * target + 3 * scale).predict(data)
    np.testing.assert_allclose(scaled / scale - 3, plain, rtol=1e-3)


def test_predictions_stay_within_the_range_of_the_targets():
    data, target = load_diabetes(return_X_y=True)
    predicted = regressor().fit(data, target).predict(100 * data)
    assert target.min() <= predicted.min() < predicted.max() <= target.max()


def test_several_numbers_and_a_constant_one():
    data, target = load_diabetes(return_X_y=True)
    two = np.column_stack([target, np.full(len(target), 7.0)])
    model = regressor().fit(data, two)
    predicted = model.predict(data)
    assert predicted.shape == two.shape
    np.testing.assert_allclose(predicted[:, 1], 7)
    assert r2_score(target, predicted[:, 0]) > 0.3
    assert regressor().fit(data, target[:, None]).predict(data).shape == target.shape


# ---- parameters and attributes ---------------------------------------------------


def test_without_bins_there_is_one_view():
    model = regressor(n_bins=0).fit(X, y)
    assert "bin" not in model.encoder_.column_kinds_
    np.testing.assert_array_equal(model.mixing_weights_, [1])
    assert len(model.validation_loss_curves_) == 1
    np.testing.assert_allclose(regressor().fit(X, y).mixing_weights_.sum(), 1)


def test_the_curves_have_an_entry_for_each_epoch():
    model = classifier().fit(X, y)
    curves = model.validation_loss_curves_
    assert np.shape(curves) == (2, 3, 25)
    assert model.n_iter_ == 25
    assert np.mean([curve[-1] for curve in curves[0]]) < np.mean(
        [curve[0] for curve in curves[0]]
    )


def test_the_number_of_epochs_follows_from_the_rows(monkeypatch):
    seen = []

    def trained(family, data, folds, seeds, max_iter):
        seen.append(max_iter)
        return tabular_members.trained(family, data, folds, seeds, 3)

    monkeypatch.setattr(tabular_base, "trained", trained)
    classifier(max_iter="auto").fit(X, y)
    assert seen == [None, None]


@pytest.mark.parametrize("estimator", [classifier(), regressor()], ids=type)
def test_a_seed_gives_the_same_bits(estimator):
    first, second = (clone(estimator).fit(X, y).predict(X) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    loaded = pickle.loads(pickle.dumps(clone(estimator).fit(X, y)))
    np.testing.assert_array_equal(loaded.predict(X), first)
    other = clone(estimator).set_params(random_state=1).fit(X, y)
    assert (
        other.validation_loss_curves_
        != clone(estimator).fit(X, y).validation_loss_curves_
    )


def test_a_pickle_holds_the_weights_once():
    model = classifier(hidden_layer_sizes=(200, 200), max_iter=1).fit(X, y)
    n_bytes = sum(network.theta.nbytes for network in model._networks)
    assert len(pickle.dumps(model)) < 1.1 * n_bytes + 20_000


def test_in_a_search():
    search = GridSearchCV(classifier(), {"weight_decay": [0.0, 0.1]}, cv=2)
    assert search.fit(X, y).best_score_ > 0.85


# ---- errors ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_members": 0}, "'n_members' parameter of TabularMLPClassifier"),
        ({"max_iter": "long"}, "'max_iter' parameter"),
        ({"max_iter": 0}, "'max_iter' parameter"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"learning_rate_init": 0}, "'learning_rate_init' parameter"),
        ({"weight_decay": -1}, "'weight_decay' parameter"),
        ({"label_smoothing": 1}, "'label_smoothing' parameter"),
        ({"n_bins": -1}, "'n_bins' parameter"),
        ({"categorical_features": "all"}, "'categorical_features' parameter"),
        ({"hidden_layer_sizes": "big"}, "'hidden_layer_sizes' parameter"),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must be integers above 0"),
        ({"hidden_layer_sizes": (5.5,)}, "hidden_layer_sizes must be integers above 0"),
    ],
)
def test_wrong_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        classifier(**params).fit(X, y)


@pytest.mark.parametrize(
    ("estimator", "rows", "target", "error", "message"),
    [
        (classifier(), X, None, ValueError, "requires y to be passed, but the target"),
        (classifier(), X, y[:-1], ValueError, "inconsistent numbers of samples"),
        (classifier(), X, X[:, 0], ValueError, "Unknown label type: continuous"),
        (regressor(), X, names, ValueError, "could not convert string to float"),
        (regressor(), X, np.full(150, np.nan), ValueError, "Input y contains NaN"),
        (classifier(), sparse.csr_matrix(X), y, TypeError, "parse"),
        (classifier(), np.ones((150, 2)), y, ValueError, "No column of X takes two"),
        (classifier(), X[:1], y[:1], ValueError, "No column of X takes two"),
    ],
)
def test_wrong_data(estimator, rows, target, error, message):
    with pytest.raises(error, match=message):
        clone(estimator).fit(rows, target)


def test_wrong_weights():
    with pytest.raises(ValueError, match="Negative values"):
        classifier().fit(X, y, np.full(150, -1.0))
    with pytest.raises(ValueError, match="at least one non-zero number"):
        classifier().fit(X, y, np.zeros(150))


def test_before_fit():
    for method in ("predict", "predict_proba", "predict_log_proba"):
        with pytest.raises(NotFittedError):
            getattr(classifier(), method)(X)
    with pytest.raises(NotFittedError):
        regressor().predict(X)


def test_a_failed_fit_leaves_the_model_as_it_was():
    model = classifier().fit(X, names)
    before = model.predict_proba(X)
    for rows, target in ((X, X[:, 0]), (np.ones((150, 2)), y)):
        with pytest.raises(ValueError, match=r"Unknown label|No column"):
            model.fit(rows, target)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert model.n_features_in_ == 4


def test_ctrl_c_leaves_the_model_as_it_was(monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    model = classifier().fit(X, names)
    before = model.predict_proba(X)
    monkeypatch.setattr(tabular_members, "train_together", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
