"""Many fits at once: each estimator is what its own fit makes of it."""

import pickle
import re
import warnings
from collections import Counter
from contextlib import nullcontext
from functools import cache

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.validation import check_is_fitted

from sknn_scratch import (
    ResNetClassifier,
    ResNetRegressor,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)
from sknn_scratch._estimators import together
from sknn_scratch._estimators.solvers import SOLVERS
from sknn_scratch._estimators.together import Fit, can_wait, fit_together, net_of
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from sknn_scratch._training import loop
from sknn_scratch._training import together as training
from sknn_scratch._training.interrupts import ctrl_c_ends_all
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.schedules import SCHEDULES

ignore_convergence = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning"
)

X, y = load_iris(return_X_y=True)
X, y = scale(X)[::3], y[::3]  # batches of 16, 16, 16 and 2 rows
NAMES = np.array(["setosa", "versicolor", "virginica"])[y]
LABELS = np.c_[y > 0, y == 2, X[:, 0] > 0].astype(int)
TWO_OUTPUTS = np.c_[y, X[:, 1] > 0].astype(int)
Xr, yr = load_diabetes(return_X_y=True)
Xr, yr = scale(Xr)[:50, :4], scale(yr)[:50]
COUNTS = np.abs(np.round(yr)) + 1
WEIGHT = np.random.default_rng(0).random(50)
SMALL = {"max_iter": 4, "batch_size": 16}


def classifiers(n=3, each=(), cls=ScratchMLPClassifier, **common):
    """Small nets; ``each`` has a list with a value for each net."""
    shape = {"hidden_layer_sizes": (4,)}
    if issubclass(cls, ResNetClassifier | ResNetRegressor):
        shape = {"n_layers": 2}
    return [
        cls(
            **{
                **SMALL,
                **shape,
                "random_state": j,
                **common,
                **{name: values[j] for name, values in dict(each).items()},
            }
        )
        for j in range(n)
    ]


def regressors(n=3, each=(), **common):
    return classifiers(n, each, **{"cls": ScratchMLPRegressor, **common})


def warned(work):
    """What a piece of work gives, and a count of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = work()
    return result, Counter((w.category, str(w.message)) for w in caught)


def fitted_alone(fits):
    """A copy of each estimator, fitted by its own ``fit``, or its error; warnings."""

    def each(fit):
        model = pickle.loads(pickle.dumps(fit.estimator))
        try:
            return model.fit(fit.X, fit.y, **fit.params), None
        except Exception as error:
            return model, error

    return warned(lambda: [each(fit) for fit in fits])


def assert_as_alone(fits, expect_together=True, rtol=0, goes_on=True):
    """The estimators are fitted as they are one by one; warnings and errors, too."""
    fits = list(fits)
    alone, their_warnings = fitted_alone(fits)
    done, our_warnings = warned(lambda: fit_together(iter(fits)))
    assert all(ours is given for ours, given in zip(done, fits, strict=True))
    assert our_warnings == their_warnings
    for fit, (own, error) in zip(fits, alone, strict=True):
        assert fit.done
        assert type(fit.error) is type(error)
        assert str(fit.error) == str(error)
        assert fit.seconds > 0
        assert_left_alone(fit.estimator)
        if error is None:
            assert fit.together == expect_together
            assert_same(fit.estimator, own, rtol)
            if goes_on:
                assert_goes_on_alike(fit, own, rtol)
    return fits


def assert_same(estimator, other, rtol=0):
    """Two fitted estimators are the same, but for the time it took."""
    assert type(estimator) is type(other)
    ours, theirs = net_in(estimator), net_in(other)
    mine, wanted = attributes(ours), attributes(theirs)
    assert mine.keys() == wanted.keys()
    for name, value in wanted.items():
        assert_equal(mine[name], value, rtol, name)
    assert_equal(ours._network.theta, theirs._network.theta, rtol)
    if isinstance(ours.random_state, np.random.RandomState):
        np.testing.assert_equal(
            ours.random_state.get_state(), theirs.random_state.get_state()
        )
    if ours.solver == "lbfgs":
        return
    state, other = ours._training_state, theirs._training_state
    assert state.n_epochs == other.n_epochs
    assert state.best is other.best is None
    assert state.optimizer.t == other.optimizer.t
    assert state.optimizer.learning_rate == other.optimizer.learning_rate
    assert_equal(state.optimizer.state, other.optimizer.state, rtol)


def net_in(estimator):
    """The fitted net."""
    if isinstance(estimator, Pipeline):
        return net_in(estimator[-1])
    return (
        net_in(estimator.regressor_) if hasattr(estimator, "regressor_") else estimator
    )


def attributes(net):
    """The public fitted attributes, the seconds left out."""
    found = {name: value for name, value in vars(net).items() if name.endswith("_")}
    found["history_"] = [
        {name: value for name, value in record.items() if name != "seconds"}
        for record in net.history_
    ]
    return found


def assert_equal(ours, theirs, rtol, name=""):
    """Equal, or arrays and numbers that are close; nested; of the same types."""
    assert type(ours) is type(theirs), name
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key in theirs:
            assert_equal(ours[key], theirs[key], rtol, key)
    elif isinstance(theirs, list):
        for mine, wanted in zip(ours, theirs, strict=True):
            assert_equal(mine, wanted, rtol, name)
    elif rtol and np.asarray(theirs).dtype.kind == "f":
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=rtol, err_msg=name)
    else:
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)


def assert_left_alone(estimator):
    """Nothing that only the waiting needed is left, and it can be copied."""
    for model in (estimator, getattr(estimator, "regressor_", estimator)):
        net = net_of(model)
        assert not {"fit", "__sklearn_clone__"} & vars(net).keys()
    pickle.loads(pickle.dumps(estimator))
    assert type(clone(estimator)) is type(estimator)


def assert_goes_on_alike(fit, own, rtol):
    """A later partial_fit finds the same state of the training."""
    if not hasattr(own, "partial_fit"):
        return
    if own.early_stopping and "X_val" not in fit.params:
        return
    if getattr(own, "class_weight", None) == "balanced":
        return
    for model in (fit.estimator, own):
        model.partial_fit(fit.X, fit.y, **fit.params)
    assert_equal(fit.estimator._network.theta, own._network.theta, rtol)
    assert_equal(fit.estimator.loss_curve_, own.loss_curve_, rtol)


def fits_of(models, X=X, y=y, **params):
    return [Fit(model, X, y, dict(params)) for model in models]


# ---- what each comes to ----------------------------------------------------------


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_every_solver_and_schedule(solver, schedule):
    common = {"solver": solver, "learning_rate": schedule, "n_iter_no_change": 1}
    limits = {"max_iter": [3, 6, 6], "tol": [1e-4, 1e-4, 0.1]}
    assert_as_alone(fits_of(classifiers(each=limits, **common)))
    each = {"learning_rate_init": [0.001, 0.01, 0.1], "alpha": [0.0, 1e-4, 1.0]}
    assert_as_alone(fits_of(classifiers(random_state=0, each=each, **common)))


@pytest.mark.parametrize("cls", [ScratchMLPClassifier, ResNetClassifier])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation, cls, dtype):
    models = classifiers(2, cls=cls, activation=activation, dtype=dtype)
    fits = assert_as_alone(fits_of(models), goes_on=False)
    assert net_in(fits[0].estimator)._network.dtype == dtype


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
@pytest.mark.parametrize(
    "target",
    [y, NAMES, (y > 0), LABELS, sparse.csr_matrix(LABELS), TWO_OUTPUTS],
    ids=["three", "names", "binary", "labels", "sparse labels", "two outputs"],
)
def test_every_loss_of_classifiers(loss, target, early_stopping):
    fraction = {"early_stopping": early_stopping, "validation_fraction": 0.3}
    models = classifiers(2, loss=loss, **fraction)
    assert_as_alone(fits_of(models, y=target), goes_on=False)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("target", [COUNTS, np.c_[COUNTS, COUNTS[::-1]]], ids=[1, 2])
@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_every_loss_of_regressors(loss, target, early_stopping, dtype):
    options = {"quantile": 0.7} if loss == "quantile" else {}
    options |= {"loss": loss, "early_stopping": early_stopping, "dtype": dtype}
    assert_as_alone(fits_of(regressors(2, **options), Xr, target), goes_on=False)


#: What three nets have in common, in what they differ, and how close they come.
OPTIONS = {
    "seeds": ({}, {}),
    "one seed": ({"random_state": 0}, {"alpha": [0.1, 0.2, 0.3]}),
    "generators": (
        {},
        {"random_state": [np.random.RandomState(j) for j in range(3)]},
    ),
    "no penalty": ({"alpha": 0.0}, {}),
    "penalties": ({}, {"alpha": [0.0, 1e-4, 1.0]}),
    "rates": ({}, {"learning_rate_init": [1e-3, 1e-2, 0.1]}),
    "limits": ({}, {"max_iter": [2, 4, 9]}),
    "limits of one seed": ({"random_state": 0}, {"max_iter": [2, 4, 9]}),
    "tolerances": (
        {"max_iter": 12, "random_state": 0},
        {"tol": [1e-4, 0.1, 1.0], "n_iter_no_change": [10, 2, 1]},
    ),
    "betas": ({}, {"beta_1": [0.9, 0.8, 0.5], "beta_2": [0.999, 0.9, 0.99]}),
    "epsilons": ({}, {"epsilon": [1e-8, 1e-5, 1e-3]}),
    "decays": ({"solver": "adamw"}, {"weight_decay": [0.0, 0.1, 1.0]}),
    "momenta": ({"solver": "sgd"}, {"momentum": [0.9, 0.5, 0.1]}),
    "no momentum": ({"solver": "sgd", "momentum": 0.0}, {}),
    "not Nesterov's": ({"solver": "sgd", "nesterovs_momentum": False}, {}),
    "powers": (
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"power_t": [0.1, 0.5, 1.0]},
    ),
    "warm-ups": (
        {"learning_rate": "cosine"},
        {"warmup_fraction": [0.0, 0.3, 0.5], "max_iter": [3, 4, 5]},
    ),
    "dropout": ({"dropout": 0.3, "input_dropout": 0.1}, {}),
    "dropout rates": ({}, {"dropout": [0.1, 0.2, 0.3], "max_iter": [2, 4, 6]}),
    "smoothing": ({}, {"label_smoothing": [0.1, 0.2, 0.3]}),
    "class weights": ({"class_weight": {0: 2.0, 1: 1.0, 2: 0.5}}, {}),
    "balanced": ({"class_weight": "balanced"}, {}),
    "each its class weights": (
        {},
        {"class_weight": [{0: 2.0}, {1: 3.0}, "balanced"]},
    ),
    "clipped": ({"clip_norm": 0.1}, {}),
    "clipped at": ({}, {"clip_norm": [0.01, 0.1, 10.0]}),
    "averaged": ({"weight_averaging": 0.9}, {"max_iter": [2, 4, 6]}),
    "in order": ({"shuffle": False}, {}),
    "one batch": ({"batch_size": "auto"}, {}),
    "batches of all": ({"batch_size": 50}, {}),
    "stopped early": (
        {"early_stopping": True, "max_iter": 12, "learning_rate_init": 0.05},
        {"n_iter_no_change": [1, 2, 3]},
    ),
    "stopped early of one seed": (
        {"early_stopping": True, "max_iter": 12, "random_state": 0},
        {"n_iter_no_change": [1, 2, 3], "alpha": [0.0, 0.1, 1.0]},
    ),
    "stopped by the loss": (
        {"early_stopping": True, "scoring": "loss", "max_iter": 12},
        {"tol": [0.01, 0.1, 1.0], "n_iter_no_change": [2] * 3},
    ),
    "averaged and stopped": (
        {"early_stopping": True, "weight_averaging": 0.8, "max_iter": 12},
        {"n_iter_no_change": [1, 2, 3]},
    ),
    "adaptive and stopped": (
        {"early_stopping": True, "solver": "sgd", "learning_rate": "adaptive"},
        {"n_iter_no_change": [1, 1, 2], "max_iter": [20, 30, 30]},
    ),
    "drawn": ({"init": "he_normal"}, {}),
    "deep": ({"hidden_layer_sizes": (5, 4, 3)}, {}),
    "flat": ({"hidden_layer_sizes": ()}, {}),
}
#: Where NumPy rounds in another order: powers of an array, and sums of squares.
ROUNDED = {"betas", "clipped", "clipped at"}
each_option = pytest.mark.parametrize("option", OPTIONS)


@each_option
def test_every_option(option, dtype):
    common, each = OPTIONS[option]
    rtol = 0
    if option in ROUNDED:
        rtol = 1e-4 if dtype == "float32" else 1e-9
    assert_as_alone(fits_of(classifiers(each=each, dtype=dtype, **common)), rtol=rtol)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cls", [ScratchMLPClassifier, ResNetClassifier])
@pytest.mark.parametrize("one_seed", [False, True])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_validation_set_and_weights(early_stopping, one_seed, cls, weighted):
    given = {"X_val": X[:20] + 0.1, "y_val": y[:20]}
    if weighted:
        given |= {"sample_weight": WEIGHT, "sample_weight_val": WEIGHT[:20]}
    each = {"alpha": [0.0, 0.1, 1.0], "max_iter": [3, 6, 9]}
    common = {"cls": cls, "early_stopping": early_stopping}
    common |= {"random_state": 7} if one_seed else {}
    fits = assert_as_alone(fits_of(classifiers(each=each, **common), **given))
    assert len(fits[0].estimator.validation_scores_) > 2


def test_each_its_rows_targets_and_weights():
    fits = [
        Fit(
            model,
            X + j,
            NAMES[::-1] if j else NAMES,
            {
                "sample_weight": WEIGHT + j,
                "X_val": X[j : 9 + j],
                "y_val": NAMES[j : 9 + j],
            },
        )
        for j, model in enumerate(classifiers())
    ]
    assert_as_alone(fits)


@pytest.mark.parametrize(
    "options",
    [
        {"width": 5},
        {"width": 5, "lift": "pad"},
        {"tie_weights": True},
        {"dropout": 0.2},
        {"step_size": 0.3, "early_stopping": True},
    ],
    ids=str,
)
def test_residual_networks(options, dtype):
    common = {"cls": ResNetClassifier, "dtype": dtype, **options}
    each = {"alpha": [0.0, 0.1, 1.0]}
    assert_as_alone(fits_of(classifiers(each=each, **common)))
    one_seed = classifiers(each=each, random_state=0, **common)
    assert_as_alone(fits_of(one_seed), goes_on=False)


def test_residual_regressors():
    models = classifiers(cls=ResNetRegressor, n_layers=3)
    assert_as_alone(fits_of(models, Xr, np.c_[yr, yr[::-1]]))


def test_rows_of_other_kinds():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    fits = assert_as_alone(fits_of(classifiers(), frame, pandas.Series(NAMES)))
    assert fits[0].estimator.feature_names_in_.tolist() == list("abcd")
    assert_as_alone(fits_of(classifiers(), X.tolist(), y.tolist()))
    assert_as_alone(fits_of(classifiers(), np.asfortranarray(X)))
    assert_as_alone(fits_of(classifiers(), X[::2, ::2], y[::2]))


# ---- scikit-learn's own ----------------------------------------------------------


@ignore_convergence
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(
    ("solver", "schedule"),
    [
        ("adam", "constant"),
        *(("sgd", s) for s in ("constant", "invscaling", "adaptive")),
    ],
)
@pytest.mark.parametrize("regression", [False, True])
def test_scikit_learns_nets(regression, solver, schedule, early_stopping):
    """Trained at once, ours have the weights of MLPClassifier and MLPRegressor."""
    common = {"solver": solver, "learning_rate": schedule, "max_iter": 15}
    common |= {"learning_rate_init": 0.05, "n_iter_no_change": 2, "batch_size": 16}
    common |= {"hidden_layer_sizes": (4,), "early_stopping": early_stopping}
    rows, target = (Xr, yr) if regression else (X, y)
    cls, twin = (
        (ScratchMLPRegressor, MLPRegressor)
        if regression
        else (ScratchMLPClassifier, MLPClassifier)
    )
    each = [
        {"random_state": j % 2, "alpha": 0.1 * j, "tol": 10.0 ** -(1 + j)}
        for j in range(5)
    ]
    fits = fit_together(fits_of([cls(**common, **own) for own in each], rows, target))
    for fit, own in zip(fits, each, strict=True):
        assert fit.error is None
        ours, theirs = fit.estimator, twin(**common, **own).fit(rows, target)
        for name in ("n_iter_", "t_", "n_layers_", "out_activation_"):
            assert getattr(ours, name) == getattr(theirs, name)
        pairs = zip(
            [*ours.coefs_, *ours.intercepts_, ours.loss_curve_],
            [*theirs.coefs_, *theirs.intercepts_, theirs.loss_curve_],
            strict=True,
        )
        for mine, wanted in pairs:
            np.testing.assert_allclose(mine, wanted, rtol=1e-6, atol=1e-9)
        if early_stopping:
            np.testing.assert_allclose(
                ours.validation_scores_, theirs.validation_scores_, rtol=1e-9
            )
        else:
            assert ours.best_loss_ == pytest.approx(theirs.best_loss_)
    assert all(fit.together for fit in fits)
    if schedule == "constant":  # they do not all end in the last epoch
        assert len({fit.estimator.n_iter_ for fit in fits}) > 1


# ---- groups ----------------------------------------------------------------------


def stacks(monkeypatch):
    """The numbers of nets that are trained at once, filled in as it goes on."""
    sizes, train = [], together.train_together

    def spied(runs):
        sizes.append(len(runs))
        return train(runs)

    monkeypatch.setattr(together, "train_together", spied)
    return sizes


def mixed():
    """Nets of two seeds that end after another number of epochs each."""
    each = {
        "random_state": [0] * 5 + [1, 2, 3],
        "alpha": [0.0, 0.1, 0.2, 0.3, 0.4, 0.0, 0.1, 0.2],
        "max_iter": [1, 5, 3, 5, 2, 4, 5, 2],
    }
    return classifiers(8, each, weight_averaging=0.9, early_stopping=True)


@cache
def mixed_alone():
    return [model for (model, _) in fitted_alone(fits_of(mixed()))[0]]


@pytest.mark.parametrize("enough", [1, 4, 100])
@pytest.mark.parametrize("most", [2, 3, 64])
@pytest.mark.parametrize("gone", [0.0, 1 / 8, 2.0])
def test_no_grouping_changes_anything(monkeypatch, gone, most, enough):
    sizes = stacks(monkeypatch)
    monkeypatch.setattr(together, "ENOUGH", enough)
    monkeypatch.setattr(training, "GONE", gone)
    monkeypatch.setattr(training, "MOST_NETS", most)
    fits = fits_of(mixed())
    _, caught = warned(lambda: fit_together(fits))
    assert {category for category, _ in caught} == {ConvergenceWarning}
    assert caught.total() == 8  # one each
    for fit, own in zip(fits, mixed_alone(), strict=True):
        assert_same(fit.estimator, own)
    assert max(sizes) <= most
    assert sum(sizes) == sum(fit.together for fit in fits)


@pytest.mark.parametrize(
    ("enough", "most", "wanted"),
    [
        (8, 64, [8]),  # the five of one seed are too few for a stack of their own
        (5, 64, [5, 3]),
        (5, 3, [2, 3, 3]),
        (8, 4, [2, 3, 3]),  # four are as many as fit: enough
        (100, 3, [2, 3, 3]),
        (8, 5, [5, 3]),
        (5, 7, [5, 3]),
        (8, 7, [4, 4]),
        (8, 1, []),
    ],
)
@ignore_convergence
def test_the_groups(monkeypatch, enough, most, wanted):
    sizes = stacks(monkeypatch)
    monkeypatch.setattr(together, "ENOUGH", enough)
    monkeypatch.setattr(training, "MOST_NETS", most)
    fits = fit_together(fits_of(mixed()))
    assert sizes == wanted
    assert all(fit.together == (most > 1) for fit in fits)


@ignore_convergence
def test_nets_that_fill_the_cache_are_trained_alone(monkeypatch):
    sizes = stacks(monkeypatch)
    monkeypatch.setattr(training, "CACHED_BYTES", 1)
    fits = fit_together(fits_of(classifiers()))
    assert sizes == []
    assert not any(fit.together for fit in fits)
    assert all(fit.done and fit.error is None for fit in fits)


def test_every_kind_of_net_has_a_group_of_its_own(monkeypatch):
    sizes = stacks(monkeypatch)
    kinds = [{}, {"hidden_layer_sizes": (3,)}, {"loss": "squared_error"}]
    kinds += [{"solver": "sgd"}, {"batch_size": 10}, {"early_stopping": True}]
    models = [model for kind in kinds for model in classifiers(2, **kind)]
    # In turns: the fits come back in the order in which they were given.
    assert_as_alone(fits_of(models[::2] + models[1::2]))
    assert sizes == [2] * len(kinds)


def test_a_lone_net_is_trained_alone():
    assert_as_alone(fits_of(classifiers(1)), expect_together=False)


def test_no_fits():
    assert fit_together([]) == []


def test_a_fit_of_ones_own_parameters():
    fit, other = Fit(None, X, y), Fit(None, X, y)
    assert fit.params == {}
    assert fit.params is not other.params
    assert not fit.done
    assert not fit.together
    assert fit.error is None
    assert fit.seconds == 0


# ---- memory ----------------------------------------------------------------------


@ignore_convergence
def test_nets_wait_with_so_many_bytes_of_rows_at_the_most(monkeypatch):
    sizes = stacks(monkeypatch)
    monkeypatch.setattr(together, "WAITING_BYTES", 2 * X.nbytes)
    asked = []

    def fits():
        for j, model in enumerate(classifiers(7)):
            asked.append(list(sizes))
            yield Fit(model, X + j, y)

    done = fit_together(fits())
    # The third goes over the bound, and is trained with the first two.
    assert sizes == [3, 3]
    assert asked == [[], [], [], [3], [3], [3], [3, 3]]
    assert [fit.together for fit in done] == [True] * 6 + [False]
    for j, (fit, own) in enumerate(zip(done, classifiers(7), strict=True)):
        assert_same(fit.estimator, own.fit(X + j, y))


@ignore_convergence
def test_equal_rows_are_held_once(monkeypatch):
    sizes = stacks(monkeypatch)
    monkeypatch.setattr(together, "WAITING_BYTES", 2 * X.nbytes)
    fit_together(Fit(model, X.copy(), y) for model in classifiers(7))
    assert sizes == [7]


# ---- what is around a net --------------------------------------------------------


def test_the_net_inside():
    net = ScratchMLPClassifier()
    assert net_of(net) is net
    assert net_of(make_pipeline(StandardScaler(), net)) is net
    regressor = ScratchMLPRegressor()
    transformed = TransformedTargetRegressor(make_pipeline(PCA(), regressor))
    assert net_of(make_pipeline(PCA(), transformed)) is regressor
    for other in (
        LogisticRegression(),
        make_pipeline(net, LogisticRegression()),
        make_pipeline(PCA(), "passthrough"),
        TransformedTargetRegressor(),
        None,
    ):
        assert net_of(other) is None


@pytest.mark.parametrize("memory", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_pipelines(memory, weighted, tmp_path):
    params = {"net__sample_weight": WEIGHT} if weighted else {}
    cache = str(tmp_path) if memory else None
    models = [
        Pipeline(
            [("scale", StandardScaler()), ("pca", PCA(2)), ("net", net)], memory=cache
        )
        for net in classifiers(4, {"alpha": [0.0, 0.1, 0.2, 0.3]}, random_state=0)
    ]
    fits = assert_as_alone(fits_of(models, 10 * X, **params), goes_on=False)
    for fit in fits:
        assert fit.estimator.predict(10 * X).shape == (50,)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scaled", [False, True])
def test_transformed_targets(scaled, weighted):
    """The net is cloned on the way, and only its clone is fitted."""
    nets = regressors()
    inner = [make_pipeline(StandardScaler(), net) if scaled else net for net in nets]
    models = [
        TransformedTargetRegressor(each, transformer=StandardScaler()) for each in inner
    ]
    name = "scratchmlpregressor__sample_weight" if scaled else "sample_weight"
    params = {name: WEIGHT} if weighted else {}
    fits = assert_as_alone(fits_of(models, Xr, 50 * yr, **params), goes_on=False)
    for fit, net in zip(fits, nets, strict=True):
        assert not hasattr(net, "coefs_")
        assert net_of(fit.estimator) is net
        assert fit.estimator.predict(Xr).std() > 0
    transformed = [TransformedTargetRegressor(make_pipeline(PCA(), m)) for m in models]
    assert_as_alone(fits_of(transformed, Xr, yr), goes_on=False)


# ---- what cannot be trained with others ------------------------------------------


class OfOnesOwn(ScratchMLPClassifier):
    """Its fit is not the one that is known."""

    def fit(self, X, y):
        return super().fit(X, y)


def accuracy(estimator, X, y):
    return float(np.mean(estimator.predict(X) == y))


#: Options, and whether the rows are sparse.
APART = {
    "lbfgs": ({"solver": "lbfgs", "tol": 1.0}, False),
    "sparse": ({}, True),
    "scorer": ({"early_stopping": True, "scoring": accuracy}, False),
    "named scorer": ({"early_stopping": True, "scoring": "f1_macro"}, False),
    "warm start": ({"warm_start": True}, False),
    "fit of its own": ({"cls": OfOnesOwn}, False),
}
apart = pytest.mark.parametrize(("options", "is_sparse"), APART.values(), ids=APART)


def apart_fits(options, is_sparse):
    models = classifiers(2, **options)
    if models[0].solver == "lbfgs":
        models = [model.set_params(batch_size="auto") for model in models]
    return fits_of(models, sparse.csr_matrix(X) if is_sparse else X)


@apart
def test_what_cannot_go_together_is_trained_alone(options, is_sparse):
    assert_as_alone(apart_fits(options, is_sparse), expect_together=False)


#: What is known before the fit; the others are found out on the way, and then done.
AT_ONCE = "lbfgs", "warm start", "fit of its own"


@pytest.mark.parametrize("name", APART)
def test_or_it_is_left_undone(name):
    fits = apart_fits(*APART[name])
    (lone,) = classifiers(1, hidden_layer_sizes=(3,))
    undone = [Fit(LogisticRegression(), X, y), *(fits if name in AT_ONCE else [])]
    done = [Fit(lone, X, y), *([] if name in AT_ONCE else fits)]
    warned(lambda: fit_together([*undone, *done], alone=False))
    for fit in undone:
        assert not fit.done
        assert not hasattr(fit.estimator, "n_features_in_")
        with pytest.raises(NotFittedError):
            check_is_fitted(fit.estimator)
    for fit in done:
        assert fit.done
        check_is_fitted(fit.estimator)
    for fit in [*undone, *done]:
        assert not fit.together
        assert fit.error is None
        assert not {"fit", "__sklearn_clone__"} & vars(fit.estimator).keys()
        pickle.dumps(fit.estimator)


@ignore_convergence
def test_the_others_are_done_all_the_same():
    some = classifiers(2)
    fits = [*apart_fits(*APART["lbfgs"]), *fits_of(some)]
    assert [fit.done for fit in fit_together(fits, alone=False)] == [0, 0, 1, 1]
    check_is_fitted(some[0])


def test_the_fit_of_a_warm_start_goes_on():
    models = classifiers(2, warm_start=True)
    warned(lambda: [model.fit(X, y) for model in models])
    fits = assert_as_alone(fits_of(models), expect_together=False, goes_on=False)
    assert len(fits[0].estimator.loss_curve_) == 8


def test_callbacks_are_told():
    pytest.importorskip("sklearn.callback", reason="came with scikit-learn 1.9")

    class Told:
        def __init__(self):
            self.epochs = 0

        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context):
            self.epochs += context.task_name == "epoch"

    told, models = Told(), classifiers(3)
    models[0].set_callbacks(told)
    with pytest.warns(ConvergenceWarning):
        fits = fit_together(fits_of(models))
    assert told.epochs == 4
    assert [fit.together for fit in fits] == [False, True, True]
    assert all(fit.done for fit in fits)


@pytest.mark.parametrize("solver", SOLVERS)
def test_stochastic_solvers_can_wait(solver):
    assert can_wait(ScratchMLPClassifier(solver=solver)) == (solver in OPTIMIZERS)


def test_an_unknown_solver_cannot_wait():
    assert not can_wait(ScratchMLPClassifier(solver="newton"))
    assert not can_wait(None)


def test_other_estimators_are_fitted(capsys):
    (fit,) = fit_together([Fit(LogisticRegression(), X, y)])
    check_is_fitted(fit.estimator)
    assert fit.done
    assert not fit.together
    assert fit.seconds > 0


def test_verbose_nets_say_what_they_say_alone(capsys):
    fits = fits_of(classifiers(verbose=True, early_stopping=True))
    fitted_alone(fits)
    alone = capsys.readouterr().out.splitlines()
    warned(lambda: fit_together(fits))
    ours = capsys.readouterr().out.splitlines()
    assert len(ours) == 3 * 2 * 4
    # Epoch by epoch, not net by net.
    assert Counter(ours) == Counter(alone)
    assert [line.split(",")[0] for line in ours[:6:2]] == ["Iteration 1"] * 3


# ---- failures --------------------------------------------------------------------


class Broken(TransformerMixin, BaseEstimator):
    """A step that fails."""

    def fit(self, X, y=None):
        raise ArithmeticError("a broken step")


def with_nan():
    rows = X.copy()
    rows[3, 2] = np.nan
    return rows


(PLAIN,) = classifiers(1)
#: Fits that fail.
FAILING = {
    "NaN in X": lambda: Fit(clone(PLAIN), with_nan(), y),
    "y too short": lambda: Fit(clone(PLAIN), X, y[:-1]),
    "no y": lambda: Fit(clone(PLAIN), X, None),
    "y continuous": lambda: Fit(clone(PLAIN), X, yr),
    "parameter": lambda: Fit(clone(PLAIN).set_params(alpha=-1), X, y),
    "schedule": lambda: Fit(clone(PLAIN).set_params(learning_rate=0.1), X, y),
    "activation": lambda: Fit(clone(PLAIN).set_params(activation="rely"), X, y),
    "solver": lambda: Fit(clone(PLAIN).set_params(solver="newton"), X, y),
    "initial weights": lambda: Fit(clone(PLAIN).set_params(coefs_init=[X]), X, y),
    "weights": lambda: Fit(clone(PLAIN), X, y, {"sample_weight": 0 * WEIGHT}),
    "half a validation set": lambda: Fit(clone(PLAIN), X, y, {"X_val": X}),
    "unknown class": lambda: Fit(clone(PLAIN), X, y, {"X_val": X, "y_val": y + 1}),
    "nothing held out": lambda: Fit(
        clone(PLAIN).set_params(early_stopping=True, validation_fraction=0.0), X, y
    ),
    "step": lambda: Fit(make_pipeline(Broken(), clone(PLAIN)), X, y),
    "parameter of a step": lambda: Fit(make_pipeline(PCA(99), clone(PLAIN)), X, y),
    "fit parameter": lambda: Fit(make_pipeline(clone(PLAIN)), X, y, {"weight": 1}),
    "transformer": lambda: Fit(
        TransformedTargetRegressor(*regressors(1), transformer=Broken()), Xr, yr
    ),
    "counts": lambda: Fit(*regressors(1, loss="poisson"), Xr, -COUNTS),
    "not a net": lambda: Fit(LogisticRegression(C=-1), X, y),
}


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("failing", FAILING.values(), ids=FAILING)
def test_a_fit_that_fails_says_so_and_harms_no_other(failing, alone):
    first, last = classifiers(2)
    fit = failing()
    ((_, error),), _ = fitted_alone([fit])
    assert error is not None
    others = fits_of([first, last])
    alone_others, wanted = fitted_alone(others)
    fits = [others[0], fit, others[1]]
    _, caught = warned(lambda: fit_together(fits, alone=alone))
    if alone or can_wait(net_of(fit.estimator)):
        assert fit.done
        assert (type(fit.error), str(fit.error)) == (type(error), str(error))
    else:
        assert not fit.done
        assert fit.error is None
    assert not fit.together
    assert caught == wanted
    for other, (model, _) in zip(others, alone_others, strict=True):
        assert other.together
        assert_same(other.estimator, model)
    if net_of(fit.estimator) is not None:
        assert_left_alone(fit.estimator)
        with pytest.raises(NotFittedError):
            check_is_fitted(net_of(fit.estimator))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("loss", ["squared_error", "huber"])
def test_a_net_that_diverges_harms_no_other(loss):
    """The first ends with finite weights and a warning, the second with an error."""
    rates = [1e-3, 1e3, 1e-8, 1e-7]
    options = {"solver": "sgd", "activation": "identity", "loss": loss, "max_iter": 12}
    options |= {"alpha": 0.0}
    fits = fits_of(
        regressors(4, {"learning_rate_init": rates}, **options), 1e3 * Xr, yr
    )
    alone, their_warnings = fitted_alone(fits)
    _, our_warnings = warned(lambda: fit_together(fits))

    def said(caught):
        # NumPy names the function in which it overflowed: dot, or matmul.
        return {key: n for key, n in caught.items() if key[0] is ConvergenceWarning}

    assert said(our_warnings) == said(their_warnings)
    failed = [error is not None for _, error in alone]
    assert any(failed)
    assert not failed[-1]
    for fit, (own, error) in zip(fits, alone, strict=True):
        assert fit.together
        assert str(fit.error) == str(error)
        if error is None:
            assert_same(fit.estimator, own)
        else:
            assert "Solver produced non-finite parameter weights" in str(error)
            assert not hasattr(fit.estimator, "coefs_")
        assert_left_alone(fit.estimator)


@pytest.mark.filterwarnings("error")
def test_a_warning_that_is_an_error_is_one_of_its_own_fit():
    fits = fits_of(classifiers(each={"max_iter": [1, 200, 1], "tol": [0, 9, 0]}))
    fit_together(fits)
    assert [type(fit.error) for fit in fits] == [
        ConvergenceWarning,
        type(None),
        ConvergenceWarning,
    ]
    check_is_fitted(fits[1].estimator)
    assert not hasattr(fits[0].estimator, "coefs_")


def test_each_net_that_is_not_finished_is_warned_of_once():
    fits = fits_of(classifiers(4, {"max_iter": [1, 2, 2, 200], "tol": [0, 0, 0, 9]}))
    _, caught = warned(lambda: fit_together(fits))
    assert {category for category, _ in caught} == {ConvergenceWarning}
    limits = {re.search(r"\((\d)\)", text)[1]: n for (_, text), n in caught.items()}
    assert limits == {"1": 1, "2": 2}


def test_batches_of_which_one_weighs_nothing_for_one_net():
    """Such a batch is left out, but not for the others: one fit after the other."""
    weight = WEIGHT.copy()
    weight[16:32] = 0
    fits = [
        Fit(model, X, y, {"sample_weight": own})
        for model, own in zip(
            classifiers(shuffle=False), (WEIGHT, weight, WEIGHT), strict=True
        )
    ]
    alone, wanted = fitted_alone(fits)
    _, caught = warned(lambda: fit_together(fits))
    assert caught == wanted
    for fit, (own, _) in zip(fits, alone, strict=True):
        assert fit.done
        assert not fit.together
        assert fit.error is None
        assert fit.seconds > 0
        assert_same(fit.estimator, own)
        assert_left_alone(fit.estimator)


def test_a_batch_that_weighs_nothing_for_all_is_left_out_for_all():
    weight = WEIGHT.copy()
    weight[16:32] = 0
    models = classifiers(shuffle=False, random_state=0, each={"alpha": [0.0, 0.1, 1.0]})
    assert_as_alone(fits_of(models, sample_weight=weight))


# ---- Ctrl-C ----------------------------------------------------------------------


def interrupt(monkeypatch, module):
    """Ctrl-C in the third epoch."""
    calls, run_epoch = [], module.run_epoch

    def until_the_third(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return run_epoch(*args)

    monkeypatch.setattr(module, "run_epoch", until_the_third)


@ignore_convergence
@pytest.mark.parametrize("block", [nullcontext, ctrl_c_ends_all])
def test_ctrl_c_leaves_the_estimators_as_they_were(monkeypatch, block):
    models = [*classifiers(2), make_pipeline(StandardScaler(), *classifiers(1))]
    models[0].fit(X, y)
    before = pickle.dumps(models[0])
    interrupt(monkeypatch, training)
    with pytest.raises(KeyboardInterrupt), block():
        fit_together(fits_of(models))
    assert_same(models[0], pickle.loads(before))
    for model in models:
        assert_left_alone(model)
    for model in models[1:]:
        assert not hasattr(net_of(model), "coefs_")
        with pytest.raises(NotFittedError):
            check_is_fitted(net_of(model))


def test_ctrl_c_in_the_one_training_of_a_lone_net_keeps_it(monkeypatch):
    interrupt(monkeypatch, loop)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        (fit,) = fit_together(fits_of(classifiers(1)))
    assert fit.done
    assert fit.error is None
    assert fit.estimator.n_iter_ == 2


def test_ctrl_c_in_a_lone_net_ends_all_that_is_going_on(monkeypatch):
    interrupt(monkeypatch, loop)
    (model,) = classifiers(1)
    with pytest.raises(KeyboardInterrupt), ctrl_c_ends_all():
        fit_together(fits_of([model]))
    assert not hasattr(model, "coefs_")
    assert_left_alone(model)
