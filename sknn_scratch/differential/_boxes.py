"""Conditions of partial differential equations on rectangles, met by construction.

``u = A + B N``. A blends the given functions into the rectangle: with the values g_k on
the sides across x, and h_l on those across y,

    A = sum_k phi_k(x) g_k(y) + sum_l psi_l(y) (h_l(x) - sum_k phi_k(x) h_l(x_k))

(Coons, 1967), phi_k and psi_l being 1 on their own side and 0 on the others; a slope in
time at the beginning is one more h_l. B is the product of the distances to the sides.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial

from sknn_scratch.differential._conditions import interval
from sknn_scratch.differential._linear import Linear, powers, product, times

#: A function on a side, of the coordinate along it; or a number.
Side = Callable[[np.ndarray], Any] | float
#: A side's function is taken for smooth if so many coefficients or fewer resolve it.
MOST_COEFFICIENTS = 512


class Edge:
    """A condition on one side: u, or its slope across it, as a function along it.

    Parameters
    ----------
    name : str
        What the user calls it.
    at : float
        Where the side is.
    slope : bool
        Whether the slope across the side is given, not the value.
    given : callable or float
        The function along the side.
    span : list of float
        The ends of the side.
    """

    def __init__(self, name, at, slope, given, span):
        self.name, self.at, self.slope, self.given = name, at, slope, given
        self.span = span
        self.series = self._resolved()

    def __call__(self, s):
        """The values at points s."""
        value = self.given(s) if callable(self.given) else self.given
        try:
            value = np.broadcast_to(np.asarray(value, float), s.shape)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{self.name} must return one real number for each of the {len(s)} "
                f"points that it is given, got {np.shape(value)}."
            ) from error
        if not np.isfinite(value).all():
            where = s[~np.isfinite(value)][0]
            raise ValueError(f"{self.name} is NaN or infinite at {where:.6g}.")
        return value

    def _resolved(self):
        """The Chebyshev series of the values, whose derivatives are exact."""
        degree = 16
        while degree <= MOST_COEFFICIENTS:
            series = Chebyshev.interpolate(self, degree, self.span)
            size = np.abs(series.coef)
            # Its second derivative is wanted to ten digits.
            if size[-3:].max() * degree**2 <= 1e-10 * (size.max() or 1.0):
                return series.trim(1e-16 * size.max())
            degree *= 2
        raise ValueError(
            f"{self.name} is not smooth: the equation asks for its second derivative, "
            f"which {MOST_COEFFICIENTS} Chebyshev coefficients do not resolve."
        )

    def jets(self, s):
        """Value and first two derivatives along the side, at points s."""
        return np.array([self(s), self.series.deriv(1)(s), self.series.deriv(2)(s)])

    def seen_from(self, other):
        """The left side of the other, crossing edge's condition, of this function."""
        if other.slope:
            return float(self.series.deriv(1)(other.at))
        return float(self(np.array([other.at]))[0])


class BoxConditions:
    """Conditions on sides of a rectangle; a subclass gives ``spans`` and ``edges``.

    ``edges`` is, for each of the two variables, the list of the Edges across it.
    """

    n_inputs, n_components, order, is_scalar = 2, 1, 2, True
    #: The names of the two variables.
    names = ("x", "y")
    spans: list
    edges: list

    @property
    def n_conditions(self):
        """Not counted: an equation with fewer of them may still have one solution."""
        return None

    def _box(self, X):
        """The rectangle that the network is to cover."""
        return np.array(self.spans)

    def _check(self, X):
        """Raise ValueError if points are outside of the rectangle."""
        box = self._box(X)
        low, high = box.T
        off = (low - X > 1e-12) | (X - high > 1e-12)
        if off.any():
            point = X[off.any(axis=1)][0]
            raise ValueError(
                f"The point ({point[0]:g}, {point[1]:g}) is outside of the rectangle "
                f"{self.names[0]} in {self.spans[0]}, {self.names[1]} in "
                f"{self.spans[1]}, on which the conditions are given."
            )

    def _anchors(self, box):
        """No point's jets enter elsewhere."""
        return np.empty((0, 2))

    def _settle(self):
        """Make ready to compute; raise ValueError if sides contradict each other."""
        if not any(self.edges):
            raise ValueError("There is no condition: give a function on some side.")
        self.blends = [blends(edges) for edges in self.edges]
        across, along = self.edges
        #: What the other sides' functions have at the corners.
        self.corners = np.array([[h.seen_from(g) for g in across] for h in along])
        for h, row in zip(along, self.corners, strict=True):
            for g, found in zip(across, row, strict=True):
                wanted = g.seen_from(h)
                if abs(found - wanted) > 1e-8 * (1 + abs(wanted)):
                    what = "its slope" if h.slope else "it"
                    raise ValueError(
                        f"The conditions contradict each other: at the corner "
                        f"({g.at:g}, {h.at:g}) {h.name} is {found:.6g}, but of "
                        f"{g.name} {what} is {wanted:.6g}."
                    )

    def _at(self, X, channels, box):
        """How u depends on N at the points X, as a Linear."""
        x, y = X.T
        across, along = self.edges
        phi, psi = ([f(v) for f in fs] for fs, v in zip(self.blends, X.T, strict=True))
        terms = [(p, g.jets(y)) for p, g in zip(phi, across, strict=True)]
        for q, h, corner in zip(psi, along, self.corners, strict=True):
            rest = h.jets(x) - sum(
                p * value for p, value in zip(phi, corner, strict=True)
            )
            terms.append((rest, q))
        A = sum(separable(p, q) for p, q in terms)
        factors = [
            self._distances(edges, v, side[1] - side[0])
            for edges, v, side in zip(self.edges, X.T, box, strict=True)
        ]
        B = product(channels, separable(*factors))
        nothing = np.empty((channels.n, len(X), 1, 0))
        return Linear(A[..., None], B, nothing, np.empty((0, channels.n, 0, 1)))

    def _distances(self, edges, v, length):
        """The product of the distances to the sides across one variable, as jets."""
        jets = np.array([np.ones_like(v), np.zeros_like(v), np.zeros_like(v)])
        for edge in edges:
            jets = times(jets, powers((v - edge.at) / length, length, 1))
        return jets


def blends(edges):
    """For each edge across a variable: 1 for its condition, 0 for the others'."""
    G = np.array(
        [
            [Polynomial.basis(q).deriv(int(e.slope))(e.at) for q in range(len(edges))]
            for e in edges
        ]
    )
    polynomials = [Polynomial(column) for column in np.linalg.inv(G).T] if edges else []

    return [partial(polynomial_jets, p) for p in polynomials]


def polynomial_jets(p, v):
    """A polynomial and its first two derivatives at v."""
    return np.array([p(v), p.deriv(1)(v), p.deriv(2)(v)])


def separable(p, q):
    """The jets of p(x) q(y): value, x, y, xx, xy, yy."""
    return np.array(
        [p[0] * q[0], p[1] * q[0], p[0] * q[1], p[2] * q[0], p[1] * q[1], p[0] * q[2]]
    )


class RectangleConditions(BoxConditions):
    """Values on the sides of a rectangle (Dirichlet).

    Parameters
    ----------
    x_span, y_span : tuple of float
        The rectangle.
    left, right : callable, float or None, default=0.0
        The values at the smallest and the largest x, as a vectorised function of y, or
        a number. None: no condition there; a :class:`Penalty` may take its place.
    bottom, top : callable, float or None, default=0.0
        The values at the smallest and the largest y, as a function of x, likewise.

    Raises
    ------
    ValueError
        If two sides differ at their corner, if there is no condition, or if a function
        is not finite, not smooth, or of the wrong shape.

    References
    ----------
    Coons (1967). Surfaces for computer-aided design of space forms. MIT.

    Examples
    --------
    >>> from sknn_scratch.differential import RectangleConditions
    >>> square = RectangleConditions((0, 1), (0, 1), right=lambda y: y, top=lambda x: x)
    """

    def __init__(
        self,
        x_span: tuple[float, float],
        y_span: tuple[float, float],
        *,
        left: Side | None = 0.0,
        right: Side | None = 0.0,
        bottom: Side | None = 0.0,
        top: Side | None = 0.0,
    ) -> None:
        self.x_span, self.y_span = x_span, y_span
        self.left, self.right, self.bottom, self.top = left, right, bottom, top
        x, y = self.spans = [interval(x_span, "x_span"), interval(y_span, "y_span")]
        self.edges = [
            [
                Edge(name, at, False, given, span)
                for name, at, given in pair
                if given is not None
            ]
            for pair, span in (
                ((("left", x[0], left), ("right", x[1], right)), y),
                ((("bottom", y[0], bottom), ("top", y[1], top)), x),
            )
        ]
        self._settle()

    def __repr__(self):
        return f"RectangleConditions({self.x_span!r}, {self.y_span!r})"


class SpaceTimeConditions(BoxConditions):
    """Values at the beginning and at the two ends of an interval.

    Parameters
    ----------
    x_span : tuple of float
        The interval in space.
    t_span : tuple of float
        Beginning and end in time.
    initial : callable or float
        u at the beginning, a vectorised function of x, or a number.
    velocity : callable, float or None, default=None
        The derivative of u by t at the beginning, likewise: for the wave equation.
        None: it is not given, as for the heat equation.
    left, right : callable, float or None, default=0.0
        u at the two ends, a function of t, or a number. None: no condition there; a
        :class:`Penalty` may take its place.

    Raises
    ------
    ValueError
        As :class:`RectangleConditions`.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch.differential import SpaceTimeConditions
    >>> string = SpaceTimeConditions(
    ...     (0, 1), (0, 2), lambda x: np.sin(np.pi * x), velocity=0.0)
    """

    names = ("x", "t")

    def __init__(
        self,
        x_span: tuple[float, float],
        t_span: tuple[float, float],
        initial: Side,
        *,
        velocity: Side | None = None,
        left: Side | None = 0.0,
        right: Side | None = 0.0,
    ) -> None:
        self.x_span, self.t_span = x_span, t_span
        self.initial, self.velocity = initial, velocity
        self.left, self.right = left, right
        x, t = self.spans = [interval(x_span, "x_span"), interval(t_span, "t_span")]
        sides = (("left", x[0], left), ("right", x[1], right))
        starts = (("initial", False, initial), ("velocity", True, velocity))
        self.edges = [
            [Edge(name, at, False, f, t) for name, at, f in sides if f is not None],
            [
                Edge(name, t[0], slope, f, x)
                for name, slope, f in starts
                if f is not None
            ],
        ]
        self._settle()

    def __repr__(self):
        return f"SpaceTimeConditions({self.x_span!r}, {self.t_span!r})"
