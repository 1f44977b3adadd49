"""One partition on its worker: its rows, encoded, and the network's plan for them.

Nothing here is known to the client but the sums. A shard that was lost with its worker
is computed again from its source, and says the same: what it draws is drawn from the
numbers of the fit, the epoch, the step and the partition.
"""

import copy
from dataclasses import dataclass
from threading import Lock
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import sparse

from sknn_scratch._nn.layers import Dropout
from sknn_scratch._nn.losses import Loss
from sknn_scratch._nn.network import Network
from sknn_scratch._training.batches import Batches, network_input
from sknn_scratch._training.loop import plans_for, run_epoch
from sknn_scratch.distributed._rows import n_bytes

#: Rows that go through the network at a time: what they need stays in the cache.
BLOCK = 2048


@dataclass
class Setup:
    """What all shards of a fit have in common.

    Parameters
    ----------
    network : Network
        Its parameters are overwritten by those that come with each call.
    loss : Loss
        The loss of a row.
    target : target
        Encodes y and weighs the classes.
    seed : int
        Of the shuffles and of dropout.
    shuffle : bool
        Whether batches are drawn at random.
    """

    network: Network
    loss: Loss
    target: Any
    seed: int
    shuffle: bool


class Shard:
    """One partition.

    Parameters
    ----------
    index : int
        Its number among those that have rows.
    rows : Rows
        Validated.
    setup : Setup
        Of the fit.
    """

    def __init__(self, index, rows, setup):
        self.index, self.setup = index, setup
        network, target = setup.network, setup.target
        # The parameters are this shard's own: others may be at work at the same time.
        self.network = network.with_theta(network.theta.copy())
        weight = target.weights(rows.y, rows.weight)
        self.X, self.weight = network_input(rows.X, weight, network.dtype)
        self.Y = target.encode(rows.y, network.dtype)
        self._prepare()

    def _prepare(self):
        self.lock = Lock()
        self.order = None, None
        loss, is_sparse = self.setup.loss, sparse.issparse(self.X)
        self.plans = plans_for(self.network, loss, (), 0.0, is_sparse)
        for layer in self.network.layers:
            if isinstance(layer, Dropout):
                layer.generators = [None]  # its own: shards of a worker share threads

    def __getstate__(self):
        own: dict = {"lock": None, "plans": {}, "order": None}
        return {**self.__dict__, **own}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._prepare()

    def __sizeof__(self):
        parts = (self.X, self.Y, self.weight)
        return sum(n_bytes(part) for part in parts if part is not None)

    # ---- sums --------------------------------------------------------------------

    def sums(self, theta, batch=None):
        """The sums of the weighted losses, of the weights and of the gradients.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            The parameters to take them at.
        batch : (int, int, int), default=None
            Epoch, step and number of steps of an epoch: the rows of that step only.

        Returns
        -------
        ndarray of shape (2 + n_parameters,), float64
        """
        total = np.zeros(2 + len(theta))
        with self.lock:
            np.copyto(self.network.theta, theta)
            self._seed_dropout(batch)
            for x, y, weight in self._blocks(batch):
                plan = self.plans[len(y)]
                total[0] += plan.forward_and_back(x, y, weight, 1.0)
                total[1] += len(y) if weight is None else weight.sum(dtype=np.float64)
                total[2:] += plan.grad
        return total

    def _blocks(self, batch):
        """(x, y, weight) of a few rows at a time."""
        n = len(self.Y)
        first, last = 0, n
        order = None
        if batch is not None:
            epoch, step, n_steps = batch
            first, last = n * step // n_steps, n * (step + 1) // n_steps
            order = self._order(epoch) if self.setup.shuffle else None
        for start in range(first, last, BLOCK):
            rows: Any = slice(start, min(start + BLOCK, last))
            rows = rows if order is None else order[rows]
            weight = None if self.weight is None else self.weight[rows]
            yield self.X[rows], self.Y[rows].astype(self.network.dtype), weight

    def _order(self, epoch):
        """The order of the rows in that epoch."""
        if self.order[0] != epoch:
            order = self._generator(epoch).permutation(len(self.Y))
            self.order = epoch, order
        return self.order[1]

    def _generator(self, *numbers):
        return np.random.default_rng([self.setup.seed, self.index, *numbers])

    def _seed_dropout(self, numbers):
        """Masks depend on the step and the partition, not on what went before."""
        if numbers is not None:
            for i, layer in enumerate(self.network.layers):
                if isinstance(layer, Dropout):
                    layer.generators[:] = [self._generator(*numbers, i)]

    # ---- epochs ------------------------------------------------------------------

    def epochs(self, theta, order):
        """Train on this partition alone.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)
            The parameters to begin with.
        order : Order
            What to do.

        Returns
        -------
        ndarray of shape (2 + (1 + n_slots) n_parameters,), float64
            The weight w of the rows, and w times: the mean loss, the parameters, the
            optimiser's vectors.
        optimizer : Optimizer
            After the last step, without its vectors.
        """
        with self.lock:
            np.copyto(self.network.theta, theta)
            return self._epochs(order)

    def _epochs(self, order):
        network, setup = self.network, self.setup
        optimizer = copy.deepcopy(order.optimizer)
        problem = SimpleNamespace(
            X=self.X, Y=self.Y, weight=self.weight, network=network
        )
        n = len(self.Y)
        rows, size = np.arange(n), min(order.batch_size, n)
        batches = Batches(problem, rows, size, not setup.shuffle)
        n_steps = batches.n_batches * order.n_epochs
        schedule = order.schedule(order.params, n_steps)
        rates = iter(schedule.rates(optimizer.learning_rate, order.round))
        is_sparse = sparse.issparse(self.X)
        plans = plans_for(network, setup.loss, batches.sizes, order.alpha, is_sparse)
        step = optimizer.attach(plans[size])
        self._seed_dropout((order.round,))
        generator = self._generator(order.round)
        for _ in range(order.n_epochs):
            if setup.shuffle:
                generator.shuffle(rows)
            loss = run_epoch(plans, batches, step, rates)
        optimizer.detach()
        w = n if self.weight is None else self.weight.sum(dtype=np.float64)
        vectors = [network.theta, *(optimizer.state[slot] for slot in optimizer.slots)]
        told = np.concatenate([[loss, 1.0], *vectors], dtype=np.float64)
        optimizer.state = {}
        return told * w, optimizer


@dataclass
class Order:
    """A round of training on each partition alone.

    Parameters
    ----------
    optimizer : Optimizer
        As it is at the beginning of the round.
    schedule : type
        Of the learning rate.
    params : dict
        The parameters that it reads.
    alpha : float
        Strength of the L2 penalty.
    batch_size : int
        Rows of a step.
    round : int
        The number of the round, from 0.
    n_epochs : int
        Number of epochs of a round.
    """

    optimizer: Any
    schedule: type
    params: dict
    alpha: float
    batch_size: int
    round: int
    n_epochs: int
