"""
A differential equation by a trial solution
===========================================

The lecture's example from start to end: exponential decay, g'(t) = -2 g(t) with
g(0) = 10. The trial solution g(t) = 10 + t N(t) meets the condition whatever the
network N is; its weights are to make the residual g' + 2 g vanish at ten points.
Gradient descent as the lecture has it, L-BFGS, and least squares, beside the Euler
method and SciPy.
"""

# %%
# The equation is a vectorised function of t, g and g'. Ten logistic units; ten points.
# Plain gradient descent goes at a rate of 0.001.

import warnings
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from scipy import integrate
from sklearn.exceptions import ConvergenceWarning

from sknn_scratch.differential import InitialConditions, TrialSolution, solve_ivp
from sknn_scratch.display import SolutionDisplay

# That gradient descent does not reach the tolerance is what is to be seen.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

EPOCHS = 10000  # small: 1000


def residual(t, g, dg):
    return dg + 2 * g


def exact(t):
    return 10 * np.exp(-2 * t)


points = np.linspace(0, 1, 10)[:, None]
fine = np.linspace(0, 1, 1000)[:, None]
lecture = {
    "hidden_layer_sizes": (10,),
    "activation": "logistic",
    "init": "glorot_uniform",
    "random_state": 0,
}
descent = {
    "solver": "sgd",
    "momentum": 0.0,
    "learning_rate_init": 0.001,
    "max_iter": EPOCHS,
}
settings = {
    "gradient descent": {**lecture, **descent},
    "gradient descent, two layers": {
        **lecture,
        **descent,
        "hidden_layer_sizes": (20, 10),
    },
    "L-BFGS": {**lecture, "solver": "lbfgs", "max_iter": 2000},
    "least squares": lecture,
}
models, errors = {}, {}
for name, params in settings.items():
    start = perf_counter()
    model = TrialSolution(residual, InitialConditions(0, 10.0), **params).fit(points)
    seconds = perf_counter() - start
    models[name] = model
    errors[name] = np.abs(model.predict(fine) - exact(fine[:, 0]))
    print(f"{name:<30} largest error {errors[name].max():.1e}, {seconds:.2f} s")

# %%
# Least squares takes the hidden layer as it was drawn and solves for the output
# weights, in which the trial solution, and so the residual, is linear. It is the
# default. With forty units and eighty Chebyshev points, as ``solve_ivp`` has them, it
# reaches rounding.

start = perf_counter()
result = solve_ivp(lambda t, g: -2 * g, (0, 1), [10.0])
print(result.message, f"{perf_counter() - start:.3f} s")
errors["solve_ivp of this package"] = np.abs(
    result.sol(fine[:, 0])[0] - exact(fine[:, 0])
)

start = perf_counter()
scipys = integrate.solve_ivp(
    lambda t, g: -2 * g, (0, 1), [10.0], rtol=1e-10, atol=1e-10, dense_output=True
)
print(f"SciPy's solve_ivp, rtol 1e-10: {perf_counter() - start:.3f} s")
errors["SciPy's solve_ivp"] = np.abs(scipys.sol(fine[:, 0])[0] - exact(fine[:, 0]))

steps = np.linspace(0, 1, 101)
euler = [10.0]
for h in np.diff(steps):
    euler.append(euler[-1] * (1 - 2 * h))
errors["Euler, 100 steps"] = np.abs(
    np.interp(fine[:, 0], steps, euler) - exact(fine[:, 0])
)

# %%
# All errors. SciPy's integrator is the right tool for this equation: quick, and as
# exact as asked. What the network gives besides is a closed expression with exact
# derivatives.

fig, ax = plt.subplots(figsize=(7.5, 4), layout="constrained")
dashes = ("-", "--", "-", "-", "-", ":", "-.")
for (name, error), dash in zip(errors.items(), dashes, strict=True):
    ax.semilogy(fine[:, 0], np.maximum(error, 1e-17), dash, label=name)
ax.set(
    xlabel="t", ylabel="|error|", title="decay: error of each method", ylim=(1e-17, 5)
)
ax.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %%
# The solution, what is left of the equation, and the error.

SolutionDisplay.from_result(result, exact=exact, labels=["g"])
plt.show()
