"""What the solve_ functions return."""

import numpy as np
from scipy.optimize import OptimizeResult

from sknn_scratch.differential._setup import jets_of


class DifferentialResult(OptimizeResult):
    """The result of a solve_ function: SciPy's fields, the networks and the residual.

    A dict whose entries are attributes, too. The documentation of the functions lists
    them.
    """


class Piece:
    """One network's part of a solution; it holds none of the user's functions.

    Parameters
    ----------
    model : TrialSolution
        Fitted.
    """

    def __init__(self, model):
        self.network, self.box = model._network, model._box
        self.conditions = model.conditions

    def jets(self, X):
        """The jets of y at the points (m, d)."""
        return jets_of(self.network, self.conditions, self.box, X)[1]


class Solution:
    """y as a function of t, of one network or of several, one after the other.

    Parameters
    ----------
    pieces : list of Piece
        In order.
    ends : array-like of shape (n_pieces + 1,)
        Where each begins, and where the last one ends. Beyond them the outer ones go
        on.

    Attributes
    ----------
    t_min, t_max : float
        The interval.
    """

    def __init__(self, pieces, ends):
        self.pieces, self.ends = pieces, np.asarray(ends, float)
        self.t_min, self.t_max = self.ends[0], self.ends[-1]

    def _jets(self, t):
        t = np.asarray(t, float)
        if t.ndim > 1 or not np.isfinite(t).all():
            raise ValueError(f"t must be a finite number or of shape (m,), got {t!r}.")
        flat = np.atleast_1d(t)
        which = np.searchsorted(self.ends[1:-1], flat, side="right")
        jets = None
        for k, piece in enumerate(self.pieces):
            here = which == k
            if here.any():
                part = piece.jets(flat[here, None])
                if jets is None:
                    jets = np.empty((part.shape[0], len(flat), part.shape[2]))
                jets[:, here] = part
        if jets is None:  # no points
            jets = self.pieces[0].jets(flat[:, None])
        jets = jets.transpose(0, 2, 1)
        return jets if t.ndim else jets[..., 0]

    def __call__(self, t):
        """The solution.

        Parameters
        ----------
        t : float or array-like of shape (m,)
            Points.

        Returns
        -------
        ndarray of shape (n,) or (n, m)
        """
        return self._jets(t)[0]

    def derivative(self, t, order=1):
        """The derivative of the solution, exact.

        Parameters
        ----------
        t : float or array-like of shape (m,)
            Points.
        order : int, default=1
            1, or 2 for equations of second order.

        Returns
        -------
        ndarray of shape (n,) or (n, m)
        """
        jets = self._jets(t)
        if order not in range(1, len(jets)):
            raise ValueError(
                f"order must be at most that of the equation, {len(jets) - 1}, and at "
                f"least 1, got {order!r}."
            )
        return jets[order]


class Surface:
    """u as a function of two variables.

    Parameters
    ----------
    model : TrialSolution
        Fitted.
    """

    def __init__(self, model):
        self.piece = Piece(model)

    def __call__(self, x, y):
        """The solution at points of the rectangle.

        Parameters
        ----------
        x, y : float or array-like
            Coordinates, broadcast against each other.

        Returns
        -------
        ndarray of their broadcast shape
        """
        x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
        X = np.stack([x.ravel(), y.ravel()], axis=1)
        if not np.isfinite(X).all():
            raise ValueError("x and y must be finite.")
        self.piece.conditions._check(X)
        return self.piece.jets(X)[0, :, 0].reshape(x.shape)


def chebyshev(a, b, m):
    """The m Chebyshev points of the first kind between a and b; the ends left out."""
    return (a + b) / 2 - (b - a) / 2 * np.cos(np.pi * (np.arange(m) + 0.5) / m)


def between(points):
    """The middles between neighbouring points."""
    return (points[1:] + points[:-1]) / 2
