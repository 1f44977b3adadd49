"""
Learning rate and penalty over orders of magnitude
==================================================

After Morten Hjorth-Jensen's lectures: digits, 50 hidden sigmoid units, and a grid of
learning rates and penalties lambda (``alpha`` here), each over several orders of
magnitude; accuracy on the training and on the held-out rows as heat maps. The same grid
for scikit-learn's MLPClassifier gives the same numbers, later. Seed: 0.
"""

# %%
# Search the grid with both estimators.

import os
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.display import GridSearchDisplay

# A fixed number of epochs is what these studies want.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

SMALL = bool(os.environ.get("SKNN_EXAMPLES_SMALL"))

X, y = load_digits(return_X_y=True)
exponents = (-4, -2, 0) if SMALL else range(-5, 2)
grid = {
    "learning_rate_init": [10.0**k for k in exponents],
    "alpha": [10.0**k for k in exponents],
}
split = StratifiedShuffleSplit(1, test_size=0.2, random_state=0)
searches = {}
for estimator in (MLPClassifier, ScratchMLPClassifier):
    model = estimator(
        (50,), "logistic", solver="sgd", max_iter=10 if SMALL else 50, random_state=0
    )
    search = GridSearchCV(model, grid, cv=split, return_train_score=True, refit=False)
    start = time.perf_counter()
    searches[estimator.__name__] = search.fit(X, y)
    print(
        f"{estimator.__name__}: {time.perf_counter() - start:.1f} s, best accuracy "
        f"{search.best_score_:.3f} with {search.best_params_}"
    )
theirs, ours = (s.cv_results_["mean_test_score"] for s in searches.values())
print(f"largest difference in accuracy: {np.abs(theirs - ours).max():.1e}")

# %%
# Ours: training and test accuracy; the best cell is framed.

fig, axes = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
for ax, score in zip(axes, ("mean_train_score", "mean_test_score"), strict=True):
    GridSearchDisplay.from_estimator(
        searches["ScratchMLPClassifier"],
        x="learning_rate_init",
        y="alpha",
        score=score,
        ax=ax,
    )
    ax.set(xlabel="learning rate", ylabel=r"$\lambda$ (alpha)")
plt.show()
