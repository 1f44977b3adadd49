"""The course of a tabular fit: lines, time, callbacks, Ctrl-C, processes."""

from time import perf_counter

import numpy as np
import pytest
from _tables import classifier, regressor
from sklearn.datasets import load_iris

from sknn_scratch._estimators.tabular import course as tabular_course
from sknn_scratch._estimators.tabular import members as tabular_members
from sknn_scratch._estimators.tabular.course import history, mean_curve
from sknn_scratch.display import LossCurveDisplay

X, y = load_iris(return_X_y=True)


def test_a_line_for_each_epoch(capsys):
    classifier(max_iter=2, verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("View 1 of 3 (raw), epoch 1 of 2, validation loss = ")
    assert lines[-1].startswith("View 3 of 3 (cosines), epoch 2 of 2, validation")
    assert lines[-1].endswith(" 0.0 s left in this view")
    classifier(max_iter=2).fit(X, y)
    assert capsys.readouterr().out == ""


def test_the_time_is_kept_and_the_schedule_ends_with_it():
    started = perf_counter()
    model = classifier(max_iter=10**6, max_time=0.6).fit(X, y)
    assert perf_counter() - started < 3
    assert model.n_iter_ < 10**4
    assert model.score(X, y) > 0.9
    raw = [r["learning_rate"] for r in model.history_ if r["view"] == "raw"]
    assert raw[-1] < 0.1 * max(raw)


def test_time_that_suffices_changes_nothing():
    first = classifier().fit(X, y)
    second = classifier(max_time=1000.0).fit(X, y)
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_too_little_time_leaves_views_out():
    model = classifier(max_time=1e-9).fit(X, y)
    assert len(model.mixing_weights_) == 1
    assert model.n_iter_ == 1
    assert np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize("estimator", [classifier(), regressor()], ids=type)
def test_the_number_of_processes_changes_no_bit(estimator):
    one = estimator.set_params(n_jobs=None).fit(X, y)
    first, records = one.predict(X), one.history_
    two = estimator.set_params(n_jobs=2).fit(X, y)
    np.testing.assert_array_equal(two.predict(X), first)
    assert [r["loss"] for r in two.history_] == [r["loss"] for r in records]


def interrupt(monkeypatch, after):
    """Ctrl-C after so many epochs."""
    counted = []
    original = tabular_course.Epochs.__call__

    def call(self, runs, part):
        counted.append(self)
        if len(counted) == after:
            raise KeyboardInterrupt
        return original(self, runs, part)

    monkeypatch.setattr(tabular_course.Epochs, "__call__", call)


@pytest.mark.parametrize(("after", "views"), [(3, 1), (27, 2)])
def test_ctrl_c_keeps_the_best_so_far(monkeypatch, after, views):
    model = classifier(hidden_layer_sizes=30)
    interrupt(monkeypatch, after)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model.fit(X, y)
    assert len(model.mixing_weights_) == views
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    assert model.score(X, y) > 0.5


def test_ctrl_c_before_the_first_epoch_is_over(monkeypatch):
    def epoch(self, step):
        raise KeyboardInterrupt

    from sknn_scratch._training.together import Stack

    monkeypatch.setattr(Stack, "epoch", epoch)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = classifier().fit(X, y)
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    assert model.loss_curve_ == []


class Recorder:
    """A callback of scikit-learn 1.9."""

    def __init__(self, last):
        self.last, self.scores, self.began = last, [], 0

    def setup(self, estimator, context):
        self.most = context.max_subtasks

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.began += context.task_name == "epoch"

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name != "epoch":
            return False
        self.scores.append(fitted_estimator.score(X, y))
        return len(self.scores) == self.last


@pytest.mark.parametrize(("last", "n_epochs", "views"), [(None, 18, 3), (8, 8, 2)])
def test_callbacks_are_told_of_each_epoch_and_may_end_it(last, n_epochs, views):
    pytest.importorskip("sklearn.callback", reason="callbacks need scikit-learn 1.9")
    recorder = Recorder(last)
    model = classifier(max_iter=6, n_jobs=2).set_callbacks(recorder).fit(X, y)
    assert (len(recorder.scores), recorder.began) == (n_epochs, n_epochs)
    assert recorder.most == 18
    assert len(model.mixing_weights_) == views
    assert recorder.scores[-1] == model.score(X, y)


@pytest.mark.parametrize("batch_size", [7, 60, 128])
@pytest.mark.parametrize("max_iter", [3, "auto"])
def test_callbacks_know_how_many_epochs_there_will_be(
    monkeypatch, max_iter, batch_size
):
    pytest.importorskip("sklearn.callback", reason="callbacks need scikit-learn 1.9")
    monkeypatch.setattr(tabular_members, "FEWEST", 300)
    recorder = Recorder(None)
    model = classifier(max_iter=max_iter, batch_size=batch_size)
    model.set_callbacks(recorder).fit(X, y)
    assert recorder.most == recorder.began == len(model.history_)


def test_history_and_curves():
    model = regressor(max_iter=4).fit(X, y)
    views = [record["view"] for record in model.history_]
    assert views == ["raw"] * 4 + ["bins"] * 4 + ["cosines"] * 4
    assert [record["epoch"] for record in model.history_] == [1, 2, 3, 4] * 3
    each = np.reshape([r["loss"] for r in model.history_], (3, 4))
    np.testing.assert_allclose(model.loss_curve_, each.mean(axis=0))
    display = LossCurveDisplay.from_estimator(model)
    assert [len(line.get_xdata()) for line in display.lines_] == [4, 4]


def test_nets_that_have_ended_leave_the_mean():
    class Progress:
        def __init__(self, *losses):
            self.history = [{"epoch": i, "loss": loss} for i, loss in enumerate(losses)]

        def curve(self, name):
            return [record[name] for record in self.history]

    class Part:
        family = type("Family", (), {"view": "raw"})

        def __init__(self, *progress):
            self.progress = progress

    parts = [Part(Progress(1.0, 2.0), Progress(3.0, 4.0)), Part(Progress(5.0))]
    assert mean_curve(parts, "loss") == [3.0, 3.0]
    assert history(parts)[1] == {"view": "raw", "epoch": 1, "loss": 3.0}
