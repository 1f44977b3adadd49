"""The nets of a tabular estimator: families of members that are trained at once.

The members of a family have one architecture and one view of the table. Each holds out
other rows, keeps the weights that do best on them, and so gives every row a prediction
by a net that has not seen it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from sknn_scratch._estimators.tabular.rows import Table
from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import Dense, Layer, Periodic, ScaledDense
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.losses import Loss
from sknn_scratch._nn.network import Network
from sknn_scratch._training.batches import Batches, Problem
from sknn_scratch._training.loop import train_minibatch
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.plateau import Plateau
from sknn_scratch._training.progress import Progress
from sknn_scratch._training.run import Run
from sknn_scratch._training.schedules import SCHEDULES
from sknn_scratch._training.stacked_rows import ApartError
from sknn_scratch._training.state import TrainingState
from sknn_scratch._training.together import train_together
from sknn_scratch._training.validation import Given, Validation

#: Adam's, of Holzmüller, Grinsztajn and Steinwart (2024).
BETAS = {"beta_1": 0.9, "beta_2": 0.95, "epsilon": 1e-8}
#: Learning rates of the intercepts and of the input scales, likewise, as multiples.
OF_B, OF_S = 0.1, 6.0
#: No training has fewer rows' worth of steps; beyond the other number they grow slowly.
FEWEST, MOST, LEAST_EPOCHS = 2500, 7500, 3
#: Initial scale of cosines, and how many there are at most.
COSINE_SCALE, MOST_COSINES = 0.3, 100


@dataclass(frozen=True)
class Family:
    """What the members of a family have in common."""

    #: What they see of the table: "raw", "bins" beside it, "cosines" beside both.
    view: str
    hidden: Sequence[int]
    activation: str
    #: Initial scale of the bins.
    bin_scale: float
    #: Cosines of each number, in the view that has them; few where numbers are many.
    n_cosines: int
    learning_rate_init: float
    weight_decay: float
    batch_size: int
    #: Steps of a training, for each row; see ``n_epochs``.
    steps_per_row: float

    def rows_of_a_batch(self, n):
        """About ``batch_size`` of n rows: the step of a few is as long as any."""
        return ceil(n / max(1, round(n / self.batch_size)))

    def n_epochs(self, n, n_batches):
        """Number of epochs for n rows.

        A small table has as many steps as one of FEWEST rows. Above MOST rows the steps
        grow with the root of their number.
        """
        rows = max(n, FEWEST)
        if rows > MOST:
            rows = np.sqrt(rows * MOST)
        return max(LEAST_EPOCHS, round(self.steps_per_row * rows / n_batches))


@dataclass
class Data:
    """What the families learn from."""

    table: Table
    #: Targets as they are, and what they mean.
    y: np.ndarray
    target: Any
    loss: Loss
    #: Of the rows in training, those of their classes included; and in scores.
    weight: np.ndarray | None
    sample_weight: np.ndarray | None
    #: Targets, encoded for training.
    Y: np.ndarray
    #: Member j holds out the rows of fold j, modulo the number of folds; -1: nobody.
    folds: np.ndarray
    #: The validation score: None is the target's own, "loss" minus the loss, or
    #: ``scoring(mu, y, weight)``.
    scoring: Any = None

    @property
    def fold_sizes(self):
        """Number of rows of each fold."""
        return np.bincount(self.folds[self.folds >= 0])

    @property
    def n_training(self):
        """Number of rows that each net is trained on."""
        return len(self.folds) - self.fold_sizes.max()


@dataclass
class Part:
    """A family that has been trained."""

    family: Family
    #: Of all members.
    network: Network
    #: For each row the mean raw output of the members that have not seen it, and
    #: whether there are any.
    held_out: np.ndarray
    known: np.ndarray
    #: What each training came to.
    progress: list[Progress]


class LatestBest(Plateau):
    """Takes the last of equally good epochs, and never stalls."""

    def __init__(self):
        super().__init__(tol=np.inf, patience=np.inf)

    def update(self, value):
        improved = value <= self.best
        super().update(value)
        return improved


class Scored(Validation):
    """Scores by ``scorer(mu, y, weight)``, net by net."""

    scores_rows, one_by_one = False, True

    def score_of(self, Y, mu, weight, loss):
        return self.scorer(mu, self.given.y, self.given.weight)


def trained(family, data, seeds, max_iter, watch=None):
    """Train the members of a family.

    Parameters
    ----------
    family : Family
        Their architecture and training.
    data : Data
        The rows.
    seeds : list of int
        One for each member.
    max_iter : int or None
        Number of epochs; None follows from the number of rows.
    watch : callable, default=None
        ``watch(runs, part)`` is called after each epoch of all; a true answer ends the
        training. ``part()`` gives what it has come to.

    Returns
    -------
    Part
    """

    def run_of(j):
        return _run(family, data, j, seeds[j], max_iter)

    runs = [run_of(j) for j in range(len(seeds))]

    def after_epoch(best_so_far):
        def part():
            best = best_so_far()
            return _part(family, data, runs, [best[id(run)] for run in runs])

        return watch(runs, part)

    try:
        train_together(runs, watch and after_epoch)
    except ApartError:  # the rows of a batch all weigh nothing
        runs = [run_of(j) for j in range(len(seeds))]
        for run in runs:
            train_minibatch(run)
    for run in runs:
        run.state.restore_best(run.problem.network.theta)
    return _part(family, data, runs, [run.problem.network.theta for run in runs])


def _part(family, data, runs, thetas):
    """What the members have come to, with these parameters."""
    network = Network.stacked([run.problem.network for run in runs])
    for own, theta in zip(network.theta, thetas, strict=True):
        own[...] = theta
    rows, n_folds = data.table.seen_by(family.view), len(data.fold_sizes)
    held_out = np.zeros((len(rows), data.target.n_outputs), network.dtype)
    times = np.zeros(len(rows), network.dtype)
    for j, run in enumerate(runs):
        mine = np.flatnonzero(data.folds == j % n_folds)
        own = run.problem.network.with_theta(network.theta[j])
        held_out[mine] += own.predict(rows[mine], LINKS["identity"])
        times[mine] += 1
    known = times > 0
    held_out[known] /= times[known, None]
    progress = [run.progress for run in runs]
    return Part(family, network, held_out, known, progress)


def _run(family, data, j, seed, max_iter):
    """The training of member j, ready to be run."""
    random_state = np.random.RandomState(seed)
    columns, folds = data.table.seen_by(family.view), data.folds
    # Those that are trained at once have as many rows each.
    sizes = data.fold_sizes
    mine = folds == j % len(sizes)
    held = np.flatnonzero(mine)[: sizes.min()]
    rows = np.flatnonzero(~mine)
    rows = random_state.permutation(rows)[: data.n_training]
    rows = rows.astype(np.int32)  # half the memory
    network = _network(family, data, random_state)
    dtype = network.dtype
    problem = Problem.of(
        network,
        data.target,
        data.loss,
        columns,
        data.Y,
        data.weight,
        random_state,
        data.y,
        data.sample_weight,
    )
    batches = Batches(problem, rows, family.rows_of_a_batch(len(rows)), False)
    if max_iter is None:
        max_iter = family.n_epochs(len(folds), batches.n_batches)
    params = {
        **BETAS,
        "learning_rate_init": family.learning_rate_init,
        "weight_decay": family.weight_decay,
        "clip_norm": None,
        "max_iter": max_iter,
        "warmup_fraction": 0.0,
    }
    theta = network.theta
    optimizer = OPTIMIZERS["adamw"](theta.shape, dtype, params)
    weight = None if data.sample_weight is None else data.sample_weight[held]
    Y = data.target.encode(data.y[held], dtype)
    given = Given(columns[held], data.y[held], Y, weight)
    judged = Scored if callable(data.scoring) else Validation
    return Run(
        problem,
        batches,
        0.0,
        TrainingState(optimizer, None, theta),
        SCHEDULES["one_cycle"](params, batches.n_batches),
        LatestBest(),
        max_iter,
        validation=judged(problem, given, data.scoring),
        early_stopping=True,
    )


def _network(family, data, random_state):
    """A member, its parameters drawn.

    W ~ N(0, 1 / fan_in), b ~ N(0, 1), and 0 in the last layer. Bins and cosines of one
    number go up together: the first layer's fan_in counts the raw columns only. The
    rate of W is divided by sqrt(fan_in).
    """
    table, n_in = data.table, data.table.seen_by(family.view).shape[1]
    n_raw = table.raw.shape[1]
    layers: list[Layer] = []
    scales = np.ones(n_in, table.raw.dtype)
    scales[n_raw:] = family.bin_scale
    if family.view == "cosines":
        numbers = len(table.numbers)
        n_cosines = min(family.n_cosines, max(MOST_COSINES // numbers, 1))
        layers.append(Periodic(n_in, table.numbers, n_cosines))
        scales = np.append(scales, np.full(numbers * n_cosines, COSINE_SCALE))
        n_in = layers[0].n_out
    sizes = [n_in, *family.hidden, data.target.n_outputs]
    fans = [n_raw, *family.hidden]
    f, identity = ACTIVATIONS[family.activation], ACTIVATIONS["identity"]
    rates = [(1 / np.sqrt(fan), OF_B) for fan in fans]
    first = f if family.hidden else identity
    layers.append(ScaledDense(n_in, sizes[1], first, scales, (*rates[0], OF_S)))
    for i in range(1, len(fans)):
        activation = f if i < len(family.hidden) else identity
        layers.append(Dense(sizes[i], sizes[i + 1], activation, rate_factors=rates[i]))
    network = Network(layers, table.raw.dtype)
    if family.view == "cosines":
        layers[0].draw(None, random_state)
    *weights, last_W = network.named["W"]
    *biases, last_b = network.named["b"]
    for W, b, fan in zip(weights, biases, fans, strict=False):
        W[...] = random_state.normal(0, 1 / np.sqrt(fan), W.shape)
        b[...] = random_state.normal(0, 1, b.shape)
    last_W[...] = last_b[...] = 0
    network.named["s"][0][...] = scales
    return network
