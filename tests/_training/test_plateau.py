"""Plateaus: scripted values, and scikit-learn's counts."""

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from sknn_scratch._training.plateau import Plateau


def test_plateau_counts_epochs_without_enough_gain():
    plateau = Plateau(tol=0.1, patience=2)
    improved = [plateau.update(v) for v in (1.0, 0.95, 0.7, 0.65, 0.64, 0.66)]
    assert improved == [True, True, True, True, True, False]
    assert plateau.count == 3
    assert plateau.reached
    assert plateau.best == 0.64


def test_nan_is_neither_best_nor_a_stall():
    plateau = Plateau(tol=0.1, patience=0)
    plateau.update(1.0)
    assert not plateau.update(np.nan)
    assert plateau.count == 0
    assert plateau.best == 1.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("early_stopping", [False, True])
def test_plateau_counts_as_scikit_learn_does(seed, early_stopping):
    rng = np.random.default_rng(seed)
    curve = np.cumsum(rng.normal(-0.05, 0.1, 40)).round(2)  # ties with tol happen
    curve[7] = np.nan
    theirs = MLPRegressor(tol=0.1)
    theirs.loss_curve_, theirs.validation_scores_ = [], []
    theirs.best_loss_, theirs.best_validation_score_ = np.inf, -np.inf
    theirs._no_improvement_count, theirs.coefs_, theirs.intercepts_ = 0, [], []
    theirs._score = lambda X, y, sample_weight: -theirs.loss_curve_[-1]
    ours = Plateau(tol=0.1, patience=2)
    for value in curve:
        theirs.loss_curve_.append(value)
        theirs._update_no_improvement_count(early_stopping, None, None, None)
        ours.update(value)
        best = -theirs.best_validation_score_ if early_stopping else theirs.best_loss_
        assert (ours.count, ours.best) == (theirs._no_improvement_count, best)
        assert ours.reached == (theirs._no_improvement_count > 2)
