"""What one fit must not do to another, to its estimator, or to the next fit."""

import pickle
import warnings
import weakref

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._estimators import together
from sknn_scratch._estimators.together import Fit, fit_together
from sknn_scratch._training import together as training

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)


def net(seed=0, cls=ScratchMLPClassifier, **options):
    settings = {"hidden_layer_sizes": (4,), "max_iter": 3, "batch_size": 20}
    return cls(**{**settings, "random_state": seed, **options})


def theta(model):
    return model._network.theta


@pytest.mark.parametrize("constant_first", [False, True])
def test_a_net_whose_y_has_one_class_among_others_with_two(constant_first):
    """Each is scored by its own target."""
    two, one = (y > 0).astype(int), np.zeros(150, int)
    ys = [one, two] if constant_first else [two, one]
    fits = [Fit(net(j, early_stopping=True), X, t) for j, t in enumerate(ys)]
    fit_together(fits)
    for j, fit in enumerate(fits):
        alone = net(j, early_stopping=True).fit(X, ys[j])
        assert fit.estimator.validation_scores_ == alone.validation_scores_


def test_dropout_and_a_net_that_has_ended_and_stays_in_its_stack():
    """What its stack draws for it is not drawn from its own generators."""
    limits = [2] + [6] * 9  # 1 of 10 is less than GONE
    models = [net(j, max_iter=n, dropout=0.3) for j, n in enumerate(limits)]
    fit_together([Fit(m, X, y) for m in models])
    alone = net(0, max_iter=2, dropout=0.3).fit(X, y)
    np.testing.assert_array_equal(theta(models[0]), theta(alone))
    np.testing.assert_array_equal(
        theta(models[0].partial_fit(X, y)), theta(alone.partial_fit(X, y))
    )


def test_generators_of_equal_state():
    """Each of them goes on, though one order of the rows serves all nets."""
    models = [net(np.random.RandomState(0), alpha=a) for a in (0.0, 0.1)]
    fit_together([Fit(m, X, y) for m in models])
    alone = net(np.random.RandomState(0), alpha=0.1).fit(X, y)
    np.testing.assert_equal(
        models[1].random_state.get_state(), alone.random_state.get_state()
    )


def test_one_generator_for_two_nets():
    """Alone the first takes all its draws before the second takes any."""
    one, other = np.random.RandomState(0), np.random.RandomState(0)
    models = [net(one), net(one)]
    fit_together([Fit(m, X, y) for m in models])
    for m in models:
        np.testing.assert_array_equal(theta(m), theta(net(other).fit(X, y)))


def test_one_by_one_after_all():
    """From the generators' first state, and on the estimators that were given."""
    weight = np.ones(150)
    weight[:20] = 0
    models = [net(np.random.RandomState(j), shuffle=False) for j in range(2)]
    weights = [weight, np.ones(150)]
    fits = [
        Fit(m, X, y, {"sample_weight": w}) for m, w in zip(models, weights, strict=True)
    ]
    fit_together(fits)
    for j, fit in enumerate(fits):
        alone = net(np.random.RandomState(j), shuffle=False)
        alone.fit(X, y, sample_weight=weights[j])
        np.testing.assert_array_equal(theta(fit.estimator), theta(alone))
    assert fits[0].estimator is models[0]  # the one that was given


# ---- one net harms the others ---------------------------------------------------


def test_weights_of_a_batch_that_add_up_to_0():
    """It ends those two fits, and no other."""
    weight = np.ones(150)
    weight[1] = -1
    models = [net(0, alpha=a, batch_size=2, shuffle=False) for a in (0.0, 0.1)]
    lone = net(0, hidden_layer_sizes=(3,))
    fits = [Fit(m, X, y, {"sample_weight": weight}) for m in models]
    fits = fit_together([*fits, Fit(lone, X, y)])
    assert [fit.error is None for fit in fits] == [False, False, True]
    assert "add up to 0" in str(fits[0].error)


def test_a_warning_that_is_an_error_in_the_training():
    """Only the fit that overflows fails."""
    options = {"cls": ScratchMLPRegressor, "solver": "adam", "activation": "identity"}
    rates = (1e200, 1e-3, 1e-3)
    models = [net(j, learning_rate_init=r, **options) for j, r in enumerate(rates)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        fits = fit_together([Fit(m, X, y) for m in models])
    # Whether NumPy warns of it, or gives infinite weights, is the version's choice.
    assert isinstance(fits[0].error, (RuntimeWarning, ValueError))
    assert fits[1].error is fits[2].error is None


def test_a_net_that_has_ended_goes_on_at_its_first_rate():
    """Trained on at its first rate it would overflow."""
    rates, limits = [1e-7] + [1e-9] * 9, [2] + [80] * 9
    options = {"cls": ScratchMLPRegressor, "solver": "sgd", "activation": "identity"}
    options |= {"learning_rate": "cosine", "tol": 0, "batch_size": 150}
    models = [
        net(j, max_iter=limits[j], learning_rate_init=rates[j], **options)
        for j in range(10)
    ]
    stacks = []
    end_some = training.Stack.end_some

    def spied(stack):
        stacks.append((len(stack.alive), stack.network.theta[0].copy()))
        return end_some(stack)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.Stack, "end_some", spied)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit_together([Fit(m, 1e3 * X, y * 1.0) for m in models])
    assert not [w for w in caught if w.category is RuntimeWarning]


# ---- what is left on estimators -------------------------------------------------


def attributes_left(model):
    return vars(model).keys() - model.get_params().keys()


def test_a_fit_that_fails_after_validation():
    model = net(cls=ScratchMLPRegressor, loss="poisson")
    fit_together([Fit(model, X, -y - 1)])
    assert attributes_left(model) == set()


def test_a_fitted_model_whose_next_fit_fails():
    """It is as before."""
    model = net(cls=ScratchMLPRegressor, loss="poisson").fit(X, y)
    fit_together([Fit(model, X[:, :2], -y - 1)])
    assert model.n_features_in_ == 4
    model.predict(X)


def test_ctrl_c(monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "run_epoch", interrupted)
    models = [net(0), net(1).fit(X, y)]
    with pytest.raises(KeyboardInterrupt):
        fit_together([Fit(m, X[:, :2], y) for m in models])
    assert models[1].n_features_in_ == 4
    assert attributes_left(models[0]) == set()


class Broken(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        raise ValueError("broken")


def test_the_clone_of_a_transformed_target_that_was_never_fitted():
    """Nothing of ours stays on the net in ``regressor_``."""
    inner = make_pipeline(Broken(), net(cls=ScratchMLPRegressor))
    model = TransformedTargetRegressor(inner)
    fit_together([Fit(model, X, y)])
    assert not {"fit", "__sklearn_clone__"} & vars(model.regressor_[-1]).keys()
    pickle.dumps(model)


# ---- small things ---------------------------------------------------------------


def test_callbacks_that_a_pipeline_hands_on():
    """They are told of each epoch."""
    pytest.importorskip("sklearn.callback")

    class Told:
        max_propagation_depth = None
        epochs = 0

        def setup(self, estimator, context): ...
        def teardown(self, estimator, context): ...
        def on_fit_task_begin(self, estimator, context): ...
        def on_fit_task_end(self, estimator, context):
            self.epochs += context.task_name == "epoch"

    told = Told()
    models = [make_pipeline(StandardScaler(), net(j)) for j in range(2)]
    models[0].set_callbacks(told)
    fit_together([Fit(m, X, y) for m in models])
    assert told.epochs == 3


def test_validation_that_is_switched_off():
    with config_context(skip_parameter_validation=True):
        net(alpha=-1e-9).fit(X, y)
        (fit,) = fit_together([Fit(net(alpha=-1e-9), X, y)])
    assert fit.error is None


def test_the_message_for_an_unknown_parameter_of_fit():
    """It names the estimator's own ``fit``."""
    (fit,) = fit_together([Fit(net(), X, y, {"weight": 1})])
    with pytest.raises(TypeError) as alone:
        net().fit(X, y, weight=1)
    assert str(fit.error) == str(alone.value)


def test_equal_rows_are_still_held_by_the_batches(monkeypatch):
    """The arrays of all but one are let go."""
    held, unite = [], together._unite

    def spied(run, others):
        array = weakref.ref(run.problem.X)
        n_bytes = unite(run, others)
        held.append((array, n_bytes))
        return n_bytes

    monkeypatch.setattr(together, "_unite", spied)
    alive = []
    train = together.train_together

    def counted(runs):
        alive.append(sum(array() is not None for array, _ in held))
        return train(runs)

    monkeypatch.setattr(together, "train_together", counted)
    models = [make_pipeline(StandardScaler(), net(j)) for j in range(4)]
    fit_together([Fit(m, X, y) for m in models])
    assert [n_bytes for _, n_bytes in held] == [X.nbytes, 0, 0, 0]
    assert alive == [1]
