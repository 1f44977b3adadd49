"""
Learning rate and penalty over orders of magnitude
==================================================

After Morten Hjorth-Jensen's lectures: digits, 50 hidden sigmoid units, and a grid of
learning rates and penalties lambda (``alpha`` here), each over several orders of
magnitude; accuracy on the training and on the held-out rows as heat maps. The search of
this package trains all nets of the grid at once; scikit-learn's over its MLPClassifier
gives the same numbers, later. Seed: 0.
"""

# %%
# Search the grid with both.

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn import model_selection
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.display import GridSearchDisplay
from sknn_scratch.model_selection import GridSearchCV

# A fixed number of epochs is what these studies want.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

EXPONENTS = range(-5, 2)  # small: (-4, -2, 0)
EPOCHS = 50  # small: 10

X, y = load_digits(return_X_y=True)
grid = {
    "learning_rate_init": [10.0**k for k in EXPONENTS],
    "alpha": [10.0**k for k in EXPONENTS],
}
split = model_selection.StratifiedShuffleSplit(1, test_size=0.2, random_state=0)
searches = []
for estimator, search_class in (
    (MLPClassifier, model_selection.GridSearchCV),
    (ScratchMLPClassifier, GridSearchCV),
):
    model = estimator((50,), "logistic", solver="sgd", max_iter=EPOCHS, random_state=0)
    search = search_class(model, grid, cv=split, return_train_score=True, refit=False)
    start = time.perf_counter()
    searches.append(search.fit(X, y))
    print(
        f"{estimator.__name__}: {time.perf_counter() - start:.1f} s, best accuracy "
        f"{search.best_score_:.3f} with {search.best_params_}"
    )
theirs, ours = (search.cv_results_["mean_test_score"] for search in searches)
print(f"largest difference in accuracy: {np.abs(theirs - ours).max():.1e}")

# %%
# Ours: training and test accuracy; the best cell is framed.

fig, axes = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
for ax, score in zip(axes, ("mean_train_score", "mean_test_score"), strict=True):
    GridSearchDisplay.from_estimator(
        searches[-1],
        x="learning_rate_init",
        y="alpha",
        score=score,
        ax=ax,
    )
    ax.set(xlabel="learning rate", ylabel=r"$\lambda$ (alpha)")
plt.show()
