"""The options beyond scikit-learn's: each against something independent."""

import copy
import pickle

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import GammaRegressor, QuantileRegressor
from sklearn.metrics import (
    balanced_accuracy_score,
    get_scorer,
    log_loss,
    mean_pinball_loss,
)
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale
from sklearn.utils.class_weight import compute_sample_weight

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._nn.initializers import INITIALIZERS
from sknn_scratch._nn.losses import CLASSIFICATION_LOSSES
from sknn_scratch._training.schedules import PROGRESSIVE, SCHEDULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = scale(X)[:400], y[:400]
Xc, yc = load_breast_cancer(return_X_y=True)
Xc = scale(Xc)
Xr, yr = load_diabetes(return_X_y=True)
Xr, yr = scale(Xr), scale(yr)


def small(**parameters):
    settings = {"max_iter": 15, "random_state": 0, **parameters}
    return ScratchMLPClassifier((12,), **settings)


def test_neutral_values_change_nothing():
    plain = small().fit(X, y)
    neutral = small(
        activation=["relu"],
        dropout=[0.0],
        clip_norm=1e12,
        class_weight=dict.fromkeys(range(10), 1.0),
    ).fit(X, y)
    np.testing.assert_allclose(neutral.coefs_[0], plain.coefs_[0], rtol=1e-9)


def test_one_activation_for_each_layer():
    model = ScratchMLPClassifier(
        (6, 5), activation=("tanh", "gelu"), max_iter=2, random_state=0
    ).fit(X, y)
    first, second = model.hidden_activations(X)
    wanted = np.tanh(X @ model.coefs_[0] + model.intercepts_[0])
    np.testing.assert_allclose(first, wanted)
    assert second.min() > -0.2  # gelu's minimum is -0.17


@pytest.mark.parametrize("weight", ["balanced", {k: 1.0 + k for k in range(10)}])
@pytest.mark.parametrize("weighted", [False, True])
def test_class_weights_are_the_sample_weights_they_stand_for(weight, weighted):
    own = np.random.default_rng(0).random(len(y)) if weighted else np.ones(len(y))
    model = small(class_weight=weight).fit(X, y, own if weighted else None)
    wanted = small().fit(X, y, compute_sample_weight(weight, y) * own)
    np.testing.assert_allclose(model.coefs_[0], wanted.coefs_[0], rtol=1e-10)


def test_class_weights_of_a_partial_fit():
    weight = {k: 1.0 + k for k in range(10)}
    model = small(class_weight=weight).partial_fit(X, y, classes=range(10))
    wanted = small().partial_fit(
        X, y, compute_sample_weight(weight, y), classes=range(10)
    )
    np.testing.assert_allclose(model.coefs_[0], wanted.coefs_[0], rtol=1e-10)


def test_class_weights_of_several_outputs():
    columns = np.c_[y % 2, y % 3]
    weight = [{0: 1.0, 1: 2.0}, {0: 1.0, 1: 3.0, 2: 5.0}]
    model = small(class_weight=weight).fit(X, columns)
    wanted = small().fit(X, columns, compute_sample_weight(weight, columns))
    np.testing.assert_allclose(model.coefs_[0], wanted.coefs_[0], rtol=1e-10)


def test_class_weights_of_a_part_that_lacks_classes():
    # Weights of some classes only, in calls that see some classes only.
    rows, weight = np.flatnonzero(np.isin(y, (0, 2))), {1: 5.0, 2: 3.0}
    part, classes = (X[rows], y[rows]), range(10)
    model = small(class_weight=weight).partial_fit(*part, classes=classes)
    wanted = small().partial_fit(*part, np.where(part[1] == 2, 3.0, 1.0), classes)
    np.testing.assert_allclose(model.coefs_[0], wanted.coefs_[0], rtol=1e-10)


@pytest.mark.parametrize("sparse_y", [False, True])
def test_class_weights_of_labels(sparse_y):
    labels = np.c_[y % 2, y % 3 == 0].astype(int)
    target = csr_array(labels) if sparse_y else labels
    own = np.where(labels[:, 0], 2.0, 1.0) * np.where(labels[:, 1], 1.0, 0.5)
    model = small(class_weight=[{1: 2.0}, {0: 0.5}]).fit(X, target)
    wanted = small().fit(X, labels, own)
    np.testing.assert_allclose(model.coefs_[0], wanted.coefs_[0], rtol=1e-10)


@pytest.mark.parametrize(
    ("weight", "columns"),
    [({0: 1.0}, np.c_[y, y % 2]), ([{0: 1.0}] * 3, np.c_[y, y % 2]), ([], y)],
)
def test_class_weights_for_another_number_of_columns(weight, columns):
    message = "class_weight must be 'balanced', a dict for one output, or a list"
    with pytest.raises(ValueError, match=message):
        small(class_weight=weight).fit(X, columns)


def test_announced_columns_of_classes_stay_the_same():
    columns, classes = np.c_[y, y % 2], [list(range(10)), [0, 1]]
    model = small().partial_fit(X, columns, classes=classes)
    before = model.coefs_[0].copy()
    model.partial_fit(X, columns, classes=classes)
    assert not np.array_equal(model.coefs_[0], before)
    with pytest.raises(ValueError, match="is not the same as on last call"):
        model.partial_fit(X, columns, classes=[list(range(10)), [0, 1, 2]])
    one_column = small().partial_fit(X, y, classes=range(10))
    with pytest.raises(ValueError, match="is not the same as on last call"):
        one_column.partial_fit(X, columns, classes=classes)
    with pytest.raises(ValueError, match=r"classes not in `self.classes_`"):
        small().partial_fit(X, y, classes=[])


def test_a_validation_set_is_smoothed_like_the_training_rows():
    model = small(label_smoothing=0.3, max_iter=3).fit(X, y, X_val=X, y_val=y)
    mu = model.predict_proba(X)
    smooth = np.eye(10)[y] * 0.7 + 0.03
    wanted = -(smooth * np.log(mu)).sum(axis=1).mean()
    assert model.validation_loss_curve_[-1] == pytest.approx(wanted)


def test_a_failed_partial_fit_leaves_the_dropout_masks_as_they_were():
    model = small(activation="identity", dropout=0.5, solver="sgd")
    models = [model.partial_fit(X, y, classes=range(10))]
    models.append(pickle.loads(pickle.dumps(model)))
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="non-finite"):
        models[0].partial_fit(X * 1e300, y)
    for model in models:
        model.partial_fit(X, y)
    np.testing.assert_array_equal(models[0].coefs_[0], models[1].coefs_[0])


def test_label_smoothing_bounds_the_confidence():
    model = small(label_smoothing=0.2, solver="lbfgs", alpha=0.0, max_iter=500)
    top = model.fit(X, y).predict_proba(X).max(axis=1)
    # The optimum for a separable row is 1 - e + e / K = 0.82, without it 1.
    assert abs(top.mean() - 0.82) < 0.01
    assert top.max() < 0.9
    binary = ScratchMLPClassifier(
        (), label_smoothing=0.2, solver="lbfgs", alpha=0.0, max_iter=500
    ).fit([[0.0], [1.0]], ["a", "b"])
    np.testing.assert_allclose(
        binary.predict_proba([[0.0], [1.0]]), [[0.9, 0.1], [0.1, 0.9]], atol=1e-3
    )


@pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
@pytest.mark.parametrize("target", ["binary", "multiclass", "multilabel", "columns"])
def test_losses_of_classifiers_learn(loss, target):
    targets = {
        "binary": y > 4,
        "multiclass": y,
        "multilabel": np.c_[y > 2, y > 5, y % 2 == 0].astype(int),
        "columns": np.c_[y % 3, y % 2],
    }
    model = small(loss=loss, max_iter=100, learning_rate_init=0.01)
    model.fit(X, targets[target])
    assert model.score(X, targets[target]) > 0.95


def test_several_columns_of_classes():
    columns = np.array([["a", "b", "c"], ["x", "y", "z"]])[:, y % 3].T
    model = small(max_iter=100, learning_rate_init=0.01).fit(X, columns)
    assert model.predict(X).shape == (400, 2)
    probabilities = model.predict_proba(X)
    assert [p.shape for p in probabilities] == [(400, 3), (400, 3)]
    for p, logs, known in zip(
        probabilities, model.predict_log_proba(X), model.classes_, strict=True
    ):
        np.testing.assert_allclose(p.sum(axis=1), 1)
        np.testing.assert_allclose(np.exp(logs), p)
        assert len(known) == 3
    assert model.score(X, columns) == (model.predict(X) == columns).all(axis=1).mean()
    stream = small().partial_fit(X, columns, classes=[list("abc"), list("xyz")])
    assert stream.partial_fit(X, columns).predict(X).shape == (400, 2)


def test_two_columns_of_classes_are_two_classifiers_with_one_hidden_layer():
    """Without a hidden layer the columns do not share anything."""
    columns = np.c_[y % 3, y % 4]
    both = ScratchMLPClassifier((), solver="lbfgs", alpha=1.0, max_iter=500)
    both.fit(X, columns)
    alone = sum(clone(both).fit(X, columns[:, k]).loss_ for k in range(2))
    np.testing.assert_allclose(both.loss_, alone, rtol=1e-4)


def test_gamma_is_the_generalised_linear_model():
    target = np.exp(yr)
    model = ScratchMLPRegressor(
        "gamma", (), solver="lbfgs", alpha=0.0, tol=1e-8, max_iter=500
    ).fit(Xr, target)
    wanted = GammaRegressor(alpha=0, tol=1e-8, max_iter=1000).fit(Xr, target)
    np.testing.assert_allclose(model.predict(Xr), wanted.predict(Xr), rtol=1e-3)


@pytest.mark.parametrize("q", [0.2, 0.5, 0.8])
def test_quantile_regression(q):
    model = ScratchMLPRegressor(
        "quantile",
        (),
        quantile=q,
        alpha=0.0,
        learning_rate="cosine",
        learning_rate_init=0.02,
        max_iter=300,
        n_iter_no_change=300,
        random_state=0,
    ).fit(Xr, yr)
    wanted = QuantileRegressor(quantile=q, alpha=0).fit(Xr, yr)
    losses = [mean_pinball_loss(yr, m.predict(Xr), alpha=q) for m in (model, wanted)]
    # The linear programme is the optimum; ours comes within 1 % of it.
    assert losses[1] <= losses[0] * (1 + 1e-9) < losses[1] * 1.01
    assert abs((yr <= model.predict(Xr)).mean() - q) < 0.05


def test_absolute_error_finds_the_median_and_squared_error_the_mean():
    rows, target = np.zeros((101, 1)), np.arange(101.0) ** 2 / 1000
    settings = {"hidden_layer_sizes": (), "alpha": 0, "learning_rate": "cosine"}
    settings.update(
        learning_rate_init=0.3, max_iter=500, random_state=0, n_iter_no_change=500
    )
    for loss, wanted in (
        ("absolute_error", np.median(target)),
        ("squared_error", target.mean()),
    ):
        model = ScratchMLPRegressor(loss, **settings).fit(rows, target)
        np.testing.assert_allclose(model.predict(rows)[0], wanted, atol=0.1)


def test_a_given_validation_set():
    model = small(early_stopping=True, max_iter=60, n_iter_no_change=3)
    model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    assert len(model.validation_scores_) == len(model.loss_curve_)
    assert len(model.validation_loss_curve_) == len(model.loss_curve_)
    assert model.score(X[300:], y[300:]) == model.best_validation_score_
    best = model.best_iter_
    assert model.validation_scores_[best - 1] == max(model.validation_scores_)
    loss = log_loss(y[300:], model.predict_proba(X[300:]))
    np.testing.assert_allclose(model.validation_loss_curve_[best - 1], loss)


def test_a_validation_set_is_only_watched_without_early_stopping():
    watched = small().fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    np.testing.assert_array_equal(
        watched.coefs_[0], small().fit(X[:300], y[:300]).coefs_[0]
    )
    assert len(watched.validation_scores_) == 15
    assert watched.best_validation_score_ is None


def test_weights_of_the_validation_set():
    weight = np.random.default_rng(0).random(100)
    model = small(max_iter=3).fit(
        X[:300], y[:300], X_val=X[300:], y_val=y[300:], sample_weight_val=weight
    )
    wanted = model.score(X[300:], y[300:], weight)
    np.testing.assert_allclose(model.validation_scores_[-1], wanted)


@pytest.mark.parametrize("scoring", ["balanced_accuracy", get_scorer("neg_log_loss")])
def test_scoring_judges_the_epochs(scoring):
    model = small(early_stopping=True, scoring=scoring, n_iter_no_change=3, max_iter=40)
    model.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    if scoring == "balanced_accuracy":
        wanted = balanced_accuracy_score(y[300:], model.predict(X[300:]))
    else:
        wanted = -log_loss(y[300:], model.predict_proba(X[300:]))
    np.testing.assert_allclose(max(model.validation_scores_), wanted)


def test_scoring_loss():
    model = small(early_stopping=True, scoring="loss").fit(X, y)
    np.testing.assert_array_equal(
        model.validation_scores_, -np.array(model.validation_loss_curve_)
    )


def test_a_callable_is_given_an_estimator_and_the_labels():
    def share_of_a(estimator, rows, labels):
        assert set(labels) <= {"a", "b"}
        return (estimator.predict(rows) == "a").mean()

    labels = np.array(["a", "b"])[y % 2]
    model = small(early_stopping=True, scoring=share_of_a).fit(X, labels)
    assert 0 <= model.best_validation_score_ <= 1


def test_early_stopping_over_a_stream():
    model = small(early_stopping=True, n_iter_no_change=2, tol=0.01)
    for _ in range(60):
        model.partial_fit(
            X[:300], y[:300], classes=range(10), X_val=X[300:], y_val=y[300:]
        )
        if model._no_improvement_count > 2:
            break
    assert model._no_improvement_count == 3
    assert len(model.validation_scores_) < 60
    assert model.score(X[300:], y[300:]) == model.best_validation_score_


@pytest.mark.parametrize("schedule", sorted(PROGRESSIVE))
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "nadam", "rmsprop"])
def test_schedules_for_every_solver(schedule, solver):
    model = small(learning_rate=schedule, solver=solver, learning_rate_init=0.01)
    constant = small(solver=solver, learning_rate_init=0.01).fit(X, y)
    assert model.fit(X, y).loss_ < model.loss_curve_[0]
    assert not np.array_equal(model.coefs_[0], constant.coefs_[0])


def test_a_schedule_goes_on_over_partial_fits():
    whole = small(learning_rate="linear", solver="sgd", shuffle=False, max_iter=4)
    stream = clone(whole)
    for _ in range(4):
        stream = pickle.loads(pickle.dumps(stream.partial_fit(X, y, classes=range(10))))
    np.testing.assert_array_equal(stream.coefs_[0], whole.fit(X, y).coefs_[0])


def test_dropout_is_seeded_and_off_in_prediction():
    settings = {"dropout": 0.3, "input_dropout": 0.1}
    model = small(**settings).fit(X, y)
    again = small(**settings).fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], again.coefs_[0])
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))
    np.testing.assert_allclose(
        model.hidden_activations(X)[0],
        np.maximum(X @ model.coefs_[0] + model.intercepts_[0], 0),
        atol=1e-12,
    )
    assert model.n_layers_ == 3
    other = small(**settings).set_params(random_state=1).fit(X, y)
    assert not np.array_equal(model.coefs_[0], other.coefs_[0])


def test_dropout_goes_on_after_pickling():
    streams = [small(dropout=0.5), small(dropout=0.5)]
    for _ in range(3):
        streams = [s.partial_fit(X, y, classes=range(10)) for s in streams]
        streams[1] = pickle.loads(pickle.dumps(streams[1]))
    np.testing.assert_array_equal(streams[0].coefs_[0], streams[1].coefs_[0])


def test_clipping_bounds_the_step():
    settings = {"solver": "sgd", "momentum": 0, "max_iter": 1, "batch_size": 400}
    settings.update(learning_rate_init=1.0, alpha=0.0)
    start = small(**{**settings, "learning_rate_init": 1e-300}).fit(X, y)
    model = small(clip_norm=0.01, **settings).fit(X, y)
    moved = model._network.theta - start._network.theta
    np.testing.assert_allclose(np.linalg.norm(moved), 0.01, rtol=1e-6)


def test_averaged_weights_are_between_the_first_and_the_last():
    settings = {"solver": "sgd", "momentum": 0, "max_iter": 1, "batch_size": 400}
    start = small(**settings, learning_rate_init=1e-300).fit(X, y)
    end = small(**settings, learning_rate_init=0.5).fit(X, y)
    model = small(**settings, learning_rate_init=0.5, weight_averaging=0.75).fit(X, y)
    wanted = 0.75 * start._network.theta + 0.25 * end._network.theta
    np.testing.assert_allclose(model._network.theta, wanted, rtol=1e-10)


def test_averaging_and_partial_fit_train_the_weights_not_the_average():
    plain, averaged = small(), small(weight_averaging=0.9)
    for _ in range(3):
        for model in (plain, averaged):
            model.partial_fit(X, y, classes=range(10))
    raw = averaged._training_state.averaging.other
    np.testing.assert_array_equal(raw, plain._network.theta)
    assert not np.array_equal(averaged.coefs_[0], plain.coefs_[0])


@pytest.mark.parametrize("init", INITIALIZERS)
def test_initial_weights_by_name(init):
    frozen = {"learning_rate_init": 1e-300, "max_iter": 1, "init": init}
    if init == "uniform":
        frozen["init_scale"] = 0.2
    first, second = (small(**frozen).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.coefs_[0], second.coefs_[0])
    if init == "uniform":
        assert 0.19 < np.abs(first.coefs_[0]).max() <= 0.2


def test_initial_weights_given():
    source = small().fit(X, y)
    frozen = small(
        learning_rate_init=1e-300,
        max_iter=1,
        coefs_init=source.coefs_,
        intercepts_init=source.intercepts_,
    ).fit(X, y)
    np.testing.assert_array_equal(frozen.predict_proba(X), source.predict_proba(X))
    frozen.coefs_[0][...] = 0
    assert source.coefs_[0].any()


# ---- class weights are for training ------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_validation_is_not_weighted_by_class_weights(weighted):
    """Held-out rows and a set of one's own: by their own sample weights alone."""
    weight = np.random.default_rng(0).random(len(y)) if weighted else None
    heavy = {"class_weight": {0: 100.0, **dict.fromkeys(range(1, 10), 1.0)}}
    held_out = small(early_stopping=True, **heavy).fit(X, y, weight)
    rng = np.random.RandomState(0)
    for shape in ((X.shape[1], 12), (12, 10)):  # the initial weights are drawn first
        rng.uniform(size=shape)
        rng.uniform(size=shape[1])
    _, held = train_test_split(np.arange(len(y)), random_state=rng, test_size=0.1)
    last = held_out.set_params(max_iter=held_out.best_iter_)
    last.fit(X, y, weight)
    w = None if weight is None else weight[held]
    wanted = last.score(X[held], y[held], w)
    assert last.best_validation_score_ == pytest.approx(wanted)
    given = small(**heavy).fit(X, y, X_val=X, y_val=y)
    p = given.predict_proba(X)[np.arange(len(y)), y]
    assert given.validation_loss_curve_[-1] == pytest.approx(-np.log(p).mean())


# ---- dropout between fits ------------------------------------------------------

CHANGES = {
    "on": ({}, {"dropout": 0.3}),
    "off": ({"dropout": 0.3}, {"dropout": 0.0}),
    "moved": ({"dropout": [0.3, 0.0]}, {"dropout": [0.0, 0.3]}),
    "joined": ({"dropout": 0.3}, {"dropout": 0.3, "input_dropout": 0.2}),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("goes_on", ["partial_fit", "warm_start"])
def test_dropout_may_change_between_fits(change, goes_on):
    before, after = CHANGES[change]
    ends = []
    for _ in range(2):
        model = ScratchMLPClassifier(
            (12, 8), max_iter=3, random_state=0, warm_start=goes_on == "warm_start"
        )
        model.set_params(**before).fit(X, y)
        model.set_params(**after)
        model.partial_fit(X, y) if goes_on == "partial_fit" else model.fit(X, y)
        ends.append(model.coefs_[0])
    np.testing.assert_array_equal(*ends)
    assert np.isfinite(ends[0]).all()


def test_dropout_and_assigned_weights():
    model = small(dropout=0.3).fit(X, y)
    masks = model._network.layers[1].generators[0]
    model.coefs_ = [2 * W for W in model.coefs_]
    wanted = copy.deepcopy(masks).random(5)
    model.partial_fit(X, y)
    # The masks go on where they were: an epoch of 2 batches further.
    assert model._network.layers[1].generators[0] is not masks
    np.testing.assert_array_equal(masks.random(5), wanted)


# ---- the record of a training ----------------------------------------------------


def test_the_history_has_a_row_for_each_epoch():
    pd = pytest.importorskip("pandas")
    model = small(solver="sgd", learning_rate="invscaling", warm_start=True)
    model.fit(X, y, X_val=X, y_val=y)
    model.fit(X, y, X_val=X, y_val=y)
    frame = pd.DataFrame(model.history_)
    assert set(frame.columns) == {
        "epoch",
        "loss",
        "learning_rate",
        "validation_loss",
        "validation_score",
        "seconds",
    }
    assert frame["epoch"].tolist() == list(range(1, 31))
    assert frame["loss"].tolist() == model.loss_curve_
    assert frame["validation_loss"].tolist() == model.validation_loss_curve_
    assert frame["validation_score"].tolist() == model.validation_scores_
    assert (frame["seconds"] > 0).all()
    rates = frame["learning_rate"]
    n = len(y)
    wanted = [0.001, *(0.001 / (k * n + 1) ** 0.5 for k in range(1, 15))]
    np.testing.assert_allclose(rates[:15], wanted)


def test_the_history_of_lbfgs_has_no_rate():
    model = small(solver="lbfgs").fit(X, y)
    assert set(model.history_[0]) == {"epoch", "loss", "seconds"}
    assert len(model.history_) == model.n_iter_


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_the_history_has_the_rate_at_the_start_of_an_epoch(schedule):
    model = small(learning_rate=schedule).fit(X, y)
    rates = [record["learning_rate"] for record in model.history_]
    n_steps = -(-len(y) // 200)
    whole = SCHEDULES[schedule](model.get_params(), n_steps)
    assert rates == [whole.at(epoch * n_steps) for epoch in range(15)]
