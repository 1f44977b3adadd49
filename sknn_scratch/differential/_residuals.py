"""The residuals of an equation as a least-squares problem in a network's parameters.

The unknowns are theta and the equation's own parameters p. Each row, one equation at
one point, depends on the jets of y there, and these linearly on the jets of the network
at the point and at the anchors: see :class:`~sknn_scratch.differential._linear.Linear`.
So a row's derivatives are known once those of the equation by y's jets are.
"""

from typing import NamedTuple

import numpy as np

from sknn_scratch._nn.jets import Tape
from sknn_scratch.differential._linear import Linear


class Parts(NamedTuple):
    """The derivatives of one term's rows, (n_equations, m) of them."""

    #: By the network's jets at the points: (n_equations, channels, m, n_components).
    local: np.ndarray
    #: By the functionals at the anchors: (n_equations, m, n_functionals).
    remote: np.ndarray
    #: By p: (n_equations, n_parameters, m).
    by_p: np.ndarray


def relative(residual, by_jets, jets, units):
    """The largest residual, relative to the size of the equation's terms.

    That is the largest sum, at any point, of the sizes of the summands of the equation
    taken as linear in y and its derivatives. A derivative counts as no smaller than y
    divided by the length of the domain: 0 in y' = 0 is not to be met to all digits.

    Parameters
    ----------
    residual : ndarray of shape (n_equations, m)
        What is left of the equations.
    by_jets : ndarray of shape (n_equations, channels, n_components, m)
        Their derivatives by the jets of y.
    jets : ndarray of shape (channels, m, n_components)
        The jets of y.
    units : ndarray of shape (channels,)
        1, and the inverse lengths that go with the derivatives.
    """
    largest = np.abs(jets).max(axis=1)
    floor = units[:, None, None] * largest[0]
    jets = np.maximum(np.abs(jets), floor)
    size = np.einsum("ecnm,cmn->em", np.abs(by_jets), jets).max(axis=1)
    return ratio(np.abs(residual).max(axis=1), size)


def ratio(residual, size):
    """The largest of the quotients; 0 for what is 0, infinity for what is no number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotients = np.where(residual == 0, 0.0, residual / size)
    return float(np.nan_to_num(quotients, nan=np.inf, posinf=np.inf).max())


class Term:
    """Rows of one equation at some points.

    Parameters
    ----------
    equation : Equation
        Settled, or to be settled at the first call.
    X : ndarray of shape (m, d)
        The points.
    linear : Linear
        How y depends on the network there.
    units : ndarray of shape (channels,)
        1, and the inverse lengths that go with the derivatives.
    weight : float, default=1.0
        Factor of the rows.
    counts : bool, default=True
        Whether the rows must vanish for the solution to be one; data need not.
    """

    def __init__(self, equation, X, linear, units, weight=1.0, counts=True):
        self.equation, self.X, self.linear = equation, X, linear
        self.units, self.weight, self.counts = units, weight, counts

    def some(self, rows):
        """The term of some of the points, the equation being settled."""
        A, B, phi, F = self.linear
        linear = Linear(A[:, rows], B[..., rows], phi[:, rows], F)
        return Term(
            self.equation, self.X[rows], linear, self.units, self.weight, self.counts
        )

    def jets(self, N, anchored):
        """The jets of y at the points."""
        return self.linear.jets(N, anchored)

    def settle(self, N, anchored, p):
        """Call the equation for the first time."""
        self.equation.settle(self.X, self.jets(N, anchored), p)

    def values(self, N, anchored, p):
        """The residuals (n_equations, m), without the weight."""
        return self.equation.values(self.X, self.jets(N, anchored), p)

    def parts(self, N, anchored, p):
        """The derivatives of the weighted rows, and the largest relative residual."""
        y = self.jets(N, anchored)
        by_jets, by_p = self.equation.partials(self.X, y, p)
        r = self.equation.values(self.X, y, p)
        local, remote = self.linear.pulled(by_jets)
        w = self.weight
        parts = Parts(w * local, w * remote, w * by_p)
        return parts, relative(r, by_jets, y, self.units)


class Residuals:
    """The rows of all terms, as functions of a network's theta and of p.

    Parameters
    ----------
    network : Network
        N, from the box scaled to [-1, 1]^d to the components.
    channels : Channels
        The jets of y.
    box : ndarray of shape (d, 2)
        What is scaled to [-1, 1]^d.
    anchors : ndarray of shape (n_anchors, d)
        The points whose jets of N enter everywhere.
    terms : list of Term
        At least one.
    vector : ndarray of shape (n_theta + n_parameters,)
        theta, whose views the network holds, and p; whoever solves changes it.
    """

    def __init__(self, network, channels, box, anchors, terms, vector):
        self.network, self.channels, self.terms = network, channels, terms
        self.vector, self.p = vector, vector[network.theta.size :]
        self.box, self.anchors = box, anchors
        self.F = terms[0].linear.F
        points = [*(term.X for term in terms), anchors]
        self.seeds = seeds(channels, box, np.concatenate(points))
        ends = np.cumsum([len(X) for X in points])
        self.places = [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]
        *self.places, self.at_anchors = self.places

    def some(self, rows):
        """The same, with some of the first term's points only."""
        first, *others = self.terms
        return Residuals(
            self.network,
            self.channels,
            self.box,
            self.anchors,
            [first.some(rows), *others],
            self.vector,
        )

    @property
    def arguments(self):
        """What the user's functions are given besides the jets."""
        return (self.p,) if len(self.p) else ()

    def run(self, with_back=False):
        """Run the network as it is now; the jets of N follow in ``N``."""
        self.tape = Tape(self.network, self.channels, with_back)
        self.N = self.tape.run(self.seeds)
        return self

    def _each(self):
        anchored = self.N[:, self.at_anchors]
        for term, place in zip(self.terms, self.places, strict=True):
            yield term, (self.N[:, place], anchored, self.arguments)

    def settle(self):
        """Call all functions for the first time; they may raise ValueError."""
        self.run()
        for term, state in self._each():
            term.settle(*state)
        with np.errstate(all="ignore"):
            self.linearise()
        if not all(np.isfinite(array).all() for parts in self.parts for array in parts):
            raise ValueError(
                "The derivatives of the equation by y are NaN or infinite at the "
                "beginning, as those of a root at 0 are. Give another guess, or other "
                "points."
            )

    def rows(self):
        """All rows, weighted, for the network as it was run last."""
        return np.concatenate(
            [term.weight * np.ravel(term.values(*each)) for term, each in self._each()]
        )

    def linearise(self):
        """Find the derivatives of all rows; gives the largest of those that count.

        Returns
        -------
        float
            The largest residual, relative to the size of the terms.
        """
        self.parts, largest = [], 0.0
        for term, each in self._each():
            parts, of_term = term.parts(*each)
            self.parts.append(parts)
            if term.counts:
                largest = max(largest, of_term)
        return largest

    # ---- derivatives of the rows, after ``linearise`` -----------------------------

    def jacobian_of_output(self):
        """By the last layer's W, its b and p: (n_rows, ...)."""
        last = self.tape.last
        C, M, _ = last.shape
        ones = np.zeros((C, M, 1))
        ones[0] = 1
        H = np.concatenate([last, ones], axis=-1)
        there = np.einsum("kcan,cap->kpn", self.F, H[:, self.at_anchors])
        blocks = []
        for parts, place in zip(self.parts, self.places, strict=True):
            local, (E, m, _) = parts.local, parts.remote.shape
            # One product for each equation and component: einsum would be slower.
            J = np.empty((E, m, H.shape[-1], local.shape[-1]))
            for n in range(local.shape[-1]):
                J[..., n] = sum(local[:, c, :, n, None] * H[c, place] for c in range(C))
            if len(self.F):
                J += np.tensordot(parts.remote, there, 1)
            by_p = parts.by_p.transpose(0, 2, 1).reshape(E * m, -1)
            blocks.append(np.hstack([J.reshape(E * m, -1), by_p]))
        return np.concatenate(blocks)

    def jacobian(self):
        """By theta and p: (n_rows, n_parameters)."""
        delta = np.zeros_like(self.N)
        there = []
        for F in self.F:
            delta[:, self.at_anchors] = F
            there.append(self.tape.gradient(delta))
        delta[...] = 0
        blocks = []
        for parts, place in zip(self.parts, self.places, strict=True):
            for e, local in enumerate(parts.local):
                delta[:, place] = local
                J = self.tape.jacobian(delta)[place]
                if there:
                    J += parts.remote[e] @ np.array(there)
                blocks.append(np.hstack([J, parts.by_p[e].T]))
            delta[:, place] = 0
        return np.concatenate(blocks)

    def gradient(self, weights):
        """The sum of the rows' derivatives by theta and p, with those weights."""
        delta, of_p, start = np.zeros_like(self.N), np.zeros(len(self.p)), 0
        for parts, place in zip(self.parts, self.places, strict=True):
            E, m, _ = parts.remote.shape
            w = weights[start : start + E * m].reshape(E, m)
            start += E * m
            delta[:, place] += np.einsum("em,ecmn->cmn", w, parts.local)
            if len(self.F):
                by_functional = np.einsum("em,emk->k", w, parts.remote)
                delta[:, self.at_anchors] += np.tensordot(by_functional, self.F, 1)
            of_p += np.einsum("em,ekm->k", w, parts.by_p)
        return np.concatenate([self.tape.gradient(delta), of_p])


def units_of(channels, box):
    """1, and for each derivative one over the lengths of the box that go with it."""
    lengths = box[:, 1] - box[:, 0]
    units = np.ones(channels.n)
    for i, channel in enumerate(channels.firsts):
        units[channel] = 1 / lengths[i]
    for channel, i, j in channels.pairs:
        units[channel] = 1 / (lengths[i] * lengths[j])
    return units


def seeds(channels, box, X):
    """The jets of the box's points, scaled to [-1, 1]^d."""
    low, length = box[:, 0], box[:, 1] - box[:, 0]
    return channels.seeds(2 * (X - low) / length - 1, 2 / length)
