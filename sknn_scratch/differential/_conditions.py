"""Conditions of ordinary differential equations, met by construction."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from sknn_scratch.differential._linear import Linear, powers, product, times


class PointConditions:
    """Linear conditions on y and y' at the ends of an interval.

    A subclass puts them into ``kept``, a Settled.
    """

    #: Number of variables of the solution.
    n_inputs = 1
    order: int
    kept: "Settled"

    @property
    def is_scalar(self):
        """Whether y is one number, not a vector of components."""
        return self.kept.is_scalar

    @property
    def n_components(self):
        """Number of components of y."""
        return self.kept.F.shape[-1]

    @property
    def n_conditions(self):
        """Number of conditions, of all components."""
        return len(self.kept.F)

    def _box(self, X):
        """The interval that the network is to cover: [[a, b]]."""
        ends = self.kept.ends
        if X is None:
            return np.array([[min(ends), max(ends)]])
        return np.array([[min(X.min(), *ends), max(X.max(), *ends)]])

    def _check(self, X):
        """Raise ValueError if points are outside of what the conditions enclose."""

    def _anchors(self, box):
        """The points whose jets of N enter everywhere."""
        settled = self.kept
        return np.array(settled.ends)[:, None] if settled.others else np.empty((0, 1))

    def _at(self, X, channels, box):
        """How y depends on N at the points X, as a Linear."""
        settled, length = self.kept, box[0, 1] - box[0, 0]
        n, t = settled.F.shape[-1], X[:, 0]
        phi = settled.phi(t, channels.n, length)
        A = phi @ settled.c
        B = product(channels, settled.factor(t, channels.n, length))
        others = settled.others
        F = np.empty((0, channels.n, 0, n))
        if others:
            ends = np.array(settled.ends)
            there = product(channels, settled.factor(ends, channels.n, length))
            F = np.einsum("kcan,cda->kdan", settled.F[others][:, : channels.n], there)
        return Linear(A, B, phi[..., others], F)


class Settled:
    """Conditions in the form in which they are computed with.

    Parameters
    ----------
    ends : list of float
        The points at which they are given, one or two.
    F : ndarray of shape (n_conditions, 3, n_ends, n_components)
        Their left sides: the coefficients of y, y' and y'' at the ends.
    c : ndarray of shape (n_conditions,)
        Their right sides.
    exponents : tuple of int
        For each end how many derivatives from y on are given there: powers of the
        factor, which sees to these conditions.
    others : list of int
        The conditions that the factor does not see to.
    is_scalar : bool
        Whether the one component is a number.
    """

    def __init__(self, ends, F, c, exponents, others, is_scalar):
        self.ends, self.F, self.c = ends, F, c
        self.exponents, self.others, self.is_scalar = exponents, others, is_scalar
        self.scale = abs(ends[-1] - ends[0]) or 1.0
        n_conditions, n = len(F), F.shape[-1]
        # A slope's left side is as much smaller as the interval is long.
        units = self.scale ** -np.arange(3.0)
        sizes = np.einsum("kcan,c->k", np.abs(F), units)[:, None]
        # phi_k are polynomials of the lowest degree that will do.
        for degree in range(n_conditions + 2):
            G = np.stack(
                [
                    np.einsum("kcan,ca->kn", F, self._power(np.array(ends), q))
                    for q in range(degree + 1)
                ],
                axis=1,
            ).reshape(n_conditions, -1)
            G = G / sizes
            if np.linalg.matrix_rank(G, tol=1e-9) == n_conditions:
                break
        else:
            self._contradict(G, sizes[:, 0])
        coefs = np.linalg.pinv(G, rcond=1e-10) / sizes.T
        self.coefs = coefs.reshape(degree + 1, n, n_conditions)

    def _contradict(self, G, sizes):
        c = self.c / sizes
        solution, *_ = np.linalg.lstsq(G, c, rcond=1e-10)
        off = np.abs(G @ solution - c) * sizes
        raise ValueError(
            "The conditions contradict each other: no function meets all of them. "
            f"The best misses one by {off.max():.3g}."
            if (off > 1e-9 * np.abs(self.c).max()).any()
            else "Some of the conditions say the same: give each of them once."
        )

    def _power(self, t, q):
        return powers((t - self.ends[0]) / self.scale, self.scale, q)

    def phi(self, t, n_channels, length):
        """The jets of all phi_k: (channels, m, n_components, n_conditions)."""
        return sum(
            self._power(t, q)[:n_channels, :, None, None] * coefs
            for q, coefs in enumerate(self.coefs)
        )

    def factor(self, t, n_channels, length):
        """The jets of B: (channels, m); as large as 1 in the interval."""
        jets = np.array([np.ones_like(t), np.zeros_like(t), np.zeros_like(t)])
        for end, exponent in zip(self.ends, self.exponents, strict=True):
            if exponent:
                jets = times(jets, powers((t - end) / length, length, exponent))
        return jets[:n_channels]


class InitialConditions(PointConditions):
    """Values, and for an equation of second order slopes, at one point.

    The trial solution is ``y0 + (t - t0) N(t)``, or ``y0 + (t - t0) dy0 + (t - t0)^2
    N(t)``, up to a constant factor of N. It goes both ways from t0.

    Parameters
    ----------
    t0 : float
        The point.
    y0 : float or array-like of shape (n,)
        y there; a number makes y one number, an array a vector of n components.
    dy0 : float or array-like of shape (n,), default=None
        y' there, for an equation of second order; None for one of first order.

    Raises
    ------
    ValueError
        If the values are not finite, or y0 and dy0 differ in shape.

    Examples
    --------
    >>> from sknn_scratch.differential import InitialConditions
    >>> InitialConditions(0.0, 10.0).order
    1
    >>> InitialConditions(0.0, [1.0, 0.0], dy0=[0.0, 2.0]).order
    2
    """

    def __init__(self, t0: float, y0: ArrayLike, dy0: ArrayLike | None = None) -> None:
        self.t0, self.y0, self.dy0 = t0, y0, dy0
        self.order = 1 if dy0 is None else 2
        self.kept = self._settle()

    def _settle(self):
        y0 = number_or_vector(self.y0, "y0")
        given = [y0] if self.dy0 is None else [y0, number_or_vector(self.dy0, "dy0")]
        if given[-1].shape != y0.shape:
            raise ValueError(
                f"y0 and dy0 must have one shape, got {y0.shape} and {given[-1].shape}."
            )
        n = y0.size
        F = np.zeros((len(given), n, 3, 1, n))
        for k in range(len(given)):
            F[k, range(n), k, 0, range(n)] = 1
        t0 = float(number_or_vector(self.t0, "t0", scalar=True))
        c = np.ravel(given)
        return Settled([t0], F.reshape(-1, 3, 1, n), c, (len(given),), [], not y0.ndim)

    def __repr__(self):
        slope = "" if self.dy0 is None else f", dy0={self.dy0!r}"
        return f"InitialConditions({self.t0!r}, {self.y0!r}{slope})"


class BoundaryConditions(PointConditions):
    """Values and slopes at the two ends of an interval, or periodicity.

    Values at both ends give ``y = A + (t - a) (b - t) N(t)``, A linear (Dirichlet). A
    slope without the value at its end (Neumann, mixed), and periodicity, are met by
    taking out of N what N itself has there: no penalty in either case.

    Parameters
    ----------
    span : tuple of float
        The ends (a, b), a < b.
    y : tuple, default=(None, None)
        Values at both ends, each a number, an array of shape (n,) or None.
    dy : tuple, default=(None, None)
        Slopes at both ends, likewise.
    periodic : bool, default=False
        Whether y, and for an equation of second order y', is the same at both ends.
    order : {1, 2}, default=2
        The order of the equation.
    n_components : int or None, default=None
        With periodicity alone, the number of components; None: y is one number.

    Raises
    ------
    ValueError
        If there is no condition, if conditions contradict each other, or if values are
        not finite or differ in shape.

    Examples
    --------
    >>> from sknn_scratch.differential import BoundaryConditions
    >>> dirichlet = BoundaryConditions((0, 1), y=(0.0, 1.0))
    >>> mixed = BoundaryConditions((0, 1), y=(0.0, None), dy=(None, 1.0))
    >>> mixed.n_conditions
    2
    """

    def __init__(
        self,
        span: tuple[float, float],
        *,
        y: Any = (None, None),
        dy: Any = (None, None),
        periodic: bool = False,
        order: int = 2,
        n_components: int | None = None,
    ) -> None:
        self.span, self.y, self.dy, self.periodic = span, y, dy, periodic
        self.order, self._n = order, n_components
        if order not in (1, 2):
            raise ValueError(f"order must be 1 or 2, got {order!r}.")
        self.kept = self._settle()

    def _settle(self):
        ends = interval(self.span, "span")
        given = [
            (k, end, number_or_vector(value, f"{'dy' if k else 'y'}[{end}]"))
            for k, pair in enumerate((self.y, self.dy))
            for end, value in enumerate(two(pair, "dy" if k else "y"))
            if value is not None
        ]
        shapes = {value.shape for _, _, value in given}
        if len(shapes) > 1:
            raise ValueError(f"All values must have one shape, got {sorted(shapes)}.")
        none = () if self._n is None else (self._n,)
        (shape,) = shapes or {none}
        n = shape[0] if shape else 1
        rows: list[np.ndarray] = []
        values: list[np.ndarray] = []
        for k, end, value in given:
            row = np.zeros((3, 2))
            row[k, end] = 1
            rows, values = [*rows, row], [*values, np.broadcast_to(value, (n,))]
        for k in range(self.order if self.periodic else 0):
            row = np.zeros((3, 2))
            row[k] = 1, -1
            rows, values = [*rows, row], [*values, np.zeros(n)]
        if not rows:
            raise ValueError("There is no condition: give y, dy, or periodic=True.")
        # At an end with its value the factor sees to it, and to the slope there, too.
        known = {(k, end) for k, end, _ in given}
        exponents = tuple(
            ((0, end) in known) * (1 + ((1, end) in known)) for end in (0, 1)
        )
        others = [
            i
            for i in range(len(rows))
            if i >= len(given) or exponents[given[i][1]] <= given[i][0]
        ]
        F = np.einsum("kca,ij->kicaj", np.array(rows), np.eye(n)).reshape(-1, 3, 2, n)
        others = [n * i + j for i in others for j in range(n)]
        return Settled(ends, F, np.ravel(values), exponents, others, not shape)

    def __repr__(self):
        parts = [f"{self.span!r}"]
        parts += [
            f"{name}={value!r}"
            for name, value in (("y", self.y), ("dy", self.dy))
            if tuple(two(value, name)) != (None, None)
        ]
        parts += ["periodic=True"] if self.periodic else []
        parts += [f"order={self.order}"] if self.order != 2 else []
        return f"BoundaryConditions({', '.join(parts)})"


class EndConditions(PointConditions):
    """Ba y(a) + Bb y(b) = c, for a system of first order.

    Parameters
    ----------
    ends : list of float
        a and b.
    Ba, Bb : ndarray of shape (n_conditions, n_components)
        Coefficients.
    c : ndarray of shape (n_conditions,)
        Right sides.
    """

    order = 1

    def __init__(self, ends, Ba, Bb, c):
        self.ends = ends
        F = np.zeros((len(c), 3, 2, Ba.shape[1]))
        F[:, 0, 0], F[:, 0, 1] = Ba, Bb
        self.kept = Settled(ends, F, c, (0, 0), list(range(len(c))), False)


def number_or_vector(value, name, scalar=False):
    """The value as a finite float array of shape () or (n,)."""
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be real numbers, got {value!r}.") from error
    if array.ndim > (0 if scalar else 1) or not array.size:
        wanted = "a number" if scalar else "a number or of shape (n,)"
        raise ValueError(f"{name} must be {wanted}, got the shape {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {value!r}.")
    return array


def two(pair, name):
    """The pair as a list of two."""
    if not isinstance(pair, (tuple, list, np.ndarray)) or len(pair) != 2:
        raise ValueError(
            f"{name} must be a pair, one entry for each end, got {pair!r}."
        )
    return list(pair)


def interval(span, name):
    """The ends of an interval as floats."""
    a, b = (float(number_or_vector(end, name, scalar=True)) for end in two(span, name))
    if not a < b:
        raise ValueError(f"{name} must be (a, b) with a < b, got ({a:g}, {b:g}).")
    return [a, b]
