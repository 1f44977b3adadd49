"""From an estimator's parameters to the least-squares problem for a solver."""

from numbers import Integral

import numpy as np

from sknn_scratch._estimators.parameters import as_list
from sknn_scratch._nn.activations import resolve
from sknn_scratch._nn.jets import Channels, Tape
from sknn_scratch.differential._equations import Equation
from sknn_scratch.differential._networks import built, draw
from sknn_scratch.differential._residuals import Residuals, Term, seeds, units_of
from sknn_scratch.differential._solvers import Course, output_weights

#: Units of the hidden layer by default, for so many variables.
WIDTHS = {1: 40, 2: 300}
#: Singular values below this part of the largest are left out when fitting a guess: a
#: guess that is not smooth, fitted to the last digit, takes weights of any size.
ROUGHLY = 1e-5
#: Numbers of jets that are computed at a time.
AT_ONCE = 1 << 20


class Setup:
    """One fit: the equation, the network, and the residuals.

    Parameters
    ----------
    params : dict
        The estimator's parameters.
    X : ndarray of shape (m, d)
        The collocation points.
    earlier : dict
        The fitted attributes to go on from; empty for a fresh fit.
    """

    def __init__(self, params, X, earlier):
        self.params, self.conditions = params, params["conditions"]
        self._check(X)
        p = self._parameters()
        self._count(p)
        self.channels = Channels(self.conditions.n_inputs, self.conditions.order)
        network = self._network(earlier)
        if earlier and len(earlier["parameters_"]) == len(p):
            p = earlier["parameters_"]
        vector = np.concatenate([network.theta, p])
        self.network = network.with_theta(vector[: network.theta.size])
        self.box = earlier["_box"] if earlier else self.conditions._box(X)
        if not (self.box[:, 1] > self.box[:, 0]).all():
            raise ValueError(
                "All points of X are the one where the conditions are given: there is "
                "nothing to solve. Give points that cover the interval."
            )
        self.anchors = self.conditions._anchors(self.box)
        self.equation = self.equation_of(params, self.channels)
        self.residuals = self._residuals(self._terms(X), vector)
        if not earlier and params["guess"] is not None:
            self._begin_at(params["guess"], X)
        self.residuals.settle()
        n, found = self.conditions.n_components, self.equation.n_equations
        if found < n and not params["penalties"]:
            raise ValueError(
                f"{self.equation.name} returns {found} equation{'s' * (found > 1)} for "
                f"the {n} components of y: it must return at least as many."
            )

    @staticmethod
    def equation_of(params, channels):
        """The equation that the estimator's parameters name."""
        equation = params["residual"]
        if isinstance(equation, Equation):
            return equation
        return Equation(equation, params["conditions"], channels)

    def _check(self, X):
        d = self.conditions.n_inputs
        if X.shape[1] != d:
            raise ValueError(
                f"X must have {d} column{'s' * (d > 1)}, the equation's variables, "
                f"got {X.shape[1]}."
            )
        self.conditions._check(X)
        f = resolve(self.params["activation"])
        try:
            f.derivatives(np.zeros((1, 1)))
        except NotImplementedError as error:
            raise ValueError(
                f"A differential equation needs a smooth activation. {error}"
            ) from error
        for penalty in self.params["penalties"]:
            if not hasattr(penalty, "_term"):
                raise ValueError(
                    f"penalties must be a list of Penalty, got {penalty!r} in it."
                )
            if penalty.points.shape[1] != d:
                raise ValueError(
                    f"The points of {penalty!r} must have {d} column"
                    f"{'s' * (d > 1)}, got {penalty.points.shape[1]}."
                )
            self.conditions._check(penalty.points)

    def _parameters(self):
        given = self.params["parameters"]
        try:
            p = np.array([] if given is None else given, dtype=float)
        except (TypeError, ValueError):
            p = np.array(np.nan)
        if p.ndim != 1 or not np.isfinite(p).all():
            raise ValueError(
                "parameters must be finite numbers in an array of shape (k,), got "
                f"{given!r}."
            )
        return p

    def _count(self, p):
        """Raise unless the conditions are as many as the equation asks for."""
        conditions, more = self.conditions, len(p)
        n = conditions.n_conditions
        if n is None:
            return
        wanted = conditions.order * conditions.n_components
        enough = n >= wanted or bool(self.params["penalties"])
        if not enough or n > wanted + more:
            with_ = f" with {more} unknown parameters" if more else ""
            raise ValueError(
                f"{conditions!r} has {n} conditions, but an equation of order "
                f"{conditions.order} for {conditions.n_components} components{with_} "
                f"asks for {wanted}{f' to {wanted + more}' if more else ''}. Add "
                "conditions, or penalties in their place, or leave some out."
            )

    def _sizes(self):
        sizes = self.params["hidden_layer_sizes"]
        if isinstance(sizes, str):
            sizes = [WIDTHS[self.conditions.n_inputs]]
        sizes = as_list(sizes) if as_list(sizes) is not None else [sizes]
        if not sizes or not all(isinstance(k, Integral) and int(k) > 0 for k in sizes):
            raise ValueError(
                "hidden_layer_sizes must be positive integers, at least one, got "
                f"{self.params['hidden_layer_sizes']!r}."
            )
        return [
            self.conditions.n_inputs,
            *map(int, sizes),
            self.conditions.n_components,
        ]

    def _network(self, earlier):
        params, random_state = self.params, self.params["random_state"]
        network = built(self._sizes(), params["activation"])
        if earlier:
            before = earlier["_network"]
            if before.shapes != network.shapes:
                raise ValueError(
                    "warm_start and partial_fit go on from the earlier fit, whose "
                    f"parameters have the shapes {before.shapes}, but this estimator "
                    f"asks for {network.shapes}. Set warm_start=False and call fit to "
                    "start afresh."
                )
            return network.with_theta(before.theta.copy())
        draw(network, params["init"], params["init_scale"], random_state)
        if params["solver"] == "gauss_newton":  # starts from A
            network.layers[-1].W[...] = network.layers[-1].b[...] = 0
        return network

    def _terms(self, X):
        yield self._term(self.equation, X)
        for k, penalty in enumerate(self.params["penalties"]):
            name = f"the residual of penalty {k}"
            yield penalty._term(self.conditions, self.channels, self.box, name)

    def _term(self, equation, X):
        linear = self.conditions._at(X, self.channels, self.box)
        return Term(equation, X, linear, units_of(self.channels, self.box))

    def _residuals(self, terms, vector):
        return Residuals(
            self.network, self.channels, self.box, self.anchors, list(terms), vector
        )

    def _begin_at(self, guess, X):
        """Fit the output layer to a guess of the solution."""
        wanted = np.asarray(guess(*X.T), float)
        n = self.conditions.n_components
        if wanted.shape not in ((len(X),), (n, len(X))) or wanted.ndim == 1 < n:
            raise ValueError(
                f"guess must return an array of shape {(len(X),) if n == 1 else ''}"
                f"{(n, len(X)) if n > 1 else ''} for {len(X)} points, got "
                f"{wanted.shape}."
            )
        if not np.isfinite(wanted).all():
            raise ValueError("guess returned NaN or infinity.")

        def off(t, y, *_):
            return y - (wanted if np.ndim(y) == 2 else np.ravel(wanted))

        equation = Equation(
            off, self.conditions, self.channels, "guess", pointwise=False
        )
        residuals = self._residuals([self._term(equation, X)], self.residuals.vector)
        residuals.settle()
        output_weights(residuals, Course(residuals, 0.0), 2, [ROUGHLY])


def jets_of(network, conditions, box, X):
    """The channels and the jets of y at points, by a fitted network."""
    channels = Channels(conditions.n_inputs, conditions.order)
    anchors = conditions._anchors(box)
    anchored = Tape(network, channels).run(seeds(channels, box, anchors))
    widest = max(layer.n_out for layer in network.layers)
    rows = max(1, AT_ONCE // (channels.n * widest))
    parts = []
    for start in range(0, max(1, len(X)), rows):
        x = X[start : start + rows]
        N = Tape(network, channels).run(seeds(channels, box, x))
        parts.append(conditions._at(x, channels, box).jets(N, anchored))
    return channels, np.concatenate(parts, axis=1)
