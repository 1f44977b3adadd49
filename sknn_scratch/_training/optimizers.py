"""Optimisers on one flat parameter vector.

A step walks over pieces of the vector that stay in the cache: each piece's gradient is
finished (penalty added, divided by the total weight) and used at once, so every array
is read from memory one time a step. Pieces and their views are made once per training;
which entries decay, and each piece's learning-rate factor, are settled then.

Many nets in one network share these lines: where rates or other numbers differ among
them, the pieces have a row for each net, and the numbers are columns.

To add an optimiser, say which ``slots`` (vectors like theta) it keeps, write
``configure``, ``set_rate`` and ``update``, and name it in ``OPTIMIZERS``.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from sknn_scratch._nn.arrays import per_net
from sknn_scratch._nn.plan import finish_gradient

CHUNK = 1 << 15  # entries; five such float64 chunks fill 1.3 MB of L2


class Optimizer:
    """State vectors and the pieces that a step walks over.

    Parameters
    ----------
    size : int
        Number of parameters.
    dtype : dtype
        float32 or float64.
    params : dict
        The estimator's parameters; each optimiser reads its own. For many nets they may
        be arrays with an entry for each.
    nets : tuple of int, default=()
        (m,) if the rates or other numbers of m nets may differ.
    """

    #: Names of the state vectors.
    slots: tuple[str, ...] = ()
    #: The names of the parameters that it reads, besides the learning rate.
    reads: tuple[str, ...] = ()
    #: (learning-rate factor, pieces), while attached to a plan.
    groups: list

    def __init__(self, size, dtype, params, nets=()):
        self.dtype, self.nets = np.dtype(dtype), nets
        names = (*self.reads, "learning_rate_init", "clip_norm")
        self.params = {name: params[name] for name in names}
        self.state = {name: np.zeros(size, dtype) for name in self.slots}
        self.learning_rate = self.exactly(params["learning_rate_init"])
        clip_norm = params["clip_norm"]
        self.clip_norm: Any = None if clip_norm is None else np.float64(clip_norm)
        #: The number of the step, from 1.
        self.t = 0
        self.configure(params)

    # ---- numbers: floats, 0-d arrays, or a column for many nets ------------------

    def exactly(self, value):
        """The number in float64."""
        return per_net(value, np.float64, 1) if np.ndim(value) else float(value)

    def number(self, value):
        """The number as an array of the working dtype: no cast at each ufunc call."""
        return per_net(value, self.dtype, 1)

    def rate_number(self):
        """Room for a number that follows the learning rate."""
        return np.zeros((*self.nets, 1) if self.nets else (), self.dtype)

    # ---- what an optimiser says of itself ----------------------------------------

    def configure(self, params):
        """Read the hyperparameters."""

    def set_rate(self, rate):
        """Prepare what all pieces of one learning rate share."""
        raise NotImplementedError

    def update(self, theta, grad, spare, weights, *state):
        """Update one piece; grad and spare may be spent.

        ``weights`` is the part of theta that decays.
        """
        raise NotImplementedError

    # ---- many nets ------------------------------------------------------------

    def signature(self):
        """What optimisers must have in common to be one."""
        return type(self), self.slots, self.clip_norm is None

    def inherit(self, earlier, chosen, nets):
        """Take over the state of an optimiser of many nets.

        Parameters
        ----------
        earlier : Optimizer
            Of the same class.
        chosen : callable
            Gives of its vectors the part that is wanted.
        nets : list of int, or int
            The nets to go on with; an int takes one of them out.
        """
        for name in self.slots:
            self.state[name][...] = chosen(earlier.state[name])
        self.t = earlier.t

    # ---- a step ------------------------------------------------------------------

    def attach(self, plan, length=CHUNK):
        """Cut theta, the plan's gradient and the state into pieces; return the step."""
        # Of a float math.sqrt is a dozen times faster.
        self.sqrt: Callable = np.sqrt if self.nets else math.sqrt
        pieces = plan.layout.pieces(length, by_net=bool(self.nets))
        self.alpha = self.number(plan.alpha) if np.any(plan.alpha) else None
        spare = np.empty(min(max([length, *self.nets]), len(plan.theta)), self.dtype)
        groups: dict[float, list] = {}
        for piece in pieces:
            theta, grad = piece.of(plan.theta), piece.of(plan.grad)
            room = spare[: theta.size].reshape(theta.shape)
            weights, *penalised = (
                array[..., : piece.n_decaying] for array in (theta, grad, room)
            )
            # None: no penalty to add.
            penalty = (
                (None,) * 3
                if self.alpha is None or not piece.n_decaying
                else (weights, *penalised)
            )
            state = [piece.of(self.state[name]) for name in self.slots]
            groups.setdefault(piece.rate_factor, []).append(
                (penalty, (theta, grad, room, weights, *state))
            )
        self.groups = list(groups.items())
        return self.step if self.clip_norm is None else self.clipped_step

    def detach(self):
        """Forget the plan's buffers."""
        self.__dict__ = self.__getstate__()

    def __getstate__(self):
        of_a_plan = ("groups", "sqrt")
        return {k: v for k, v in self.__dict__.items() if k not in of_a_plan}

    def step(self, rate, total):
        """Move theta one step down the gradient that backprop left."""
        self.t += 1
        alpha, update = self.alpha, self.update
        for factor, pieces in self.groups:
            self.set_rate(rate * factor)
            for (weights, weight_grad, spare), views in pieces:
                finish_gradient(weights, weight_grad, views[1], alpha, total, spare)
                update(*views)

    def clipped_step(self, rate, total):
        """A step whose gradient is finished first, and no longer than ``clip_norm``.

        Pascanu, Mikolov and Bengio (2013): g <- g min(1, c / |g|), |g| over all
        parameters.
        """
        self.t += 1
        squares = 0.0
        for _, pieces in self.groups:
            for (weights, weight_grad, spare), (_, grad, *_) in pieces:
                finish_gradient(weights, weight_grad, grad, self.alpha, total, spare)
                squares += np.float64(np.vecdot(grad, grad))
        longest = np.maximum(self.clip_norm, np.sqrt(squares))
        scale = self.number(self.clip_norm / longest)
        for factor, pieces in self.groups:
            self.set_rate(rate * factor)
            for _, views in pieces:
                grad = views[1]
                grad *= scale
                self.update(*views)


class SGD(Optimizer):
    """v <- mu v - eta g;  theta <- theta + v, or + mu v - eta g (Nesterov).

    Sutskever, Martens, Dahl and Hinton (2013). With momentum 0 it is plain gradient
    descent and keeps no state.
    """

    slots: tuple[str, ...] = ("velocity",)
    reads = ("momentum", "nesterovs_momentum")

    def configure(self, params):
        self.momentum = self.number(params["momentum"])
        self.rate = self.rate_number()
        self.nesterov = params["nesterovs_momentum"]
        if not np.any(params["momentum"]):
            self.slots, self.state = (), {}

    def signature(self):
        return *super().signature(), self.nesterov

    def set_rate(self, rate):
        self.rate[...] = rate

    def update(self, theta, grad, spare, weights, velocity=None):
        grad *= self.rate
        if velocity is None:
            theta -= grad
            return
        velocity *= self.momentum
        velocity -= grad
        if self.nesterov:
            np.multiply(velocity, self.momentum, spare)
            spare -= grad
            theta += spare
        else:
            theta += velocity


class Adam(Optimizer):
    """m <- b1 m + (1 - b1) g,  v <- b2 v + (1 - b2) g^2,
    theta <- theta - eta sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + eps)

    Kingma and Ba (2014), in the second form of their section 2.
    """

    slots = ("m", "v")
    reads: tuple[str, ...] = ("beta_1", "beta_2", "epsilon")

    def configure(self, params):
        self.beta_1 = self.exactly(params["beta_1"])
        self.beta_2 = self.exactly(params["beta_2"])
        self.b1, self.b2 = self.number(params["beta_1"]), self.number(params["beta_2"])
        self.c1 = self.number(1 - np.asarray(params["beta_1"]))
        self.c2 = self.number(1 - np.asarray(params["beta_2"]))
        self.epsilon = self.number(params["epsilon"])
        self.minus_rate = self.rate_number()

    def set_rate(self, rate):
        t = self.t
        root = self.sqrt(1 - self.beta_2**t)
        self.minus_rate[...] = -(rate * root / (1 - self.beta_1**t))

    def update(self, theta, grad, spare, weights, m, v):
        np.multiply(grad, self.c1, spare)
        m *= self.b1
        m += spare
        np.square(grad, grad)
        grad *= self.c2
        v *= self.b2
        v += grad
        np.sqrt(v, spare)
        spare += self.epsilon
        np.multiply(m, self.minus_rate, grad)
        grad /= spare
        theta += grad


class AdamW(Adam):
    """Adam, and apart from it theta <- theta - eta weight_decay w on the weights.

    Loshchilov and Hutter (2017): the decay is decoupled from the gradient, so that it
    is not divided by sqrt(v).
    """

    reads = (*Adam.reads, "weight_decay")

    def configure(self, params):
        super().configure(params)
        self.weight_decay = self.exactly(params["weight_decay"])
        self.keep = self.rate_number()

    def set_rate(self, rate):
        super().set_rate(rate)
        self.keep[...] = 1 - rate * self.weight_decay

    def update(self, theta, grad, spare, weights, m, v):
        weights *= self.keep
        super().update(theta, grad, spare, weights, m, v)


class NAdam(Adam):
    """theta <- theta - eta (u' m / (1 - U') + (1 - u) g / (1 - U))
    / (sqrt(v / (1 - b2^t)) + eps),  u = b1 (1 - 0.96^(t / 250) / 2)

    Adam with Nesterov's momentum. m and v are Adam's, U is the product of all u so far,
    u' and U' are those of the next step; Dozat (2016), in the form of PyTorch's NAdam.
    """

    def configure(self, params):
        super().configure(params)
        self.u_product, self.n_factors = 1.0, 0
        self.of_m, self.of_g = self.rate_number(), self.rate_number()
        self.inverse_root = self.rate_number()

    def inherit(self, earlier, chosen, nets):
        super().inherit(earlier, chosen, nets)
        product = earlier.u_product
        if np.ndim(product):
            own = product[nets]
            product = own if self.nets else float(own.flat[0])
        self.u_product, self.n_factors = product, earlier.n_factors

    def set_rate(self, rate):
        t = self.t
        u, u_next = (self.beta_1 * (1 - 0.5 * 0.96 ** (s / 250)) for s in (t, t + 1))
        if self.n_factors < t:  # once a step, however many rates there are
            self.u_product, self.n_factors = self.u_product * u, t
        product = self.u_product
        self.inverse_root[...] = 1 / self.sqrt(1 - self.beta_2**t)
        self.of_g[...] = -rate * (1 - u) / (1 - product)
        self.of_m[...] = -rate * u_next / (1 - product * u_next)

    def update(self, theta, grad, spare, weights, m, v):
        m *= self.b1
        np.multiply(grad, self.c1, spare)
        m += spare
        v *= self.b2
        np.square(grad, spare)
        spare *= self.c2
        v += spare
        grad *= self.of_g
        np.multiply(m, self.of_m, spare)
        grad += spare
        np.sqrt(v, spare)
        spare *= self.inverse_root
        spare += self.epsilon
        grad /= spare
        theta += grad


class RMSprop(Optimizer):
    """v <- b2 v + (1 - b2) g^2;  theta <- theta - eta g / (sqrt(v) + eps)

    Tieleman and Hinton (2012), lecture 6.5; b2 is ``beta_2``.
    """

    slots = ("v",)
    reads = ("beta_2", "epsilon")

    def configure(self, params):
        beta = params["beta_2"]
        self.b2, self.c2 = self.number(beta), self.number(1 - np.asarray(beta))
        self.epsilon = self.number(params["epsilon"])
        self.rate = self.rate_number()

    def set_rate(self, rate):
        self.rate[...] = rate

    def update(self, theta, grad, spare, weights, v):
        np.square(grad, spare)
        spare *= self.c2
        v *= self.b2
        v += spare
        np.sqrt(v, spare)
        spare += self.epsilon
        grad *= self.rate
        grad /= spare
        theta -= grad


OPTIMIZERS = {
    "sgd": SGD,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": NAdam,
    "rmsprop": RMSprop,
}
