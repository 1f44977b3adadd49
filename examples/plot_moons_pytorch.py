"""
Two moons: a small ReLU network, beside the same one in PyTorch
===============================================================

A 2-20-40-20-1 network, Adam at 0.01, batches of 10, 100 epochs, on scikit-learn's two
moons. Where PyTorch is installed, the same network starts from the same weights there,
sees the same number of batches, and is timed beside ours. Seed: 0.
"""

# %%
# Ours.

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import train_test_split

from sknn_scratch import ScratchMLPClassifier

# A fixed number of epochs is what these studies want.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

try:
    import torch
except ImportError:
    torch = None

EPOCHS = 100  # small: 20
N_ROWS = 1000  # small: 400
BATCH = 10

X, y = make_moons(N_ROWS, noise=0.2, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
settings = {
    "hidden_layer_sizes": (20, 40, 20),
    "learning_rate_init": 0.01,
    "batch_size": BATCH,
    "alpha": 0.0,
    "n_iter_no_change": EPOCHS,
    "max_iter": EPOCHS,
    "random_state": 0,
}
model = ScratchMLPClassifier(**settings)
start = time.perf_counter()
model.fit(X_train, y_train)
ours = time.perf_counter() - start
print(
    f"ours:    {ours:.2f} s for {model.n_iter_} epochs, last loss "
    f"{model.loss_:.4f}, test accuracy {model.score(X_test, y_test):.3f}"
)

# %%
# The same in PyTorch, from the same initial weights.


def train_pytorch():
    """Loss after each epoch, seconds, test accuracy."""
    first = ScratchMLPClassifier(
        **{
            **settings,
            "learning_rate_init": 1e-300,
            "max_iter": 1,
            "n_iter_no_change": 1,
        }
    )
    first.partial_fit(X_train, y_train, classes=[0, 1])
    layers = []
    for W, b in zip(first.coefs_, first.intercepts_, strict=True):
        layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
        layer.weight.data, layer.bias.data = torch.tensor(W.T), torch.tensor(b)
        layers += [layer, torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    loss_function = torch.nn.BCEWithLogitsLoss()
    rows, target = torch.tensor(X_train), torch.tensor(y_train[:, None], dtype=float)
    torch.manual_seed(0)
    curve = []
    start = time.perf_counter()
    for _ in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(rows)).split(BATCH):
            optimizer.zero_grad()
            loss = loss_function(net(rows[batch]), target[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        curve.append(total / len(rows))
    seconds = time.perf_counter() - start
    with torch.no_grad():
        predicted = net(torch.tensor(X_test)).numpy()[:, 0] > 0
    return curve, seconds, (predicted == y_test).mean()


curves = {"ours": model.loss_curve_}
if torch is None:
    print("PyTorch is not installed: its half of the comparison is left out")
else:
    curves["PyTorch"], theirs, accuracy = train_pytorch()
    print(
        f"PyTorch: {theirs:.2f} s for {EPOCHS} epochs, last loss "
        f"{curves['PyTorch'][-1]:.4f}, test accuracy {accuracy:.3f}; "
        f"time of ours / PyTorch {ours / theirs:.2f}"
    )

# %%
# Loss after each epoch, and the probability surface of ours. The two visit the rows in
# different orders, so that their curves agree in course and not in detail.

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
styles = (
    {"color": "#0072B2", "linewidth": 2.5},
    {"color": "#D55E00", "linestyle": "--"},
)
for (name, curve), style in zip(curves.items(), styles, strict=False):
    left.plot(np.arange(1, len(curve) + 1), curve, label=name, **style)
left.set(xlabel="Epoch", ylabel="Log loss", yscale="log")
left.legend()
surface = DecisionBoundaryDisplay.from_estimator(
    model,
    X,
    response_method="predict_proba",
    cmap="RdBu_r",
    ax=right,
    alpha=0.7,
    levels=np.linspace(0, 1, 11),
    xlabel="$x_1$",
    ylabel="$x_2$",
)
for label, colour in ((0, "#0072B2"), (1, "#D55E00")):
    points = X_test[y_test == label]
    right.scatter(*points.T, s=10, color=colour, edgecolors="white", linewidth=0.4)
fig.colorbar(surface.surface_, ax=right, label="Probability of class 1")
plt.show()
