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
from sknn_scratch.preprocessing import TabularEncoder

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


@pytest.mark.parametrize("loss", ["absolute_error", "quantile"])
def test_medians_do_not_follow_outliers(loss):
    rng = np.random.default_rng(1)
    rows = rng.uniform(-1, 1, (400, 2))
    line = rows[:, 0]
    wild = np.where(rng.random(400) < 0.2, 30.0, line)
    mean, median = (
        regressor(loss=name, max_iter=60).fit(rows, wild).predict(rows)
        for name in ("squared_error", loss)
    )
    assert np.abs(median - line).mean() < 0.3
    assert np.abs(mean - line).mean() > 3


def test_quantiles_hold_their_shares_and_do_not_cross():
    rng = np.random.default_rng(2)
    rows = rng.uniform(0, 1, (1500, 1))
    target = rows[:, 0] * rng.normal(size=1500)
    model = regressor(loss="quantile", quantile=[0.9, 0.1, 0.5], max_iter=30)
    predicted = model.fit(rows, target).predict(rows)
    assert predicted.shape == (1500, 3)
    assert (np.diff(predicted, axis=1) >= 0).all()
    shares = (target[:, None] < predicted).mean(axis=0)
    np.testing.assert_allclose(shares, [0.1, 0.5, 0.9], atol=0.04)
    # The spread is proportional to x: 2.56 standard deviations between them.
    wide, narrow = rows[:, 0] > 0.9, rows[:, 0] < 0.1
    spread = predicted[:, 2] - predicted[:, 0]
    np.testing.assert_allclose(spread[wide].mean(), 2.56 * 0.95, rtol=0.2)
    assert spread[narrow].mean() < 0.6


def test_quantiles_of_several_numbers():
    model = regressor(loss="quantile", quantile=0.8)
    assert model.fit(X, X[:, :2]).predict(X).shape == (150, 2)


def test_quantiles_of_different_numbers_stay_where_they_are():
    """The first number is larger than the second: they are not to be put in order."""
    model = regressor(loss="quantile", quantile=0.5, max_iter=60)
    predicted = model.fit(X, X[:, [0, 3]]).predict(X)
    assert r2_score(X[:, 0], predicted[:, 0]) > 0.8
    assert r2_score(X[:, 3], predicted[:, 1]) > 0.8


def test_counts():
    rng = np.random.default_rng(3)
    rows = rng.uniform(0, 3, (800, 1))
    rate = np.exp(rows[:, 0])
    model = regressor(loss="poisson", max_iter=40).fit(rows, rng.poisson(rate))
    predicted = model.predict(rows)
    assert (predicted >= 0).all()
    assert np.abs(np.log(predicted / rate)).mean() < 0.15


@pytest.mark.parametrize("weighted", ["neither", "train", "val", "both"])
@pytest.mark.parametrize("estimator", [classifier(), regressor()], ids=type)
def test_a_validation_set_chooses_the_epochs(estimator, weighted):
    """Its rows are not trained on; all nets look at the same ones."""
    target = y % 2
    weight = np.ones(100) if weighted in ("train", "both") else None
    weight_val = np.ones(50) if weighted in ("val", "both") else None

    def fitted(y_val):
        return clone(estimator).fit(
            X[:100],
            target[:100],
            weight,
            X_val=X[100:],
            y_val=y_val,
            sample_weight_val=weight_val,
        )

    model, other = fitted(target[100:]), fitted(1 - target[100:])
    assert model.loss_curve_ == other.loss_curve_
    assert model.validation_loss_curve_ != other.validation_loss_curve_
    assert model.prior_strength_ == np.inf
    plain = clone(estimator).fit(
        X[:100], target[:100], X_val=X[100:], y_val=target[100:]
    )
    np.testing.assert_allclose(model.predict(X), plain.predict(X), rtol=1e-3, atol=1e-3)


def test_the_same_rows_held_out_by_all():
    model = classifier(validation_fraction=0.2).fit(X, names)
    assert model.score(X, names) > 0.9
    alone = classifier(validation_fraction=0.2, n_members=1).fit(X, names)
    assert alone.score(X, names) > 0.9


@pytest.mark.parametrize("scoring", ["neg_log_loss", "roc_auc_ovr", "f1_macro"])
def test_a_scorer_chooses_the_epochs(scoring):
    model = classifier(scoring=scoring, n_members=2, max_iter=8).fit(X, names)
    for record in model.history_:
        assert set(record) >= {"view", "epoch", "validation_score"}
    scores = [r["validation_score"] for r in model.history_]
    assert all(s <= 0 for s in scores) == (scoring == "neg_log_loss")
    if scoring == "neg_log_loss":
        losses = [r["validation_loss"] for r in model.history_]
        np.testing.assert_allclose(scores, np.negative(losses), rtol=1e-4)


def test_the_loss_may_choose_the_epochs_of_classes():
    model = classifier(scoring="loss", n_members=2, max_iter=8).fit(X, names)
    losses, scores = (
        [record[f"validation_{name}"] for record in model.history_]
        for name in ("loss", "score")
    )
    np.testing.assert_allclose(scores, np.negative(losses))


def test_a_scorer_sees_numbers_as_they_were_given():
    def scorer(estimator, rows, target, sample_weight=None):
        seen.append((target.min(), target.max(), estimator.predict(rows).shape))
        return -np.abs(estimator.predict(rows) - target).mean()

    seen = []
    target = 1e6 + 100 * X[:, 0]
    regressor(scoring=scorer, max_iter=3).fit(X, target, np.ones(150))
    lowest, highest, shape = seen[0]
    assert target.min() <= lowest < highest <= target.max()
    assert shape == (50,)


def test_rows_that_were_seen_before():
    """Each is there ten times, and its label is no function that nets find."""
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(60, 2))
    label = rng.integers(2, size=60)
    model = classifier(max_iter=5).fit(np.tile(rows, (10, 1)), np.tile(label, 10))
    assert model.prior_strength_ < 3
    assert model.score(rows, label) == 1
    same = pickle.loads(pickle.dumps(model)).predict_proba(rows)
    np.testing.assert_array_equal(same, model.predict_proba(rows))
    value = rng.normal(size=60)
    fitted = regressor(max_iter=5).fit(np.tile(rows, (10, 1)), np.tile(value, 10))
    np.testing.assert_allclose(fitted.predict(rows), value, atol=0.1)
    median = regressor(max_iter=5, loss="absolute_error")
    median.fit(np.tile(rows, (10, 1)), np.tile(value, 10))
    assert median.prior_strength_ == np.inf


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
    assert np.shape(curves) == (3, 3, 25)
    assert model.n_iter_ == 25
    assert model.best_iter_.shape == (3, 3)
    np.testing.assert_allclose(
        model.validation_loss_curve_, np.mean(curves, axis=(0, 1)), rtol=1e-6
    )
    assert np.mean([curve[-1] for curve in curves[0]]) < np.mean(
        [curve[0] for curve in curves[0]]
    )


def test_the_number_of_epochs_follows_from_the_rows(monkeypatch):
    """As many steps as 2500 rows would have, of each view."""
    steps = {"raw": 0.08, "bins": 0.04, "cosines": 0.04}
    for name, per_row in steps.items():
        own = {**TabularMLPClassifier._of_view[name], "steps_per_row": per_row}
        monkeypatch.setitem(TabularMLPClassifier._of_view, name, own)
    model = classifier(max_iter="auto", batch_size=25).fit(X, y)
    # 100 of 150 rows are trained on: four batches.
    assert [len(view[0]) for view in model.validation_loss_curves_] == [50, 25, 25]
    assert model.n_iter_ == 50


@pytest.mark.parametrize(("n_classes", "n_units"), [(2, 64), (10, 64), (11, 128)])
def test_many_classes_have_wide_nets(n_classes, n_units):
    rows = np.arange(60.0)[:, None]
    model = classifier(hidden_layer_sizes="auto", max_iter=1)
    model.fit(rows, np.arange(60) % n_classes)
    for _, network in model._nets:
        assert [W.shape[-1] for W in network.named["W"]][:-1] == [n_units] * 2


def test_some_views():
    model = classifier(views=["cosines", "raw"]).fit(X, y)
    assert len(model.mixing_weights_) == 2
    assert model.score(X, y) > 0.9
    assert [view for view, _ in model._nets] == ["cosines", "raw"]


def test_cosines_are_as_many_as_asked():
    model = classifier(views=["cosines"], n_cosines=7).fit(X, y)
    assert model._nets[0][1].layers[0].n_cosines == 7


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
    n_bytes = sum(network.theta.nbytes for _, network in model._nets)
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
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must be > 0, got"),
        ({"hidden_layer_sizes": (5.5,)}, "hidden_layer_sizes must be integers, got"),
        ({"views": ["bins", "trees"]}, "views must be some of .'raw', 'bins', 'cosi"),
        ({"views": ["bins", "bins"]}, "each once, or 'auto', got .'bins', 'bins'"),
        ({"views": []}, "views must be some of"),
        ({"views": "bins"}, "'views' parameter"),
        ({"max_time": 0}, "'max_time' parameter"),
        ({"n_cosines": 0}, "'n_cosines' parameter"),
        ({"validation_fraction": 1.0}, "'validation_fraction' parameter"),
        ({"scoring": "best"}, "'best' is not a valid scoring value"),
        ({"scoring": 3}, "'scoring' parameter"),
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
        (regressor(), X, names, ValueError, "y must be real numbers, got the dtype <U"),
        (regressor(), X, np.full(150, np.nan), ValueError, "Input y contains NaN"),
        (classifier(), sparse.csr_matrix(X), y, TypeError, "parse"),
        (classifier(), np.ones((150, 2)), y, ValueError, "No column of X takes two"),
        (classifier(), X[:1], y[:1], ValueError, "No column of X takes two"),
    ],
)
def test_wrong_data(estimator, rows, target, error, message):
    with pytest.raises(error, match=message):
        clone(estimator).fit(rows, target)


@pytest.mark.parametrize(
    ("params", "target", "message"),
    [
        ({"loss": "huber"}, y, "'loss' parameter of TabularMLPRegressor"),
        ({"loss": "poisson"}, y - 1.0, "loss='poisson' requires y >= 0, got a min"),
        ({"loss": "quantile", "quantile": 1.0}, y, "'quantile' parameter"),
        ({"loss": "quantile", "quantile": [0.1, 1]}, y, "quantile must be numbers be"),
        ({"loss": "quantile", "quantile": []}, y, "quantile must be numbers between"),
        (
            {"loss": "quantile", "quantile": [0.1, 0.9]},
            X[:, :2],
            "Several quantiles need a y of one column, got one of 2",
        ),
        (
            {"loss": "quantile", "quantile": [0.1, 0.9], "scoring": "r2"},
            y,
            "scoring judges one prediction for each row; of several quantiles the loss",
        ),
    ],
)
def test_wrong_losses(params, target, message):
    with pytest.raises(ValueError, match=message):
        regressor(**params).fit(X, target)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X_val": X}, "X_val and y_val must be given together"),
        ({"sample_weight_val": y}, "sample_weight_val needs X_val and y_val"),
        ({"X_val": X, "y_val": y[1:]}, "inconsistent numbers of samples"),
        ({"X_val": X[:, 1:], "y_val": y}, "X has 3 features, but TabularEncoder"),
        ({"X_val": X, "y_val": y + 1}, "has classes not in `self.classes_`"),
    ],
)
def test_wrong_validation_sets(given, message):
    with pytest.raises(ValueError, match=message):
        classifier().fit(X, y, **given)
    with pytest.raises(ValueError, match="give one of the two"):
        classifier(validation_fraction=0.1).fit(X, y, X_val=X, y_val=y)


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
    monkeypatch.setattr(TabularEncoder, "fit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
