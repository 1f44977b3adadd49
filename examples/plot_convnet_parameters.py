"""
What shared weights save, and what they gain
============================================

A neuron of a dense layer has a weight for each number of its input: 120,000 for an
image of 200 x 200 pixels in three colours. A filter of 3 x 3 pixels has 27, however
large the image, because all places share them. Then a convolutional network and a dense
one with as many weights, trained for as many epochs on as many digits: seeds 0 to 4.
"""

# %%
# Weights of a first layer of ten units, or ten filters, counted in fitted networks.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn_scratch import ConvNetClassifier, ScratchMLPClassifier

# A fixed number of epochs is what this comparison wants.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

SIDES = [8, 16, 32, 64, 128, 200]  # small: [8, 16, 32]
EPOCHS = 30  # small: 10
N_SEEDS = 5  # small: 2

weights = {"dense": [], "convolution": []}
for side in SIDES:
    images = np.random.default_rng(0).random((2, side, side, 3), dtype="float32")
    rows = images.reshape(2, -1)
    dense = ScratchMLPClassifier((10,), max_iter=1).fit(rows, [0, 1])
    conv = ConvNetClassifier((10,), pool_size=8, max_iter=1).fit(images, [0, 1])
    weights["dense"].append(dense.coefs_[0].size)
    weights["convolution"].append(conv.coefs_[0].size)
print({name: counts[-1] // 10 for name, counts in weights.items()}, "weights a unit")

fig, ax = plt.subplots(layout="constrained")
for name, counts in weights.items():
    ax.loglog(SIDES, counts, "o-", label=name)
ax.set(xlabel="height and width of the image", ylabel="weights of ten units")
ax.set_xticks(SIDES, [str(side) for side in SIDES], minor=False)
ax.minorticks_off()
ax.legend()
plt.show()

# %%
# Two networks of 12,000 weights on the digits, 8 x 8 pixels: half of them to learn
# from, half to test.

digits = load_digits()
X, y = digits.images.astype("float32") / 16, digits.target
common = {
    "batch_size": 100,
    "max_iter": EPOCHS,
    "learning_rate": "one_cycle",
    "learning_rate_init": 0.01,
    "warmup_fraction": 0.2,
    "n_iter_no_change": np.inf,
}
accuracy = {"dense, 100 and 50 units": [], "16 and 32 filters, 50 units": []}
for seed in range(N_SEEDS):
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=seed
    )
    dense = ScratchMLPClassifier((100, 50), random_state=seed, **common)
    dense.fit(X_train.reshape(-1, 64), y_train)
    conv = ConvNetClassifier((16, 32), random_state=seed, **common)
    conv.fit(X_train, y_train)
    scores = dense.score(X_test.reshape(-1, 64), y_test), conv.score(X_test, y_test)
    for name, score in zip(accuracy, scores, strict=True):
        accuracy[name].append(score)
n_weights = [sum(a.size for a in (*m.coefs_, *m.intercepts_)) for m in (dense, conv)]
for (name, scores), n in zip(accuracy.items(), n_weights, strict=True):
    print(f"{name}: {n:,} weights, mean test accuracy {np.mean(scores):.3f}")
assert np.mean(scores) > np.mean(accuracy["dense, 100 and 50 units"])

# %%
# Each dot is one split.

fig, ax = plt.subplots(figsize=(8, 2.6), layout="constrained")
for k, scores in enumerate(accuracy.values()):
    ax.plot(scores, [k] * len(scores), "o", alpha=0.7)
    ax.plot(np.mean(scores), k, "k|", markersize=24)
ax.set_yticks(range(2), list(accuracy))
ax.set(xlabel="test accuracy (bar: mean)", ylim=(-0.6, 1.6))
ax.locator_params(axis="x", nbins=6)
plt.show()
