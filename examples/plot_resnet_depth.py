"""
Depth: residual networks against plain ones
===========================================

Networks of 5, 20, 50 and 100 layers of width 8 on the spirals. The residual network
keeps its total time h K fixed, so that a deeper one takes finer steps along a flow of
the same length. The plain network has the same layers without the skip connections, and
the same number of parameters. Five recorded seeds each.
"""

# %%
# Fit all of them. Both kinds train with Adam at a rate of 0.01.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_scratch import ResNetClassifier, ScratchMLPClassifier
from sknn_scratch.datasets import make_spirals
from sknn_scratch.display import LossCurveDisplay
from sknn_scratch.model_selection import repeated_fit

# A fixed number of epochs is what these studies want.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

DEPTHS = (5, 20, 50, 100)  # small: (5, 20)
EPOCHS = 100  # small: 20
N_ROWS = 1000  # small: 400
N_REPEATS = 5  # small: 2
WIDTH = 8

X, y = make_spirals(N_ROWS, random_state=0)
# The same lift for both: the points, padded with zeros to the width.
X = np.pad(X, ((0, 0), (0, WIDTH - 2)))

common = {
    "learning_rate_init": 0.01,
    "max_iter": EPOCHS,
    "n_iter_no_change": EPOCHS,
}
runs = {}
for depth in DEPTHS:
    models = {
        "ResNet": ResNetClassifier(n_layers=depth, **common),
        "plain": ScratchMLPClassifier((WIDTH,) * depth, "tanh", **common),
    }
    for name, model in models.items():
        runs[name, depth] = repeated_fit(
            model,
            X,
            y,
            n_repeats=N_REPEATS,
            random_state=0,
            test_size=0.3,
        )
print("seeds:", runs["ResNet", DEPTHS[0]].seeds)
for (name, depth), run in runs.items():
    parameters = depth * WIDTH * (WIDTH + 1) + WIDTH + 1
    print(
        f"{name:>6}, {depth:>3} layers, {parameters:>5} parameters: "
        f"test accuracy {run.mean:.3f}, spread {run.spread:.3f}"
    )

# %%
# Training curves, mean and standard deviation over the seeds. The plain network learns
# with 5 layers, hardly with 20, and not at all with 50: little of the gradient arrives
# at its first layers.

fig, axes = plt.subplots(
    1, len(DEPTHS), figsize=(3 * len(DEPTHS), 3.2), sharey=True, layout="constrained"
)
for ax, depth in zip(axes, DEPTHS, strict=True):
    for name, colour in (("ResNet", "#0072B2"), ("plain", "#D55E00")):
        LossCurveDisplay.from_estimator(
            runs[name, depth], ax=ax, name=name, color=colour, log=True
        )
    ax.set_title(f"{depth} layers")
    ax.label_outer()
plt.show()

# %%
# Test accuracy against depth: one point for each seed.

fig, ax = plt.subplots(figsize=(5, 3.4), layout="constrained")
for name, colour, shift in (("ResNet", "#0072B2", 0.97), ("plain", "#D55E00", 1.03)):
    scores = np.array([runs[name, depth].test_scores for depth in DEPTHS])
    places = np.array(DEPTHS) * shift
    ax.plot(places, scores.mean(axis=1), color=colour, label=name)
    ax.plot(places, scores, "o", color=colour, markersize=4, alpha=0.6)
ax.axhline(0.5, color="grey", linestyle=":", label="chance")
ax.set(xscale="log", xlabel="Layers", ylabel="Test accuracy")
ax.set_xticks(DEPTHS, [str(depth) for depth in DEPTHS])
ax.minorticks_off()
ax.legend()
plt.show()
