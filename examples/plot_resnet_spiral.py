"""
A residual network untangles two spirals
========================================

The problem of the lecture "Neural network from scratch" (NTNU): two interleaved
spirals, a residual network ``Y_k = Y_{k-1} + h tanh(Y_{k-1} W_k + b_k)``, and a
logistic output. Each layer is one step of the forward Euler method for a differential
equation, so one can watch the points flow until a straight line separates them.

In two dimensions no two points may meet, and the flow has to turn and stretch the
plane; with two more dimensions there is room to go around.
"""

# %%
# Train one network of width 2, as in the notebook, and one of width 4. Sixty layers
# are steps of 1/12: small enough for the layers to be a flow, see the end. Seed: 0.

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
    "width 2": ResNetClassifier(n_layers=60, random_state=0),
    "width 4": ResNetClassifier(n_layers=60, width=4, lift="pad", random_state=0),
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
# components. Lines may cross although points do not meet: the weights differ from layer
# to layer, so that one point may pass where another one passed earlier. For the same
# reason the lines are not smooth.

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
    HiddenStatesDisplay.from_estimator(
        model, X_test, y_test, n_paths=40, ax=row[1], linewidth=0.7
    )
    row[1].set_title(f"{name}: the flow")
plt.show()

# %%
# The same flow at width 2, all test points at six times. The spirals are pulled apart
# without being cut, and no point of one lands among those of the other.

states = models["width 2"].hidden_states(X_test)
fig, axes = plt.subplots(2, 3, figsize=(9, 5.6), layout="constrained")
for ax, k in zip(axes.flat, range(0, 61, 12), strict=True):
    for label, colour in ((0, "#0072B2"), (1, "#D55E00")):
        ax.scatter(*states[k, y_test == label].T, s=6, color=colour)
    ax.set_title("input" if k == 0 else f"after {k} layers", fontsize="medium")
    ax.set(xticks=[], yticks=[])
plt.show()

# %%
# Is it a flow? A layer folds the plane over where the determinant of its derivative,
# I + h diag(f') W', is negative; then points do meet. With 60 layers it is positive for
# all of them. With 20, three times the step, it need not be.

coarse = ResNetClassifier(n_layers=20, random_state=0).fit(X_train, y_train)
for model in (models["width 2"], coarse):
    states = model.hidden_states(X_test)
    h = 5 / model.n_layers
    determinants = []
    for k, W in enumerate(model.hidden_coefs_):
        slope = 1 - np.square((states[k + 1] - states[k]) / h)  # tanh' = 1 - tanh^2
        jacobian = np.eye(2) + h * slope[:, :, None] * W.T
        determinants.append(np.linalg.det(jacobian))
    print(f"{model.n_layers} layers: smallest determinant {np.min(determinants):.2f}")

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
