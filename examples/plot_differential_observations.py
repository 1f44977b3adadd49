"""
A parameter of an equation from noisy observations
==================================================

Where a network helps: the equation is known but for a number, and its solution was
observed with noise. The trial solution is fitted to the equation and to the data at
once, and the number along with the weights; no integrator is called in a loop.
"""

# %%
# A damped oscillation, y'' + c y' + k y = 0, seen at thirty times with a noise of 0.05.

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import curve_fit

from sknn_scratch.differential import InitialConditions, Penalty, TrialSolution

C, K, NOISE = 0.4, 4.0, 0.05
omega = np.sqrt(K - C**2 / 4)


def exact(t):
    swing = np.cos(omega * t) + C / (2 * omega) * np.sin(omega * t)
    return np.exp(-C * t / 2) * swing


rng = np.random.default_rng(0)
times = np.sort(rng.uniform(0, 8, 30))
observed = exact(times) + NOISE * rng.standard_normal(30)


def equation(t, y, dy, d2y, p):
    return d2y + p[0] * dy + p[1] * y


# A small weight: the data choose among the solutions, and hardly bend the equation.
data = Penalty(
    lambda t, y, dy, d2y, p: y - observed, times, weight=0.1, must_vanish=False
)
points = 4 - 4 * np.cos(np.pi * (np.arange(100) + 0.5) / 100)
model = TrialSolution(
    equation,
    InitialConditions(0, 1.0, 0.0),
    parameters=[1.0, 2.0],
    penalties=[data],
    guess=lambda t: np.interp(t, times, observed),
    tol=1e-4,
    random_state=0,
)
model.fit(points[:, None])
print(
    f"c = {model.parameters_[0]:.3f} (true {C}), k = {model.parameters_[1]:.3f} ({K})"
)
print(f"largest residual of the equation: {model.largest_residual_:.1e}")

# %%
# The least squares of the closed form, which this equation has, agrees. How sure are
# the numbers? Fits to other noises tell.


def closed_form(t, c, k):
    w = np.sqrt(k - c**2 / 4)
    return np.exp(-c * t / 2) * (np.cos(w * t) + c / (2 * w) * np.sin(w * t))


wanted, _ = curve_fit(closed_form, times, observed, p0=[C, K])
print("by the closed form:", wanted.round(3))

found = []
for _ in range(20):
    observed = exact(times) + NOISE * rng.standard_normal(30)
    found.append(model.fit(points[:, None]).parameters_)
found = np.array(found)
print("mean  ", found.mean(axis=0).round(3))
print("spread", found.std(axis=0).round(3))

# %%
# The last fit, and all the parameters.

t = np.linspace(0, 8, 300)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.plot(times, observed, "o", markersize=4, color="grey", label="observed")
left.plot(t, exact(t), color="#F0C040", linewidth=6, zorder=1, label="exact")
left.plot(t, model.predict(t[:, None]), color="#D55E00", label="fitted")
left.set(xlabel="t", ylabel="y")
left.legend(fontsize="small")
right.plot(*found.T, "o", markersize=4, color="#0072B2", label="fits")
right.plot(C, K, "*", markersize=12, color="black", label="true")
right.set(xlabel="c", ylabel="k", title="20 noises")
right.legend(fontsize="small")
plt.show()
