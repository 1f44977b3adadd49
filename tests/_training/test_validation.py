"""Scores and losses on held-out rows, against the textbook."""

import numpy as np
import pytest
from _problems import predicted, problem
from sklearn.metrics import mean_squared_error, r2_score

from sknn_scratch._estimators.targets import Numbers
from sknn_scratch._nn.links import LINKS
from sknn_scratch._training.validation import Given, Validation


def started(weight=None, scorer=None, raw=None):
    case = problem()
    case.target = Numbers(2, "squared_error")
    given = Given(case.X, "targets", case.Y, weight, raw)
    return case, Validation(case, given, scorer)


def test_the_loss_and_the_targets_score():
    case, validation = started()
    mu = predicted(case)
    loss, score = validation()
    assert score == pytest.approx(r2_score(case.Y, mu))
    assert loss == pytest.approx(mean_squared_error(case.Y, mu) / 2)
    case.network.theta[...] = 0
    zero = mean_squared_error(case.Y, 0 * mu) / 2
    assert validation()[0] == pytest.approx(zero)


def test_weights_weigh_score_and_loss():
    weight = np.arange(23.0)
    case, validation = started(weight)
    mu = predicted(case)
    loss, score = validation()
    assert score == pytest.approx(r2_score(case.Y, mu, sample_weight=weight))
    wanted = mean_squared_error(case.Y, mu, sample_weight=weight) / 2
    assert loss == pytest.approx(wanted)


def test_minus_the_loss_as_the_score():
    _, validation = started(scorer="loss")
    loss, score = validation()
    assert score == -loss < 0


def test_a_scorer_gets_the_rows_as_the_user_gave_them():
    asked = []

    def scorer(X, y, weight):
        asked.append((X, y, weight))
        return 0.5

    _, validation = started(np.ones(23), scorer, raw="a frame")
    assert validation()[1] == 0.5
    ((X, y, weight),) = asked
    assert (X, y) == ("a frame", "targets")
    np.testing.assert_array_equal(weight, np.ones(23))


def test_without_rows_of_their_own_scorers_get_the_networks():
    case, validation = started()
    assert validation.given.raw is case.X


def test_rows_without_any_weight():
    with pytest.raises(ValueError, match="all have weight zero"):
        started(np.zeros(23))


def test_all_rows_are_predicted_at_once(monkeypatch):
    """As in scikit-learn: the last bits decide which epoch is the best."""
    case, validation = started()
    asked = []
    predict = case.network.predict

    def spied(X, link, *, rows=None):
        asked.append((rows, link))
        return predict(X, link, rows=rows)

    monkeypatch.setattr(case.network, "predict", spied)
    validation()
    assert asked == [(23, LINKS["identity"])]
