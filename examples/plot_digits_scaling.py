"""
Handwritten digits: seeds, and what scaling does to training
============================================================

After Moritz Wolter's lecture: a three-layer network on handwritten digits, fitted from
five seeds, without scaling, with standardisation and with whitening of the inputs.

The digits are scikit-learn's (8 x 8 pixels), which need no download. For MNIST give the
path of an ``.npz`` file with arrays ``X`` (n, 28, 28) and ``y`` (n,) as the first
argument, or the word ``openml`` to download it; 5,000 of its images are used.
"""

# %%
# The data.

import sys
import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import fetch_openml, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sknn_scratch import ScratchMLPClassifier
from sknn_scratch.display import LossCurveDisplay
from sknn_scratch.model_selection import repeated_fit
from sknn_scratch.preprocessing import WhiteningTransformer

# A fixed number of epochs is what these studies want.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

EPOCHS = 40  # small: 10
N_REPEATS = 5  # small: 2

source = sys.argv[1] if len(sys.argv) > 1 else "digits"
if source.endswith(".npz"):
    with np.load(source) as data:
        X, y = data["X"], data["y"]
elif source == "openml":
    X, y = fetch_openml("mnist_784", return_X_y=True, as_frame=False)
else:
    X, y = load_digits(return_X_y=True)
X, y = X[:5_000].reshape(-1, np.prod(X.shape[1:])).astype(np.float32), y[:5_000]
print(f"{len(X)} images of {X.shape[1]} pixels")

# %%
# Five seeds for each kind of input; the 30 % of test rows are the same for all.

scalings = {
    "none": FunctionTransformer(),
    "standardised": StandardScaler(),
    # Pixels that never vary leave directions without variance; shrinking them a little
    # keeps the whitening from blowing up the nearly constant ones.
    "whitened": WhiteningTransformer(shrinkage=0.05),
}
network = ScratchMLPClassifier(
    (50, 50), "logistic", learning_rate_init=0.005, max_iter=EPOCHS
).set_params(n_iter_no_change=1000)
runs = {}
for name, scaling in scalings.items():
    runs[name] = repeated_fit(
        make_pipeline(scaling, network),
        X,
        y,
        n_repeats=N_REPEATS,
        random_state=0,
        test_size=0.3,
    )
    print(f"\n{name}\n{runs[name]}")

# %%
# The loss, mean and standard deviation over the seeds. The digits' pixels share one
# scale already, 0 to 16, and Adam adapts its steps: the raw pixels train fastest, and
# whitening, which gives the noise of rarely used pixels the same variance as everything
# else, trains and generalises least well. On MNIST, whose pixels go up to 255, the raw
# ones saturate the sigmoids, and standardised ones do best.

fig, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.6), width_ratios=(2, 1), layout="constrained"
)
colours = dict(zip(runs, ("#999999", "#0072B2", "#D55E00"), strict=True))
for name, run in runs.items():
    LossCurveDisplay.from_estimator(
        run, ax=left, name=name, color=colours[name], log=True
    )
for place, (name, run) in enumerate(runs.items()):
    right.plot(
        np.full(len(run.seeds), place), run.test_scores, "o", color=colours[name]
    )
right.set_xticks(range(len(runs)), runs)
right.set(ylabel="Test accuracy", xlim=(-0.5, 2.5))
right.margins(y=0.2)
plt.show()
