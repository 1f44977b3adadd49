"""
Which activation? Dead units, saturated units and gradients
===========================================================

After Morten Hjorth-Jensen's lectures: a network of six layers of 50 units on the
digits, with five activations. A callback looks at the network after each epoch: which
share of the units is dead (no slope for any row) or saturated (a slope below 0.05 on
average), and how large the gradient is in each layer. Seed: 0.
"""

# %%
# The callback follows scikit-learn's protocol; ``fitted_estimator`` is the model as if
# training had stopped at this epoch.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import label_binarize, scale

from sknn_scratch import ScratchMLPClassifier

# A fixed number of epochs is what these studies want.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

DEPTH = 6
EPOCHS = 40  # small: 5

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(scale(X), y, random_state=0)
Y_train = label_binarize(y_train, classes=range(10))

# The slope f'(z), told from the output a = f(z).
SLOPES = {
    "logistic": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a**2,
    "relu": lambda a: (a > 0) * 1.0,
    "leaky_relu": lambda a: np.where(a > 0, 1, 0.01),
    "elu": lambda a: np.where(a > 0, 1, a + 1),
}


class Watch:
    """Records, after each epoch, slopes and gradients of every hidden layer."""

    def __init__(self, slope):
        self.slope, self.dead, self.saturated, self.gradients = slope, [], [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name != "epoch":
            return
        outputs = fitted_estimator.hidden_activations(X_train)
        slopes = [self.slope(a) for a in outputs]
        self.dead.append(np.mean([s.max(axis=0) < 1e-6 for s in slopes]))
        self.saturated.append(np.mean([s.mean(axis=0) < 0.05 for s in slopes]))
        # Backpropagation with the fitted weights: delta' = delta W' * f'.
        delta = (fitted_estimator.predict_proba(X_train) - Y_train) / len(X_train)
        norms = []
        for W, a, s in zip(
            fitted_estimator.coefs_[:0:-1], outputs[::-1], slopes[::-1], strict=True
        ):
            norms.append(np.linalg.norm(a.T @ delta))
            delta = (delta @ W.T) * s
        self.gradients.append([np.linalg.norm(X_train.T @ delta), *norms[::-1]])


# %%
# Train one network for each activation.

watches = {}
for name, slope in SLOPES.items():
    model = ScratchMLPClassifier(
        (50,) * DEPTH, name, max_iter=EPOCHS, n_iter_no_change=1000, random_state=0
    )
    watches[name] = Watch(slope)
    model.set_callbacks(watches[name]).fit(X_train, y_train)
    print(
        f"{name:>10}: test accuracy {model.score(X_test, y_test):.3f}, loss "
        f"{model.loss_:.3f}, dead {watches[name].dead[-1]:.0%}, saturated "
        f"{watches[name].saturated[-1]:.0%}, gradient first / last layer "
        f"{watches[name].gradients[0][0] / watches[name].gradients[0][-1]:.1e}"
    )

# %%
# Left: dead units, which learn nothing more, and saturated ones, which learn slowly.
# Right: the gradient in each layer after the first epoch. Behind six sigmoid layers
# almost nothing of it is left.

fig, axes = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
colours = ("#999999", "#0072B2", "#D55E00", "#E69F00", "#009E73")
# Where lines coincide, the broad one below shows beside the narrow one above.
widths, dashes = (6, 4.5, 3, 2, 1), ("-", "-", "-", "-", "--")
for (name, watched), colour, width, dash in zip(
    watches.items(), colours, widths, dashes, strict=True
):
    epochs = np.arange(1, EPOCHS + 1)
    style = {"color": colour, "linewidth": width, "linestyle": dash}
    axes[0].plot(epochs, watched.dead, label=name, **style)
    axes[1].plot(epochs, watched.saturated, **style)
    axes[2].plot(np.arange(1, DEPTH + 2), watched.gradients[0], **style)
axes[0].set(xlabel="Epoch", ylabel="Share of dead units", ylim=(-0.02, 1))
axes[1].set(xlabel="Epoch", ylabel="Share of saturated units", ylim=(-0.02, 1))
axes[2].set(xlabel="Layer", ylabel="Gradient norm after epoch 1", yscale="log")
axes[0].legend(fontsize="small")
plt.show()
