"""Small tabular estimators, and a table for them."""

import numpy as np

from sknn_scratch import TabularMLPClassifier, TabularMLPRegressor

SIZE = {"hidden_layer_sizes": 12, "n_members": 3, "max_iter": 25, "random_state": 0}


def classifier(**options):
    return TabularMLPClassifier(**{**SIZE, **options})


def regressor(**options):
    return TabularMLPRegressor(**{**SIZE, **options})


def table(rng, n=300):
    """A table with strings, gaps and a threshold, and numbers that follow from it."""
    age, town = rng.uniform(20, 80, n), rng.choice(["Oslo", "Rome", "Bonn"], n)
    target = np.where(age > 50, 3.0, 1.0) + (town == "Rome")
    rows = np.array([age, town], dtype=object).T
    rows[::10, 0] = None
    return rows, target
