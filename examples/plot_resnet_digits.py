"""
Residual networks on real data: digits and breast cancer
========================================================

A pipeline with StandardScaler, searched over depth, step size, activation and penalty.
Seed: 0 throughout.
"""

# %%
# The search. ``width=32`` lifts the data linearly to 32 units.

import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_scratch import ResNetClassifier
from sknn_scratch.display import GridSearchDisplay

# A fixed number of epochs is what these studies want.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

N_LAYERS = [2, 5, 10, 20]  # small: [2, 5]
STEP_SIZES = [0.05, 0.2, 0.5, "auto"]  # small: [0.1, "auto"]
ALPHAS = [1e-4, 1e-1]  # small: [1e-2]
N_ROWS = None  # small: 300

grid = {
    "resnetclassifier__n_layers": N_LAYERS,
    "resnetclassifier__step_size": STEP_SIZES,
    "resnetclassifier__activation": ["tanh", "relu"],
    "resnetclassifier__alpha": ALPHAS,
}
searches = {}
for name, load in (("digits", load_digits), ("breast cancer", load_breast_cancer)):
    X, y = load(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, random_state=0, stratify=y, train_size=N_ROWS
    )
    model = ResNetClassifier(
        width=32, max_iter=60, tol=1e-3, n_iter_no_change=5, random_state=0
    )
    search = GridSearchCV(make_pipeline(StandardScaler(), model), grid, cv=3)
    searches[name] = search.fit(X_train, y_train)
    best = {key.split("__")[1]: value for key, value in search.best_params_.items()}
    print(f"{name}: test accuracy {search.score(X_test, y_test):.3f} with {best}")

# %%
# The best cell is framed; each cell shows the best of the activations and penalties.

fig, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
for ax, (name, search) in zip(axes, searches.items(), strict=True):
    GridSearchDisplay.from_estimator(
        search,
        x="resnetclassifier__step_size",
        y="resnetclassifier__n_layers",
        ax=ax,
    )
    ax.set_title(name)
plt.show()
