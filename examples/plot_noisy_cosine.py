"""
Denoising a cosine with one sigmoid layer
=========================================

After Moritz Wolter's lecture: a signal of 200 samples goes through one layer of sigmoid
units and a linear read-out, trained by 500 steps of plain gradient descent on the
squared error between the output and the clean cosine. The weights start in
U(-0.1, 0.1). One signal and its target make one training row; a second noise shows what
was learnt.
"""

# %%
# Input and target are whole signals: a regression with 200 inputs and 200 outputs.
# Seed of the noise and of the weights: 42.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_scratch import ScratchMLPRegressor
from sknn_scratch.datasets import make_noisy_cosine

# A fixed number of epochs is what these studies want.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

t, clean, noisy = make_noisy_cosine(200, noise=1.0, random_state=42)

model = ScratchMLPRegressor(
    hidden_layer_sizes=(200,),
    activation="logistic",
    solver="sgd",
    momentum=0,
    learning_rate_init=0.01,
    alpha=0,
    init="uniform",
    init_scale=0.1,
    max_iter=500,
    n_iter_no_change=500,
    batch_size=1,
    random_state=42,
)
model.fit(noisy[None], clean[None])
denoised = model.predict(noisy[None])[0]

_, _, other = make_noisy_cosine(200, noise=1.0, random_state=43)
again = model.predict(other[None])[0]


def error(signal):
    return np.mean((signal - clean) ** 2)


print(f"mean squared error of the noisy signal   {error(noisy):.4f}")
print(f"after {model.n_iter_} steps of gradient descent    {error(denoised):.4f}")
print(f"another noise, not seen in training      {error(again):.4f}")

# %%
# Input, target and output, and the loss on the way. The output for the noise that the
# network was trained on covers the target, which is drawn as a broad band for that
# reason; the output for another noise does not. One pair of signals is soon learnt by
# heart: the loss goes on falling to rounding, and its axes end after 20 steps, at 1e-6.

fig, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.4), width_ratios=(2, 1), layout="constrained"
)
left.plot(t, noisy, ".", color="grey", markersize=3, label="noisy input")
left.plot(t, clean, color="#F0C040", linewidth=7, zorder=1, label="target")
left.plot(t, denoised, color="#D55E00", linewidth=1.5, label="denoised")
left.plot(t, again, "--", color="#0072B2", linewidth=1.5, label="another noise")
left.set(xlabel="t", ylabel="signal", ylim=(-4, 5))
left.legend(fontsize="small", ncols=4, loc="upper center", columnspacing=1)
right.plot(range(1, 501), model.loss_curve_, "o-", color="#D55E00", markersize=4)
right.set(
    xlabel="Step",
    ylabel="Half mean squared error",
    yscale="log",
    xlim=(0, 20),
    ylim=(1e-6, 2 * max(model.loss_curve_)),
)
plt.show()
