"""Residuals beside the equation's: side conditions and observations."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sknn_scratch.differential._equations import Equation
from sknn_scratch.differential._residuals import Term, units_of


class Penalty:
    """Residuals at points of their own, added to the least-squares problem.

    For what is not met by construction: a slope at the side of a rectangle, an integral
    of motion, or observations, ``lambda t, y, dy: y - observed``. The loss is the mean
    over the rows of the equation and of all penalties, each squared, those of a penalty
    times ``weight`` squared. A large weight makes it nearly a condition; with a small
    one noisy data choose among the solutions of the equation, which stays exact.

    Parameters
    ----------
    residual : callable
        Of the same arguments as the equation's.
    X : array-like of shape (n_points,) or (n_points, n_inputs)
        The points; the residual is always called with all of them, in their order.
    weight : float, default=1.0
        Factor of the residuals. Range (0, inf).
    must_vanish : bool, default=True
        Whether the solution has converged only if these residuals are within the
        tolerance, too. False for data.

    Raises
    ------
    TypeError
        If the residual is not callable.
    ValueError
        If the points are not finite, or the weight is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch.differential import Penalty
    >>> t, observed = np.array([0.5, 1.0]), np.array([0.61, 0.37])
    >>> data = Penalty(lambda t, y, dy: y - observed, t, weight=1e-3, must_vanish=False)
    """

    def __init__(
        self,
        residual: Callable[..., Any],
        X: ArrayLike,
        weight: float = 1.0,
        must_vanish: bool = True,
    ) -> None:
        self.residual, self.X = residual, X
        self.weight, self.must_vanish = weight, must_vanish
        if not callable(residual):
            raise TypeError(f"residual must be callable, got {residual!r}.")
        if not 0 < weight < np.inf:
            raise ValueError(f"weight must be positive and finite, got {weight!r}.")
        points = np.array(X, dtype=float)
        self.points = points[:, None] if points.ndim == 1 else points
        if points.ndim not in (1, 2) or not points.size:
            raise ValueError(
                "X must be of shape (n_points,) or (n_points, n_inputs), got "
                f"{points.shape}."
            )
        if not np.isfinite(points).all():
            raise ValueError("X must be finite.")

    def _term(self, conditions, channels, box, name):
        """The rows, for a Residuals."""
        equation = Equation(self.residual, conditions, channels, name)
        linear = conditions._at(self.points, channels, box)
        units = units_of(channels, box)
        return Term(equation, self.points, linear, units, self.weight, self.must_vanish)

    def __repr__(self):
        return f"Penalty({self.residual!r}, {len(self.points)} points, {self.weight!r})"
