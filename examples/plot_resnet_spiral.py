"""
A residual network untangles two spirals
========================================

The problem of the lecture "Neural network from scratch" (NTNU): two interleaved
spirals, a residual network ``Y_k = Y_{k-1} + h tanh(Y_{k-1} W_k + b_k)``, and a
logistic output. Each layer is one step of the forward Euler method for a differential
equation, so one can watch the points flow until a straight line separates them.

In two dimensions paths may not cross, and the flow has to turn and stretch the plane;
with two more dimensions there is room to go around.
"""

# %%
# Train one network of width 2, as in the notebook, and one of width 4. Seed: 0.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import train_test_split

from sknn_scratch import ResNetClassifier
from sknn_scratch.datasets import make_spirals
from sknn_scratch.display import HiddenStatesDisplay

N = 2000  # small: 600

X, y = make_spirals(N, turns=1.2, noise=0.02, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

models = {
    "width 2": ResNetClassifier(n_layers=20, random_state=0),
    "width 4": ResNetClassifier(n_layers=20, width=4, lift="pad", random_state=0),
}
for name, model in models.items():
    model.fit(X_train, y_train)
    print(
        f"{name}: {model.n_iter_} epochs, loss {model.loss_:.4f}, "
        f"test accuracy {model.score(X_test, y_test):.3f}"
    )

# %%
# The decision regions, and the flow of some test points: open circles are inputs, full
# ones outputs of the last layer. At width 4 the flow is drawn on its two principal
# components.

fig, axes = plt.subplots(2, 2, figsize=(9, 8), layout="constrained")
for row, (name, model) in zip(axes, models.items(), strict=True):
    DecisionBoundaryDisplay.from_estimator(
        model,
        X,
        response_method="predict_proba",
        cmap="RdBu_r",
        alpha=0.6,
        ax=row[0],
        vmin=0,
        vmax=1,
        xlabel="$x_1$",
        ylabel="$x_2$",
    )
    for label, colour in ((0, "#0072B2"), (1, "#D55E00")):
        points = X_test[y_test == label]
        row[0].scatter(*points.T, s=8, color=colour, edgecolors="white", linewidth=0.3)
    row[0].set_title(f"{name}: probability of class 1")
    HiddenStatesDisplay.from_estimator(model, X_test, y_test, n_paths=120, ax=row[1])
    row[1].set_title(f"{name}: the flow")
plt.show()

# %%
# How far the points travel: the length of each path, and how much of it is the straight
# line from input to output.

for name, model in models.items():
    states = model.hidden_states(X_test)
    steps = np.linalg.norm(np.diff(states, axis=0), axis=2).sum(axis=0)
    line = np.linalg.norm(states[-1] - states[0], axis=1)
    print(
        f"{name}: mean path {steps.mean():.2f}, "
        f"of it a straight line {(line / steps).mean():.0%}"
    )
