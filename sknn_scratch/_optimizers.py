"""Optimisers on one flat parameter vector.

A step walks over chunks of the vector that stay in the cache: each chunk's gradient is
finished (penalty added, divided by the total weight) and used at once, so every array
is read from memory one time a step. Chunks and their views are made once per training.

To add an optimiser, say which ``slots`` (vectors like theta) it keeps, write ``begin``
(once a step) and ``update`` (each chunk), and name it in ``OPTIMIZERS``.
"""

import copy
from contextlib import contextmanager
from math import sqrt

import numpy as np

from sknn_scratch._network import finish_gradient

CHUNK = 1 << 15  # entries; five such float64 chunks fill 1.3 MB of L2


class Optimizer:
    """State vectors and the chunks that a step walks over.

    Parameters
    ----------
    size : int
        Number of parameters.
    dtype : dtype
        float32 or float64.
    settings : dict
        The estimator's parameters; each optimiser reads its own.
    """

    #: Names of the state vectors.
    slots: tuple[str, ...] = ()

    def __init__(self, size, dtype, settings):
        self.learning_rate = float(settings["learning_rate_init"])
        self.state = {name: np.zeros(size, dtype) for name in self.slots}
        self.n_epochs = 0
        self.clip_norm = settings.get("clip_norm")
        self.averaging = settings.get("weight_averaging")
        # Whether state["average"] holds the weights and theta their average.
        self.exchanged = False
        self.configure(settings, dtype)

    def configure(self, settings, dtype):
        """Read the hyperparameters."""

    def attach(self, plan, chunk=CHUNK):
        """Cut theta, the plan's gradient and the state into chunks; return the step."""
        alpha, n_weights, size = plan.alpha, len(plan.weights), len(plan.theta)
        spare = np.empty(min(chunk, size), plan.theta.dtype)
        self.alpha = np.array(alpha, spare.dtype)
        self.chunks = []
        for start in range(0, size, chunk):
            rows = slice(start, min(start + chunk, size))
            theta, grad = plan.theta[rows], plan.grad[rows]
            n = min(n_weights - start, len(theta)) if alpha else 0
            penalised = (theta[:n], grad[:n], spare[:n]) if n > 0 else (None,) * 3
            state = [self.state[name][rows] for name in self.slots]
            self.chunks.append((*penalised, theta, grad, spare[: len(theta)], *state))
        step = self.step if self.clip_norm is None else self.clipped_step
        if self.averaging is None:
            return step
        if "average" not in self.state:
            self.state["average"] = plan.theta.copy()
        elif self.exchanged:
            self.exchange(plan.theta)
        return self.averaging_step(step, plan.theta, chunk)

    def averaging_step(self, step, theta, chunk):
        """A step that also updates avg <- d avg + (1 - d) theta, d = weight_averaging.

        Polyak and Juditsky (1992), with the exponential weights of later practice.
        """
        average, spare = self.state["average"], np.empty_like(theta[:chunk])
        share = np.array(1 - self.averaging, theta.dtype)
        chunks = [
            (average[rows], theta[rows], spare[: len(theta[rows])])
            for rows in (
                slice(start, start + chunk) for start in range(0, len(theta), chunk)
            )
        ]

        def stepped(rate, total):
            step(rate, total)
            for avg, current, difference in chunks:
                np.subtract(current, avg, difference)
                difference *= share
                avg += difference

        return stepped

    def exchange(self, theta):
        """Swap the weights and their average."""
        average = self.state["average"]
        theta[...], average[...] = average.copy(), theta.copy()
        self.exchanged = not self.exchanged

    @contextmanager
    def averaged(self, theta):
        """A block in which theta is the average of the weights, if there is one."""
        if self.averaging is None:
            yield
            return
        self.exchange(theta)
        try:
            yield
        finally:
            self.exchange(theta)

    def detach(self, theta):
        """Forget the plan's buffers; leave in theta what predictions are made with."""
        if self.averaging is not None and not self.exchanged:
            self.exchange(theta)
        self.__dict__ = self.__getstate__()

    def snapshot(self):
        """All that a step changes, copied."""
        return copy.deepcopy(self.__getstate__())

    def restore(self, snapshot):
        """Go back to a snapshot."""
        self.__dict__.clear()
        self.__dict__.update(snapshot)

    def __getstate__(self):
        return {k: v for k, v in self.__dict__.items() if k != "chunks"}

    def step(self, rate, total):
        """Move theta one step down the gradient that backprop left."""
        self.begin(rate)
        alpha = self.alpha
        for (
            weights,
            weight_grad,
            weight_spare,
            theta,
            grad,
            spare,
            *state,
        ) in self.chunks:
            finish_gradient(weights, weight_grad, grad, alpha, total, weight_spare)
            self.update(theta, grad, spare, *state)

    def clipped_step(self, rate, total):
        """A step whose gradient is finished first, and no longer than ``clip_norm``.

        Pascanu, Mikolov and Bengio (2013): g <- g min(1, c / |g|), |g| over all
        parameters.
        """
        self.begin(rate)
        squares = 0.0
        for weights, weight_grad, weight_spare, _, grad, *_ in self.chunks:
            finish_gradient(weights, weight_grad, grad, self.alpha, total, weight_spare)
            squares += float(grad.dot(grad))
        scale = self.clip_norm / max(self.clip_norm, sqrt(squares))
        for _, _, _, theta, grad, spare, *state in self.chunks:
            grad *= scale
            self.update(theta, grad, spare, *state)

    def begin(self, rate):
        """Prepare what all chunks of one step share."""
        raise NotImplementedError

    def update(self, theta, grad, spare, *state):
        """Update one chunk; grad and spare may be spent."""
        raise NotImplementedError


class SGD(Optimizer):
    """v <- mu v - eta g;  theta <- theta + v, or + mu v - eta g (Nesterov).

    Sutskever, Martens, Dahl and Hinton (2013). With momentum 0 it is plain gradient
    descent and keeps no state.
    """

    slots = ("velocity",)

    def configure(self, settings, dtype):
        self.momentum = np.array(settings["momentum"], dtype)
        self.rate = np.array(0, dtype)
        self.nesterov = settings["nesterovs_momentum"]
        if settings["momentum"] == 0:
            self.slots, self.state = (), {}

    def begin(self, rate):
        self.rate[...] = rate

    def update(self, theta, grad, spare, velocity=None):
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

    def configure(self, settings, dtype):
        self.beta_1, self.beta_2 = settings["beta_1"], settings["beta_2"]
        # 0-d arrays of the working dtype: no conversion at each ufunc call.
        self.b1, self.b2, self.c1, self.c2, self.epsilon, self.minus_rate = (
            np.array(value, dtype)
            for value in (
                self.beta_1,
                self.beta_2,
                1 - self.beta_1,
                1 - self.beta_2,
                settings["epsilon"],
                0,
            )
        )
        self.t = 0

    def begin(self, rate):
        self.t += 1
        rate = rate * np.sqrt(1 - self.beta_2**self.t) / (1 - self.beta_1**self.t)
        self.minus_rate[...] = -rate

    def update(self, theta, grad, spare, m, v):
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

    def configure(self, settings, dtype):
        super().configure(settings, dtype)
        self.weight_decay = settings["weight_decay"]
        self.keep = np.array(1, dtype)

    def attach(self, plan, chunk=CHUNK):
        step = super().attach(plan, chunk)
        # Each chunk's weights, apart from its intercepts.
        ends = (len(plan.weights) - start for start in range(0, len(plan.theta), chunk))
        self.chunks = [
            (*views, views[3][: max(0, end)])
            for views, end in zip(self.chunks, ends, strict=True)
        ]
        return step

    def begin(self, rate):
        super().begin(rate)
        self.keep[...] = 1 - rate * self.weight_decay

    def update(self, theta, grad, spare, m, v, weights):
        weights *= self.keep
        super().update(theta, grad, spare, m, v)


class NAdam(Adam):
    """theta <- theta - eta (u' m / (1 - U') + (1 - u) g / (1 - U))
    / (sqrt(v / (1 - b2^t)) + eps),  u = b1 (1 - 0.96^(t / 250) / 2)

    Adam with Nesterov's momentum. m and v are Adam's, U is the product of all u so far,
    u' and U' are those of the next step; Dozat (2016), in the form of PyTorch's NAdam.
    """

    def configure(self, settings, dtype):
        super().configure(settings, dtype)
        self.u_product = 1.0
        self.of_m, self.of_g, self.inverse_root = (np.array(0, dtype) for _ in "mgr")

    def begin(self, rate):
        self.t += 1
        u, u_next = (
            self.beta_1 * (1 - 0.5 * 0.96 ** (t / 250)) for t in (self.t, self.t + 1)
        )
        self.u_product *= u
        self.of_g[...] = -rate * (1 - u) / (1 - self.u_product)
        self.of_m[...] = -rate * u_next / (1 - self.u_product * u_next)
        self.inverse_root[...] = 1 / sqrt(1 - self.beta_2**self.t)

    def update(self, theta, grad, spare, m, v):
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

    def configure(self, settings, dtype):
        beta = settings["beta_2"]
        self.b2, self.c2, self.epsilon, self.rate = (
            np.array(value, dtype) for value in (beta, 1 - beta, settings["epsilon"], 0)
        )

    def begin(self, rate):
        self.rate[...] = rate

    def update(self, theta, grad, spare, v):
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
