"""The solvers of a distributed fit: the package's own, their gradients from afar.

L-BFGS and the optimisers run on the client, as they are. Their plan is a
:class:`RemotePlan`, which asks the workers for the sums.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from sknn_scratch._estimators.diagnosis import warn_as_sklearn
from sknn_scratch._estimators.solvers import Lbfgs, Minibatch
from sknn_scratch._nn.plan import Plan
from sknn_scratch._training.batches import Problem
from sknn_scratch._training.optimizers import CHUNK, OPTIMIZERS
from sknn_scratch._training.state import TrainingState
from sknn_scratch.distributed._shards import Order

#: The batch size that ``learning_rate_init`` is meant for, if it is to be scaled.
REFERENCE_BATCH = 200
#: batch_size="auto" of steps together: so many steps an epoch, but no larger batches.
AUTO_STEPS, LARGEST_AUTO = 50, 10_000
#: How the learning rate follows a batch that is r times as large.
SCALINGS = {"sqrt": lambda r: r**0.5, "linear": lambda r: r}


@dataclass
class RemoteProblem(Problem):
    """A problem whose rows are on the workers; its own arrays have none.

    ``weight`` has the sum of each partition's weights, or is None.
    """

    cluster: Any = None
    #: The rows of each partition.
    lengths: list = field(default_factory=list)


class RemotePlan(Plan):
    """The network's gradient over rows that are on the workers.

    Parameters
    ----------
    network : Network
        Its parameters are sent along.
    loss : Loss
        The loss of a row.
    alpha : float
        Strength of the L2 penalty, which is added here, once.
    cluster : Cluster
        Has the rows.
    """

    def __init__(self, network, loss, alpha, cluster):
        super().__init__(network, loss, 1, alpha)
        self.cluster = cluster

    def __getitem__(self, n):
        """The plan for n rows: the same for all n."""
        return self

    def value_and_grad(self, x, y, weight=None):
        """The objective over all rows, which are elsewhere, and its gradient."""
        return super().value_and_grad(None, None)

    def backprop(self, x, y=None, weight=None):
        """As that of a plan, over the rows of step x = (epoch, step, steps), or all."""
        total = self.cluster.sum("sums", self.theta, x)
        if not total[1]:
            raise ValueError(
                "The sample weights of a batch add up to 0, so that its mean loss is "
                "not defined. Use weights that are not negative, or larger batches."
            )
        self.total[...] = total[1]
        self.grad[...] = total[2:]
        return float(total[0] / total[1]), self.penalty()


class RemoteBatches:
    """The steps of an epoch: which of its parts a step is; the rows are elsewhere.

    Every partition takes part in every step, with the same share of its rows.
    """

    is_dense = True

    def __init__(self, n_rows, batch_size, n_epochs=1):
        self.n_batches = -(-n_rows // batch_size)
        self.batch_size = batch_size
        self.sizes = {batch_size}
        #: As many as an epoch of the training goes over.
        self.n_rows = n_rows * n_epochs
        self.n_once, self.epoch = n_rows, 0

    def __iter__(self):
        n, n_steps = self.n_once, self.n_batches
        for step in range(n_steps):
            size = n * (step + 1) // n_steps - n * step // n_steps
            yield size, (self.epoch, step, n_steps), None, None
        self.epoch += 1


class RemoteLbfgs(Lbfgs):
    """solver='lbfgs': one pass over all partitions an evaluation."""

    @classmethod
    def check(cls, params, given):
        """Raise for options of a distributed fit that are not for this solver."""
        if params["local_epochs"] is not None:
            raise ValueError(
                f"solver='lbfgs' {cls.nature}, and excludes local_epochs="
                f"{params['local_epochs']!r}. Use a stochastic solver, or leave it out."
            )

    def _hooks(self, fitted):
        problem, alpha = self.problem, self.params["alpha"]
        plan = RemotePlan(problem.network, problem.loss, alpha, problem.cluster)
        return {**super()._hooks(fitted), "plan": plan}


class RemoteSteps(Minibatch):
    """The stochastic solvers: batches that all partitions have a share in."""

    @classmethod
    def check(cls, params, given):
        """Raise for options of a distributed fit that are not for this solver."""
        if params["early_stopping"] and not given:
            raise ValueError(
                "early_stopping=True needs a validation set here, X_val and y_val in "
                "memory: rows that are held out of the partitions would have to be "
                "sent to the client."
            )

    def _batches(self, rows):
        n = sum(self.problem.lengths)
        self.batch_size = self._size(n, auto_batch(n))
        return RemoteBatches(n, self.batch_size)

    def _size(self, n, auto):
        size = self.params["batch_size"]
        size = min(auto, n) if size == "auto" else int(size)
        if size > n:
            warn_as_sklearn(
                "Got `batch_size` less than 1 or larger than "
                "sample size. It is going to be clipped"
            )
        return min(size, n)

    def start(self, fitted):
        run = super().start(fitted)
        run.shuffle = False  # the workers do
        run.plans = self._plans
        return run

    def _plans(self, network, loss, sizes, alpha, sparse):
        return RemotePlan(network, loss, alpha, self.problem.cluster)


def auto_batch(n):
    """Rows of a step of all partitions together, of n in all.

    Examples
    --------
    >>> [auto_batch(n) for n in (150, 5_000, 100_000, 10**7)]
    [150, 200, 2000, 10000]
    """
    return min(n, max(REFERENCE_BATCH, min(n // AUTO_STEPS, LARGEST_AUTO)))


def scaled(params, n):
    """The parameters with the learning rate that goes with their batch."""
    scaling = params["learning_rate_scaling"]
    apart = params["local_epochs"] is not None
    if params["solver"] not in OPTIMIZERS or scaling is None or apart:
        return params
    size = params["batch_size"]
    size = auto_batch(n) if size == "auto" else min(n, size)
    factor = SCALINGS[scaling](max(1.0, size / REFERENCE_BATCH))
    return {**params, "learning_rate_init": params["learning_rate_init"] * factor}


# ---- local epochs ----------------------------------------------------------------


class _Rounds(TrainingState):
    """The state of a training whose steps are made on the workers."""

    def attach(self, plan, length=CHUNK):
        if self.averaging is None:
            return _stay
        self.averaging.show(plan.theta, False)
        return self.averaging.following(_stay, plan.theta, length)

    def plain(self):
        """The same state, for a training that goes on elsewhere."""
        state = object.__new__(TrainingState)
        vars(state).update(vars(self))
        return state


def _stay(rate, total):
    """Do nothing: the round has moved theta already."""


class RoundPlan(RemotePlan):
    """A round: the partitions train apart, and the mean of their weights is taken.

    McMahan, Moore, Ramage, Hampson and Aguera y Arcas (2017), with every partition in
    every round, and the optimiser's vectors averaged like the weights.
    """

    def __init__(self, *args, order, leader):
        super().__init__(*args)
        self.order = order
        #: The shard that makes the most steps.
        self.leader = leader

    def backprop(self, x, y=None, weight=None):
        """Do the round x = (round, 0, 1): theta becomes the mean of the weights."""
        order = replace(self.order, round=x[0])
        total, more = self.cluster.call("epochs", self.theta, order)
        mean = total / total[1]
        theta, *vectors = mean[2:].reshape(-1, len(self.theta))
        self.theta[...] = theta
        optimizer = order.optimizer
        for slot, vector in zip(optimizer.slots, vectors, strict=True):
            optimizer.state[slot][...] = vector
        # The number of the step, and what follows from it alone.
        numbers = vars(more[self.leader])
        kept = ("state", "learning_rate")
        vars(optimizer).update({k: v for k, v in numbers.items() if k not in kept})
        return float(mean[0]), 0.0

    def reported(self, value, penalty):
        return value  # as the workers' plans report it


class RemoteRounds(RemoteSteps):
    """Local epochs: the partitions' own batches, and a mean of weights after them."""

    state: _Rounds

    def _fresh_state(self):
        state = super()._fresh_state()
        theta = self.problem.network.theta
        return _Rounds(state.optimizer, self.params["weight_averaging"], theta)

    def _batches(self, rows):
        self.batch_size = self._size(max(self.problem.lengths), REFERENCE_BATCH)
        n = sum(self.problem.lengths)
        return RemoteBatches(n, n, self.params["local_epochs"])

    def _plans(self, network, loss, sizes, alpha, sparse):
        params, lengths = self.params, self.problem.lengths
        schedule = type(self._schedule(1))
        names = ("learning_rate_init", "max_iter", *schedule.reads)
        order = Order(
            self.state.optimizer,
            schedule,
            {name: params[name] for name in names},
            alpha,
            self.batch_size,
            0,
            params["local_epochs"],
        )
        leader = lengths.index(max(lengths))
        cluster = self.problem.cluster
        return RoundPlan(network, loss, alpha, cluster, order=order, leader=leader)

    def attributes(self):
        return {**super().attributes(), "_training_state": self.state.plain()}


def solver_for(params):
    """The class of the solver that the parameters ask for."""
    if params["solver"] not in OPTIMIZERS:
        return RemoteLbfgs
    return RemoteSteps if params["local_epochs"] is None else RemoteRounds
