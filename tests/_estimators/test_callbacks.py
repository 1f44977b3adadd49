"""scikit-learn's callbacks: told of each epoch, able to stop, free when not set."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import (
    ResNetClassifier,
    ScratchMLPClassifier,
    ScratchMLPRegressor,
)
from sknn_scratch.model_selection import repeated_fit

callback = pytest.importorskip(
    "sklearn.callback", reason="callbacks came with scikit-learn 1.9"
)
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
ESTIMATORS = [
    ScratchMLPClassifier((5,), max_iter=6, random_state=0),
    ScratchMLPClassifier((5,), max_iter=6, random_state=0, solver="lbfgs"),
    ScratchMLPRegressor(hidden_layer_sizes=(5,), max_iter=6, random_state=0),
    ResNetClassifier(3, max_iter=6, random_state=0),
]
each = pytest.mark.parametrize("estimator", ESTIMATORS)


class Recorder:
    """A callback of one's own: notes what it is told, stops after ``stop`` epochs."""

    def __init__(self, stop=None, fails=False):
        self.stop, self.fails, self.calls, self.models = stop, fails, [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append(f"begin {context.task_name}")

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, fitted_estimator=None
    ):
        self.calls.append(f"end {context.task_name}")
        if context.task_name == "epoch":
            if self.fails:
                raise ZeroDivisionError("a mistake in the callback")
            self.models.append(fitted_estimator)
            return fitted_estimator.n_iter_ == self.stop
        return False


@each
def test_the_moments_and_the_state(estimator):
    recorder = Recorder()
    model = clone(estimator).set_callbacks(recorder).fit(X, y)
    epochs = ["begin epoch", "end epoch"] * 6
    assert recorder.calls == ["setup", "begin fit", *epochs, "end fit", "teardown"]
    for k, seen in enumerate(recorder.models, 1):
        assert seen.n_iter_ == k
        assert seen.loss_curve_ == model.loss_curve_[:k]
    np.testing.assert_array_equal(recorder.models[-1].predict(X), model.predict(X))
    first, last = recorder.models[0], recorder.models[-1]
    assert not np.array_equal(first._network.theta, last._network.theta)


@each
def test_a_callback_changes_nothing(estimator):
    watched = clone(estimator).set_callbacks(Recorder()).fit(X, y)
    alone = clone(estimator).fit(X, y)
    np.testing.assert_array_equal(watched._network.theta, alone._network.theta)


@each
def test_a_callback_stops_the_training(estimator):
    model = clone(estimator).set_callbacks(Recorder(stop=3)).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 3


@pytest.mark.filterwarnings("error")
@each
def test_no_warning_when_a_callback_has_stopped_it(estimator):
    clone(estimator).set_callbacks(Recorder(stop=3)).fit(X, y)


def test_early_stopping_and_a_callback():
    model = ScratchMLPClassifier((5,), early_stopping=True, random_state=0)
    model.set_callbacks(Recorder(stop=4)).fit(X, y)
    assert max(model.validation_scores_) == model.best_validation_score_


@each
def test_an_error_in_a_callback_leaves_the_model_and_tears_down(estimator):
    model = clone(estimator).fit(X, y)
    before = model._network.theta.copy()
    recorder = Recorder(fails=True)
    with pytest.raises(ZeroDivisionError):
        model.set_callbacks(recorder).fit(X[:100], y[:100])
    np.testing.assert_array_equal(model._network.theta, before)
    assert recorder.calls[-1] == "teardown"


class Faulty(Recorder):
    """A callback that raises at one moment."""

    def __init__(self, moment, error=ZeroDivisionError):
        super().__init__()
        self.moment, self.error = moment, error

    def teardown(self, estimator, context):
        super().teardown(estimator, context)
        if self.moment == "teardown":
            raise self.error("a mistake in the callback")

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, fitted_estimator=None
    ):
        if self.moment == context.task_name:
            raise self.error("a mistake in the callback")


@each
@pytest.mark.parametrize("moment", ["epoch", "fit", "teardown"])
@pytest.mark.parametrize("warm_start", [False, True])
def test_an_error_at_any_moment_leaves_the_model_as_it_was(
    estimator, moment, warm_start
):
    model = clone(estimator).set_params(warm_start=warm_start).fit(X, y)
    model.set_callbacks(Faulty(moment))
    before, theta = dict(vars(model)), model._network.theta.copy()
    with pytest.raises(ZeroDivisionError):
        model.fit(X, y)
    assert vars(model) == before
    np.testing.assert_array_equal(model._network.theta, theta)


@each
def test_a_stop_iteration_is_an_error_like_any_other(estimator):
    """SciPy's L-BFGS would take it for a wish to stop."""
    model = clone(estimator).set_callbacks(Faulty("epoch", StopIteration))
    with pytest.raises(StopIteration, match="a mistake in the callback"):
        model.fit(X, y)
    assert not hasattr(model, "n_iter_")


def test_partial_fit_tells_nobody():
    recorder = Recorder()
    model = clone(ESTIMATORS[0]).set_callbacks(recorder)
    model.partial_fit(X, y, classes=[0, 1, 2])
    assert recorder.calls == []


@each
def test_scores_after_each_epoch(estimator):
    name = "r2" if isinstance(estimator, ScratchMLPRegressor) else "accuracy"
    monitor = callback.ScoringMonitor(scoring=name)
    model = clone(estimator).set_callbacks(monitor).fit(X, y)
    logged = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(logged) == 6
    assert logged[-1][name] == pytest.approx(model.score(X, y))


def test_scores_with_feature_names_and_weights():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    monitor = callback.ScoringMonitor(scoring="accuracy")
    model = clone(ESTIMATORS[0]).set_callbacks(monitor)
    weight = np.random.default_rng(0).random(150)
    model.fit(frame, y, sample_weight=weight)
    logged = monitor.get_logs().data[-1]
    assert logged["accuracy"] == pytest.approx(model.score(frame, y, weight))


def test_a_progress_bar(capsys):
    pytest.importorskip("rich")
    pipeline = make_pipeline(StandardScaler(), clone(ESTIMATORS[0]))
    search = GridSearchCV(pipeline, {"scratchmlpclassifier__alpha": [0.1, 1.0]}, cv=2)
    for model in (clone(ESTIMATORS[0]), clone(pipeline), search):
        model.set_callbacks(callback.ProgressBar()).fit(X, y)
        shown = capsys.readouterr().out
        assert "ScratchMLPClassifier" in shown or "GridSearchCV" in shown
        assert "100%" in shown


def test_a_progress_bar_in_repeated_fits(capsys):
    pytest.importorskip("rich")
    model = clone(ESTIMATORS[0]).set_callbacks(callback.ProgressBar())
    repeated_fit(model, X, y, n_repeats=2, random_state=0)
    assert capsys.readouterr().out.count("ScratchMLPClassifier - fit") >= 2
