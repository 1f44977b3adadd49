"""Optimisers on one flat parameter vector.

A step walks over pieces of the vector that stay in the cache: each piece's gradient is
finished (penalty added, divided by the total weight) and used at once, so every array
is read from memory one time a step. Pieces and their views are made once per training;
which entries decay, and each piece's learning-rate factor, are settled then.

Many nets in one network share these lines: a piece then has a row for each of a few
nets, and numbers that differ among them are columns.

To add an optimiser, say which ``slots`` (vectors like theta) it keeps, write
``configure``, ``set_rate`` and ``update``, and name it in ``OPTIMIZERS``.
"""

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from sknn_scratch._nn.arrays import per_net
from sknn_scratch._nn.plan import finish_gradient

CHUNK = 1 << 15  # entries; five such float64 chunks fill 1.3 MB of L2


class Optimizer:
    """State vectors and the pieces that a step walks over.

    Parameters
    ----------
    shape : tuple of int
        That of theta, (n_parameters,) or (nets, n_parameters).
    dtype : dtype
        float32 or float64.
    params : dict
        The estimator's parameters; each optimiser reads its own. For many nets they may
        be arrays with an entry for each.
    rates_differ : bool, default=False
        Whether the learning rates of many nets may differ: they are then (nets, 1).
    """

    #: Names of the state vectors.
    slots: tuple[str, ...] = ()
    #: The names of the parameters that it reads, besides the learning rate.
    reads: tuple[str, ...] = ()
    #: While attached to a plan: all numbers, and (learning-rate factor, pieces).
    numbers: Any
    groups: list

    def __init__(self, shape, dtype, params, rates_differ=False):
        self.shape, self.dtype = shape, np.dtype(dtype)
        names = (*self.reads, "learning_rate_init", "clip_norm")
        self.params = {name: params[name] for name in names}
        self.state = {name: np.zeros(shape, dtype) for name in self.slots}
        self.learning_rate = self.exactly(params["learning_rate_init"])
        self.clip_norm = params["clip_norm"]
        numbers = (params[name] for name in names if params[name] is not None)
        differ = rates_differ or any(np.ndim(number) for number in numbers)
        #: The shape of a number that may differ among the nets.
        self.column = (shape[0], 1) if differ else ()
        #: The number of the step, from 1.
        self.t = 0

    # ---- numbers: floats, 0-d arrays, or a column for many nets ------------------

    def exactly(self, value):
        """The number in float64."""
        return per_net(value, np.float64, 1) if np.ndim(value) else float(value)

    def number(self, value):
        """The number as an array of the working dtype: no cast at each ufunc call."""
        return per_net(value, self.dtype, 1)

    def rate_number(self):
        """Room for a number that follows the learning rate."""
        return np.zeros(self.column, self.dtype)

    # ---- what an optimiser says of itself ----------------------------------------

    def configure(self, c, params):
        """Read the hyperparameters; make the numbers c of an update.

        They are 0-d, or (nets, 1) if they differ among the nets.
        """

    def set_rate(self, c, rate):
        """Set the numbers that follow the learning rate, in place."""
        raise NotImplementedError

    def update(self, c, theta, grad, spare, weights, *state):
        """Update one piece, with its numbers c; grad and spare may be spent.

        ``weights`` is the part of theta that decays.
        """
        raise NotImplementedError

    # ---- many nets ------------------------------------------------------------

    def signature(self):
        """What optimisers must have in common to be one."""
        return type(self), self.slots, self.clip_norm is None

    def inherit(self, earlier, nets):
        """Take over the state of an optimiser of many nets.

        Parameters
        ----------
        earlier : Optimizer
            Of the same class.
        nets : list of int, or int
            The nets to go on with; an int takes one of them out.
        """
        for name in self.slots:
            self.state[name][...] = earlier.state[name][nets]
        self.t = earlier.t

    # ---- a step ------------------------------------------------------------------

    def attach(self, plan, length=CHUNK):
        """Cut theta, the plan's gradient and the state into pieces; return the step."""
        # Of a float math.sqrt is a dozen times faster.
        self.sqrt: Callable = np.sqrt if self.column else math.sqrt
        self.numbers = numbers = SimpleNamespace()
        self.configure(numbers, self.params)
        numbers.alpha = self.number(plan.alpha) if np.any(plan.alpha) else None
        numbers.total = np.empty_like(plan.total)
        nets = plan.theta.shape[:-1]
        numbers.squares = np.zeros(nets)
        numbers.scale = np.empty((*nets, 1) if nets else (), self.dtype)
        pieces = plan.layout.pieces(length)
        room = max((piece.of(plan.theta).size for piece in pieces), default=0)
        room = np.empty(room, self.dtype)
        groups: dict[float, list] = {}
        for piece in pieces:
            theta, grad = piece.of(plan.theta), piece.of(plan.grad)
            spare = room[: theta.size].reshape(theta.shape)
            weights, *penalised = (
                array[..., : piece.n_decaying] for array in (theta, grad, spare)
            )
            # None: no penalty to add.
            penalty = (
                (None,) * 3
                if numbers.alpha is None or not piece.n_decaying
                else (weights, *penalised)
            )
            own = {name: piece.numbers_of(c) for name, c in vars(numbers).items()}
            state = [piece.of(self.state[name]) for name in self.slots]
            groups.setdefault(piece.rate_factor, []).append(
                (SimpleNamespace(**own), penalty, (theta, grad, spare, weights, *state))
            )
        self.groups = list(groups.items())
        return self.step if self.clip_norm is None else self.clipped_step

    def detach(self):
        """Forget the plan's buffers."""
        self.__dict__ = self.__getstate__()

    def __getstate__(self):
        of_a_plan = ("groups", "sqrt", "numbers")
        return {k: v for k, v in self.__dict__.items() if k not in of_a_plan}

    def step(self, rate, total):
        """Move theta one step down the gradient that backprop left."""
        self.t += 1
        numbers, update = self.numbers, self.update
        numbers.total[...] = total
        for factor, pieces in self.groups:
            self.set_rate(numbers, rate * factor)
            for c, (weights, weight_grad, spare), views in pieces:
                finish_gradient(weights, weight_grad, views[1], c.alpha, c.total, spare)
                update(c, *views)

    def clipped_step(self, rate, total):
        """A step whose gradient is finished first, and no longer than ``clip_norm``.

        Pascanu, Mikolov and Bengio (2013): g <- g min(1, c / |g|), |g| over all
        parameters.
        """
        self.t += 1
        numbers = self.numbers
        numbers.total[...], numbers.squares[...] = total, 0
        for _, pieces in self.groups:
            for c, (weights, weight_grad, spare), (_, grad, *_) in pieces:
                finish_gradient(weights, weight_grad, grad, c.alpha, c.total, spare)
                c.squares += np.vecdot(grad, grad)
        longest = np.maximum(self.clip_norm, np.sqrt(numbers.squares))
        numbers.scale[...] = np.reshape(self.clip_norm / longest, numbers.scale.shape)
        for factor, pieces in self.groups:
            self.set_rate(numbers, rate * factor)
            for c, _, views in pieces:
                grad = views[1]
                grad *= c.scale
                self.update(c, *views)


class SGD(Optimizer):
    """v <- beta v - eta g;  theta <- theta + v

    `beta` is ``momentum``; Sutskever, Martens, Dahl and Hinton (2013). With Nesterov's
    momentum `theta <- theta + beta v - eta g`. With momentum 0 it is plain gradient
    descent and keeps no state.
    """

    slots: tuple[str, ...] = ("velocity",)
    reads = ("momentum", "nesterovs_momentum")

    def __init__(self, shape, dtype, params, rates_differ=False):
        if not np.any(params["momentum"]):
            self.slots = ()
        super().__init__(shape, dtype, params, rates_differ)
        self.nesterov = params["nesterovs_momentum"]

    def configure(self, c, params):
        c.momentum = self.number(params["momentum"])
        c.rate = self.rate_number()

    def signature(self):
        return *super().signature(), self.nesterov

    def set_rate(self, c, rate):
        c.rate[...] = rate

    def update(self, c, theta, grad, spare, weights, velocity=None):
        grad *= c.rate
        if velocity is None:
            theta -= grad
            return
        velocity *= c.momentum
        velocity -= grad
        if self.nesterov:
            np.multiply(velocity, c.momentum, spare)
            spare -= grad
            theta += spare
        else:
            theta += velocity


class Adam(Optimizer):
    """m <- beta_1 m + (1 - beta_1) g;  v <- beta_2 v + (1 - beta_2) g^2;
    theta <- theta - eta_t m / (sqrt(v) + eps);
    eta_t = eta sqrt(1 - beta_2^t) / (1 - beta_1^t)

    The letters are ``beta_1``, ``beta_2`` and ``epsilon``; `t` counts steps. Kingma and
    Ba (2014), in the second form of their section 2.
    """

    slots = ("m", "v")
    reads: tuple[str, ...] = ("beta_1", "beta_2", "epsilon")

    def configure(self, c, params):
        self.beta_1 = self.exactly(params["beta_1"])
        self.beta_2 = self.exactly(params["beta_2"])
        c.b1, c.b2 = self.number(params["beta_1"]), self.number(params["beta_2"])
        c.c1 = self.number(1 - np.asarray(params["beta_1"]))
        c.c2 = self.number(1 - np.asarray(params["beta_2"]))
        c.epsilon = self.number(params["epsilon"])
        c.minus_rate = self.rate_number()

    def set_rate(self, c, rate):
        t = self.t
        root = self.sqrt(1 - self.beta_2**t)
        c.minus_rate[...] = -(rate * root / (1 - self.beta_1**t))

    def update(self, c, theta, grad, spare, weights, m, v):
        np.multiply(grad, c.c1, spare)
        m *= c.b1
        m += spare
        np.square(grad, grad)
        grad *= c.c2
        v *= c.b2
        v += grad
        np.sqrt(v, spare)
        spare += c.epsilon
        np.multiply(m, c.minus_rate, grad)
        grad /= spare
        theta += grad


class AdamW(Adam):
    """Adam, and apart from it W <- W - eta weight_decay W

    for all weights, not for intercepts. Loshchilov and Hutter (2017): the decay is
    decoupled from the gradient, so that it is not divided by `sqrt(v)`.
    """

    reads = (*Adam.reads, "weight_decay")

    def configure(self, c, params):
        super().configure(c, params)
        self.weight_decay = self.exactly(params["weight_decay"])
        c.keep = self.rate_number()

    def set_rate(self, c, rate):
        super().set_rate(c, rate)
        c.keep[...] = 1 - rate * self.weight_decay

    def update(self, c, theta, grad, spare, weights, m, v):
        weights *= c.keep
        super().update(c, theta, grad, spare, weights, m, v)


class NAdam(Adam):
    """theta <- theta - eta d / (sqrt(v / (1 - beta_2^t)) + eps);
    d = u_(t+1) m / (1 - U_(t+1)) + (1 - u_t) g / (1 - U_t);
    u_t = beta_1 (1 - 0.96^(t / 250) / 2);  U_t = u_1 u_2 ... u_t

    Adam with Nesterov's momentum: `m` and `v` are Adam's, `d` is the direction, `u_t`
    the momentum of step `t`, which grows to ``beta_1``, and `U_t` the product of all of
    them so far. Dozat (2016), in the form of PyTorch's NAdam.
    """

    #: The product of all u so far, and of how many.
    u_product, n_factors = 1.0, 0

    def configure(self, c, params):
        super().configure(c, params)
        c.of_m, c.of_g = self.rate_number(), self.rate_number()
        c.inverse_root = self.rate_number()

    def inherit(self, earlier, nets):
        super().inherit(earlier, nets)
        product = earlier.u_product
        if np.ndim(product):
            product = product[nets] if self.column else product[nets].item()
        self.u_product, self.n_factors = product, earlier.n_factors

    def set_rate(self, c, rate):
        t = self.t
        u, u_next = (self.beta_1 * (1 - 0.5 * 0.96 ** (s / 250)) for s in (t, t + 1))
        if self.n_factors < t:  # once a step, however many rates there are
            self.u_product, self.n_factors = self.u_product * u, t
        product = self.u_product
        c.inverse_root[...] = 1 / self.sqrt(1 - self.beta_2**t)
        c.of_g[...] = -rate * (1 - u) / (1 - product)
        c.of_m[...] = -rate * u_next / (1 - product * u_next)

    def update(self, c, theta, grad, spare, weights, m, v):
        m *= c.b1
        np.multiply(grad, c.c1, spare)
        m += spare
        v *= c.b2
        np.square(grad, spare)
        spare *= c.c2
        v += spare
        grad *= c.of_g
        np.multiply(m, c.of_m, spare)
        grad += spare
        np.sqrt(v, spare)
        spare *= c.inverse_root
        spare += c.epsilon
        grad /= spare
        theta += grad


class RMSprop(Optimizer):
    """v <- beta_2 v + (1 - beta_2) g^2;  theta <- theta - eta g / (sqrt(v) + eps)

    Tieleman and Hinton (2012), lecture 6.5.
    """

    slots = ("v",)
    reads = ("beta_2", "epsilon")

    def configure(self, c, params):
        beta = params["beta_2"]
        c.b2, c.c2 = self.number(beta), self.number(1 - np.asarray(beta))
        c.epsilon = self.number(params["epsilon"])
        c.rate = self.rate_number()

    def set_rate(self, c, rate):
        c.rate[...] = rate

    def update(self, c, theta, grad, spare, weights, v):
        np.square(grad, spare)
        spare *= c.c2
        v *= c.b2
        v += spare
        np.sqrt(v, spare)
        spare += c.epsilon
        grad *= c.rate
        grad /= spare
        theta -= grad


OPTIMIZERS = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": NAdam,
    "rmsprop": RMSprop,
}
