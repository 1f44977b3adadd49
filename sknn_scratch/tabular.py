"""Networks for tables, and what to search for them.

>>> from sklearn.datasets import load_diabetes
>>> from sknn_scratch.model_selection import RandomizedSearchCV
>>> from sknn_scratch.tabular import SEARCH_SPACE, TabularMLPRegressor
>>> X, y = load_diabetes(return_X_y=True, as_frame=True)
>>> model = TabularMLPRegressor(n_members=2, max_iter=5, random_state=0)
>>> search = RandomizedSearchCV(model, SEARCH_SPACE, n_iter=2, cv=2, random_state=0)
>>> sorted(search.fit(X, y).best_params_) == sorted(SEARCH_SPACE)
True
"""

from typing import Any

from scipy.stats import loguniform

from sknn_scratch._estimators.tabular.estimators import (
    TabularMLPClassifier,
    TabularMLPRegressor,
)

__all__ = [
    "CLASSIFIER_SEARCH_SPACE",
    "SEARCH_SPACE",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
]

#: What is worth a search, for ``param_distributions`` of RandomizedSearchCV. The
#: defaults lie inside; they do well, so a search should not be the first thing tried.
SEARCH_SPACE: dict[str, Any] = {
    "hidden_layer_sizes": [(32, 32, 32), (64, 64), (64, 64, 64), (128, 128)],
    "learning_rate_init": loguniform(0.02, 0.15),
    "weight_decay": loguniform(0.01, 1.0),
    "batch_size": [64, 128, 256],
    "n_bins": [0, 8, 16, 32],
}

#: Likewise for a classifier.
CLASSIFIER_SEARCH_SPACE: dict[str, Any] = {
    **SEARCH_SPACE,
    "label_smoothing": [0.0, 0.05, 0.1, 0.2],
}
