"""How a trial solution depends on its network: linearly, by construction.

Lagaris, Likas and Fotiadis (1998) meet the conditions with ``y = A + B N``: A meets
them, and the factor B vanishes where they are given. Conditions that no factor can see
to, a slope without a value or periodicity, are taken out of B N instead, by functions
phi_k of which each has 1 as its own condition and 0 as all others (Mortari, 2017):

    y = A + B N - sum_k phi_k F_k(B N)

where F_k is the left side of condition k, a linear function of the jets at a few
points, the anchors.
"""

from typing import NamedTuple

import numpy as np


class Linear(NamedTuple):
    """y = A + B N - sum_k phi_k F_k at m points, for jets of y and N."""

    #: Jets of A: (channels, m, n_components).
    A: np.ndarray
    #: B's product as a matrix on the channels: (channels, channels, m).
    B: np.ndarray
    #: Jets of phi: (channels, m, n_components, n_functionals).
    phi: np.ndarray
    #: F, of B N's jets at the anchors: (n_functionals, channels, anchors,
    #: n_components), B's product there included.
    F: np.ndarray

    def jets(self, N, anchored):
        """The jets of y, from those of N at the points and at the anchors."""
        y = self.A + np.einsum("cdm,dmn->cmn", self.B, N)
        if len(self.F):
            y -= self.phi @ np.einsum("kcan,can->k", self.F, anchored)
        return y

    def pulled(self, partials):
        """From the derivatives of equations by y's jets to those by N's.

        Parameters
        ----------
        partials : ndarray of shape (n_equations, channels, n_components, m)

        Returns
        -------
        local : ndarray of shape (n_equations, channels, m, n_components)
            By N's jets at the points, row by row.
        remote : ndarray of shape (n_equations, m, n_functionals)
            By the functionals.
        """
        local = np.einsum("ecnm,cdm->edmn", partials, self.B)
        remote = -np.einsum("ecnm,cmnk->emk", partials, self.phi)
        return local, remote


def product(channels, factor):
    """The jets of a factor (channels, m) as a matrix on those of what it multiplies."""
    matrix = np.zeros((channels.n, channels.n, factor.shape[1]))
    for c in range(channels.n):
        matrix[c, 0] = factor[c]
    for c in range(1, channels.n):
        matrix[c, c] = factor[0]
    for c, i, j in channels.pairs:
        matrix[c, 1 + i] += factor[1 + j]
        matrix[c, 1 + j] += factor[1 + i]
    return matrix


def powers(tau, length, exponent):
    """tau^exponent and its first two derivatives by t, with tau = (t - a) / length."""
    k = exponent
    return np.array(
        [
            tau**k,
            k * tau ** max(k - 1, 0) / length,
            k * (k - 1) * tau ** max(k - 2, 0) / length**2,
        ]
    )


def times(f, g):
    """The first two derivatives of a product of functions of one variable."""
    return np.array(
        [
            f[0] * g[0],
            f[1] * g[0] + f[0] * g[1],
            f[2] * g[0] + 2 * f[1] * g[1] + f[0] * g[2],
        ]
    )
