"""Many fits: searches over parameters, and repeats from several seeds."""

from sknn_scratch.model_selection._repeated import RepeatedFit, repeated_fit
from sknn_scratch.model_selection._search import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
)

__all__ = [
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "RandomizedSearchCV",
    "RepeatedFit",
    "repeated_fit",
]
