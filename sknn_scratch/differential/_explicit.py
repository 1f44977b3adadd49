"""Explicit equations as SciPy's users write them: y' = f(t, y), y'' = f(t, y, y')."""

import copy

import numpy as np

from sknn_scratch.differential._equations import DIFFERENCES, USERS, Equation, magnitude


class Explicit(Equation):
    """y' = f(t, y[, p]) or y'' = f(t, y, dy[, p]), as the residual y' - f or y'' - f.

    Parameters
    ----------
    function : callable
        f.
    conditions : PointConditions
        They tell the order.
    channels : Channels
        The jets of y.
    jac : callable or array-like, default=None
        df/dy of an equation of first order: ``jac(t, y[, p])`` gives (n, n, m) for m
        points, or (n, n) for one; or a constant (n, n).
    name, jac_name : str
        What the user calls them.
    """

    unseen = 1

    def __init__(
        self, function, conditions, channels, jac=None, name="fun", jac_name="jac"
    ):
        super().__init__(function, conditions, channels, name)
        self.n_equations = conditions.n_components
        self.of_user, self.jac_name = jac, jac_name
        if jac is not None:
            self.jac, self.how = self.users_jac, USERS

    def arguments(self, X, jets):
        return super().arguments(X, jets)[:-1]

    def values(self, X, jets, p):
        return jets[-1].T - super().values(X, jets, p)

    def partials(self, X, jets, p):
        by_jets, by_p = super().partials(X, jets, p)
        by_jets *= -1
        by_jets[:, -1] = np.eye(self.n_equations)[..., None]
        return by_jets, -by_p

    def settle(self, X, jets, p):
        super().settle(X, jets, p)
        if self.of_user is not None:
            self.check_jac(X, jets, p)

    # ---- the user's derivatives ----------------------------------------------------

    def users_jac(self, X, jets, p):
        """By y's jets, from the user's jac."""
        C, m, n = jets.shape
        t, y, jac = X[:, 0], jets[0].T, self.of_user
        found = np.zeros((n, C, n, m))
        if not callable(jac):
            found[:, 0] = self._square(jac, n)[..., None]
            return found
        try:
            many = np.asarray(jac(t, y, *p), float)
        except (TypeError, ValueError, IndexError):  # rows of numbers and of arrays
            many = np.empty(())
        if many.shape == (n, n, m):
            found[:, 0] = many
            return found
        for i in range(m):
            found[:, 0, :, i] = self._square(jac(t[i], y[:, i], *p), n)
        return found

    def _square(self, value, n):
        """A matrix for one point."""
        value = np.asarray(value, float)
        if value.shape != (n, n):
            raise ValueError(
                f"{self.jac_name} must return an array of shape ({n}, {n}) for one "
                f"point, or ({n}, {n}, m) for m points, got {value.shape}."
            )
        return value

    def check_jac(self, X, jets, p):
        """Raise ValueError if the user's derivatives are not those of the function."""
        rng = np.random.default_rng(0)
        at = jets + 0.1 * magnitude(jets) * rng.standard_normal(jets.shape)
        some = np.unique(np.linspace(0, len(X) - 1, 3).astype(int))
        X, at = X[some], at[:, some]
        by_differences = copy.copy(self)
        by_differences.how = DIFFERENCES
        wanted = -by_differences.partials(X, at, p)[0][:, 0]
        given = self.users_jac(X, at, p)[:, 0]
        # Of entries that should be 0, rounding of differences is left.
        small = 1e-4 * np.nan_to_num(np.abs(wanted)).max(axis=(0, 1))
        off = np.abs(given - wanted) - 1e-4 * np.abs(wanted) - small
        if np.nan_to_num(off).max() > 0:
            i, j, k = np.unravel_index(np.nan_to_num(off).argmax(), off.shape)
            raise ValueError(
                f"{self.jac_name} is not the derivative of {self.name}: for t = "
                f"{X[k, 0]:.6g} and y = {np.array2string(at[0, k], precision=4)} that "
                f"of component {i} by y[{j}] is {given[i, j, k]:.6g} by "
                f"{self.jac_name}, {wanted[i, j, k]:.6g} by central differences."
            )
