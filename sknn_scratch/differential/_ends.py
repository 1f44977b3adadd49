"""Two-point conditions as SciPy's users write them: a function bc(ya, yb)."""

import numpy as np

from sknn_scratch.differential._conditions import EndConditions, PointConditions
from sknn_scratch.differential._equations import STEP, H
from sknn_scratch.differential._linear import Linear
from sknn_scratch.differential._residuals import Parts, ratio

#: Weight of conditions that are not linear, beside the equation's rows.
WEIGHT = 100.0


class FreeEnds(PointConditions):
    """No conditions by construction: y = N, with N at b within reach.

    Parameters
    ----------
    ends : list of float
        a and b.
    n : int
        Number of components.
    """

    order, is_scalar, n_conditions, n_components = 1, False, None, 0

    def __init__(self, ends, n):
        self.ends, self.n_components = ends, n

    def _box(self, X):
        return np.array([self.ends])

    def _anchors(self, box):
        return np.array(self.ends[1:])[:, None]

    def _at(self, X, channels, box):
        m, n, C = len(X), self.n_components, channels.n
        B = np.repeat(np.eye(C)[..., None], m, axis=2)
        F = np.zeros((n, C, 1, n))
        F[range(n), 0, 0, range(n)] = 1
        return Linear(np.zeros((C, m, n)), B, np.zeros((C, m, n, n)), F)


class EndPenalty:
    """bc(ya, yb[, p]) = 0 as rows of the least-squares problem.

    Parameters
    ----------
    ends : EndFunction
        The conditions.
    a : float
        Where ya is.
    """

    def __init__(self, ends, a):
        self.ends, self.points = ends, np.array([[a]])

    def _term(self, conditions, channels, box, name):
        """The rows, for a Residuals."""
        return EndTerm(self, conditions._at(self.points, channels, box))


class EndTerm:
    """The rows of an EndPenalty; all of them belong to the one point a."""

    weight, counts = WEIGHT, True

    def __init__(self, penalty, linear):
        self.ends, self.X, self.linear = penalty.ends, penalty.points, linear

    def settle(self, N, anchored, p):
        """Nothing is to be found out."""

    def _arguments(self, N, anchored, p):
        return [N[0, 0], anchored[0, 0], *p]

    def values(self, N, anchored, p):
        """The residuals (n_conditions, 1), without the weight."""
        return self.ends(*self._arguments(N, anchored, p))[:, None]

    def parts(self, N, anchored, p):
        """The derivatives of the weighted rows, and the largest relative residual."""
        arguments = self._arguments(N, anchored, p)
        by_a, by_b, *by_p = self.ends.jacobians(arguments)
        local = np.zeros((len(by_a), len(N), 1, N.shape[-1]))
        local[:, 0, 0] = by_a
        remote = by_b[:, None, :]
        by_p = by_p[0][..., None] if p else np.zeros((len(by_a), 0, 1))
        # Of y(a) = 0 the size is that of y elsewhere.
        size = np.abs(arguments[:2]).max() * np.abs([*by_a.T, *by_b.T]).sum(axis=0)
        largest = ratio(np.abs(self.ends(*arguments)), size)
        w = self.weight
        return Parts(w * local, w * remote, w * by_p), largest


class EndFunction:
    """The user's bc(ya, yb[, p]), with its derivatives.

    Parameters
    ----------
    bc : callable
        n + k residuals, for n components and k parameters.
    n, k : int
        These numbers.
    bc_jac : callable, default=None
        The derivatives by ya, yb and p.
    """

    def __init__(self, bc, n, k, bc_jac=None):
        self.bc, self.n, self.k, self.bc_jac = bc, n, k, bc_jac

    def __call__(self, *arguments):
        found = np.asarray(self.bc(*arguments))
        if found.shape != (self.n + self.k,):
            more = f" + {self.k} parameters" if self.k else ""
            raise ValueError(
                f"bc must return an array of shape ({self.n + self.k},), one condition "
                f"for each of the {self.n} components{more}, got {found.shape}."
            )
        return found

    def jacobians(self, arguments):
        """The derivatives by each of the arguments."""
        if self.bc_jac is not None:
            return [np.asarray(J, float) for J in self.bc_jac(*arguments)]
        return [self._by(arguments, i) for i in range(len(arguments))]

    def _by(self, arguments, i):
        columns = []
        for j in range(len(arguments[i])):
            size = 1 + abs(arguments[i][j])

            def moved(step, j=j):
                changed = [np.array(a, dtype=complex) for a in arguments]
                if not isinstance(step, complex):
                    changed = [a.real for a in changed]
                changed[i][j] += step
                return self(*changed)

            differences = (moved(STEP * size) - moved(-STEP * size)) / (2 * STEP * size)
            column = self._complex_step(moved)
            if column is None or not np.allclose(column, differences, 1e-5, 1e-5):
                column = differences
            columns.append(column)
        return np.array(columns, float).T.reshape(self.n + self.k, -1)

    @staticmethod
    def _complex_step(moved):
        try:
            with np.errstate(all="ignore"):
                return np.imag(moved(1j * H)) / H
        except (TypeError, ValueError):  # the function does not take complex numbers
            return None

    def linear(self, ya, yb, p=()):
        """Ba, Bb and c of Ba ya + Bb yb = c; None if bc is no such function."""
        n, rng = self.n, np.random.default_rng(0)
        found = []
        for trial in range(3):
            z = np.concatenate([ya, yb]) if not trial else rng.standard_normal(2 * n)
            q = [each + (rng.standard_normal(each.shape) if trial else 0) for each in p]
            with np.errstate(all="ignore"):
                zero = self(z[:n], z[n:], *q)
                # Of a linear function a step of any length is exact.
                steps = [self(*np.split(z + e, 2), *q) - zero for e in np.eye(2 * n)]
            J = np.array(steps).T
            found.append((J, J @ z - zero))
        J, c = found[1]  # of numbers of size 1
        if not all(
            np.allclose(J, other, 1e-7, 1e-9) and np.allclose(c, there, 1e-7, 1e-9)
            for other, there in found
        ):
            return None
        return J[:, :n], J[:, n:], c


def end_conditions(bc, ends, y, p, bc_jac=None):
    """The conditions that bc stands for, and a list of penalties for the rest.

    Parameters
    ----------
    bc : callable
        ``bc(ya, yb[, p])``.
    ends : list of float
        a and b.
    y : ndarray of shape (n, m)
        A guess of the solution.
    p : ndarray of shape (k,)
        A guess of the parameters.
    bc_jac : callable, default=None
        The derivatives of bc.

    Returns
    -------
    conditions : EndConditions or FreeEnds
        By construction, if bc is linear in ya and yb and p is not in it.
    penalties : list of EndPenalty
        Empty in that case.
    """
    function = EndFunction(bc, len(y), len(p), bc_jac)
    arguments = [y[:, 0], y[:, -1], *([p] if len(p) else [])]
    first = function(*arguments)
    if np.iscomplexobj(first) or not np.isfinite(first).all():
        raise ValueError(
            f"bc must return finite real numbers at the initial guess, got {first}."
        )
    linear = function.linear(y[:, 0], y[:, -1], arguments[2:])
    if linear is not None:
        return EndConditions(ends, *linear), []
    return FreeEnds(ends, len(y)), [EndPenalty(function, ends[0])]
