"""Optimisers on one flat parameter vector.

A step walks over chunks of the vector that stay in the cache: each chunk's gradient is
finished (penalty added, divided by the total weight) and used at once, so every array
is read from memory one time a step. Chunks and their views are made once per training.

To add an optimiser, say which ``slots`` (vectors like theta) it keeps, write ``begin``
(once a step) and ``update`` (each chunk), and name it in ``OPTIMIZERS``.
"""

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
        self.configure(settings, dtype)

    def configure(self, settings, dtype):
        """Read the hyperparameters."""

    def attach(self, plan, chunk=CHUNK):
        """Cut theta, the plan's gradient and the state into chunks."""
        alpha, n_weights, size = plan.alpha, len(plan.weights), len(plan.theta)
        spare = np.empty(min(chunk, size), plan.theta.dtype)
        self.alpha = np.array(alpha, spare.dtype)
        self.chunks = []
        for start in range(0, size, chunk):
            rows = slice(start, min(start + chunk, size))
            theta, grad = plan.theta[rows], plan.grad[rows]
            n = min(n_weights - start, len(theta)) if alpha else 0
            penalised = (theta[:n], grad[:n], spare[:n]) if n > 0 else (None,) * 3
            state = [vector[rows] for vector in self.state.values()]
            self.chunks.append((*penalised, theta, grad, spare[: len(theta)], *state))

    def detach(self):
        """Forget the chunks, which refer to a plan's buffers."""
        self.__dict__.pop("chunks", None)

    def snapshot(self):
        """All that a step changes, copied."""
        state = {name: vector.copy() for name, vector in self.state.items()}
        return {**self.__getstate__(), "state": state}

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
            self.state = {}

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


OPTIMIZERS = {"sgd": SGD, "adam": Adam}
