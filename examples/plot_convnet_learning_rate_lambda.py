"""
A convolutional network: learning rate and penalty over orders of magnitude
===========================================================================

After Morten Hjorth-Jensen's lectures on convolutional networks: ten filters of 3 x 3,
pooling by 2 x 2, 50 hidden units, and plain gradient descent in batches of 100, ten
epochs, over a grid of learning rates and penalties lambda (``alpha`` here). Accuracy on
the training and on the held-out images as heat maps. The search of this package trains
the nets of the grid together. Seed: 0.
"""

# %%
# Search the grid. ``images`` are given as they are, (n, height, width).

import time
import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedShuffleSplit

from sknn_scratch import ConvNetClassifier
from sknn_scratch.display import (
    FeatureMapsDisplay,
    FiltersDisplay,
    GridSearchDisplay,
)
from sknn_scratch.model_selection import GridSearchCV

# A fixed number of epochs is what this study wants.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

EXPONENTS = range(-5, 1)  # small: (-3, -1)
EPOCHS = 10  # small: 2

digits = load_digits()
X, y = digits.images.astype("float32") / 16, digits.target
grid = {
    "learning_rate_init": [10.0**k for k in EXPONENTS],
    "alpha": [10.0**k for k in EXPONENTS],
}
model = ConvNetClassifier(solver="sgd", batch_size=100, max_iter=EPOCHS, random_state=0)
split = StratifiedShuffleSplit(1, test_size=0.2, random_state=0)
search = GridSearchCV(model, grid, cv=split, return_train_score=True)
start = time.perf_counter()
search.fit(X, y)
print(
    f"{len(search.cv_results_['params'])} networks in "
    f"{time.perf_counter() - start:.1f} s, best accuracy {search.best_score_:.3f} with "
    f"{search.best_params_}"
)

# %%
# Training and test accuracy; the best cell is framed. Ten epochs are too few for rates
# below 0.01, and at rate 1 training breaks down; the penalty matters much less.

fig, axes = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
for ax, score in zip(axes, ("mean_train_score", "mean_test_score"), strict=True):
    GridSearchDisplay.from_estimator(
        search, x="learning_rate_init", y="alpha", score=score, ax=ax
    )
    ax.set(xlabel="learning rate", ylabel=r"$\lambda$ (alpha)")

# %%
# The filters of the best network, and what they make of a digit.

FiltersDisplay.from_estimator(search.best_estimator_)
FeatureMapsDisplay.from_estimator(search.best_estimator_, X)
plt.show()
