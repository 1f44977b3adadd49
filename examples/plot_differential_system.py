"""
Predators, prey, and a string: systems and surfaces
===================================================

Systems are vectors, and long intervals are split into windows, each with a network of
its own that begins where the one before ends. Partial differential equations on
rectangles take their values on the sides, or at the beginning, by construction.
"""

# %%
# Lotka and Volterra's equations over more than two periods, beside SciPy's integrator.

import matplotlib.pyplot as plt
import numpy as np
from scipy import integrate

from sknn_scratch.differential import SpaceTimeConditions, solve_ivp, solve_pde
from sknn_scratch.display import SolutionDisplay, SurfaceDisplay


def lotka_volterra(t, y):
    prey, predators = y
    return np.array([1.5 * prey - prey * predators, prey * predators - 3 * predators])


result = solve_ivp(lotka_volterra, (0, 8), [1.0, 1.0])
print(result.message)
print("ends of the windows:", result.windows.round(2))
scipys = integrate.solve_ivp(
    lotka_volterra,
    (0, 8),
    [1.0, 1.0],
    method="DOP853",
    rtol=1e-11,
    atol=1e-11,
    dense_output=True,
)
SolutionDisplay.from_result(result, exact=scipys.sol, labels=["prey", "predators"])
plt.show()

# %%
# The derivative of the solution is exact, too: each point of the orbit with its
# velocity.

t = np.linspace(0, 8, 400)
some = np.linspace(0, 4.5, 24)
fig, ax = plt.subplots(figsize=(4.6, 3.6), layout="constrained")
ax.plot(*result.sol(t), color="#0072B2", linewidth=1)
ax.quiver(*result.sol(some), *result.sol.derivative(some), color="#D55E00", width=0.004)
ax.set(xlabel="prey", ylabel="predators", title="orbit and velocity")
plt.show()

# %%
# A string that is plucked: u_tt = u_xx, at rest at the beginning, held at both ends.
# The residual is a function of the point (x, t), of u, and of its first and second
# derivatives.

string = SpaceTimeConditions(
    (0, 1),
    (0, 2),
    lambda x: np.sin(np.pi * x) + 0.5 * np.sin(2 * np.pi * x),
    velocity=0,
)


def wave(X, u, du, d2u):
    return d2u[1, 1] - d2u[0, 0]


def exact(x, t):
    first = np.sin(np.pi * x) * np.cos(np.pi * t)
    return first + 0.5 * np.sin(2 * np.pi * x) * np.cos(2 * np.pi * t)


surface = solve_pde(wave, string)
print(surface.message)
SurfaceDisplay.from_result(surface, exact=exact)
plt.show()
