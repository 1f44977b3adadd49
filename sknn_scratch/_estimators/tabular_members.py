"""The nets of a tabular estimator: families of members that are trained at once.

The members of a family have one architecture and look at the same columns. Each holds
out another fold of the rows, keeps the weights that do best on it, and so gives every
row a prediction by a net that has not seen it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import Dense, ScaledDense
from sknn_scratch._nn.links import LINKS
from sknn_scratch._nn.losses import LOSSES
from sknn_scratch._nn.network import Network
from sknn_scratch._training.batches import Batches, Problem
from sknn_scratch._training.interrupts import ctrl_c_ends_all
from sknn_scratch._training.loop import train_minibatch
from sknn_scratch._training.optimizers import OPTIMIZERS
from sknn_scratch._training.plateau import Plateau
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


@dataclass(frozen=True)
class Family:
    """What the members of a family have in common."""

    hidden: Sequence[int]
    activation: str
    #: Whether they see the bins beside the raw columns, and at which initial scale.
    with_bins: bool
    bin_scale: float
    learning_rate_init: float
    weight_decay: float
    batch_size: int
    #: Steps of a training, for each row.
    steps_per_row: float
    loss: str
    #: The validation score: None is the target's own, "loss" minus the loss.
    scoring: str | None

    #: No training has fewer, or more, rows' worth of steps.
    fewest: int = 2500
    most: int = 7500


@dataclass
class Data:
    """What a family learns from."""

    #: Encoded columns, the raw ones first, and their number.
    X: np.ndarray
    n_raw: int
    y: np.ndarray
    target: Any
    #: The same target with the smoothing that training wants.
    smoothed: Any
    #: Of the rows in training, those of their classes included; and in scores.
    weight: np.ndarray | None
    sample_weight: np.ndarray | None


class LatestBest(Plateau):
    """Takes the last of equally good epochs, and never stalls."""

    def __init__(self):
        super().__init__(tol=np.inf, patience=np.inf)

    def update(self, value):
        improved = value <= self.best
        super().update(value)
        return improved


def deal_folds(strata, n_folds, rng):
    """The fold of each row; rows of like strata are dealt out in turn."""
    order = np.lexsort((rng.random_sample(len(strata)), strata))
    folds = np.empty(len(strata), int)
    folds[order] = np.arange(len(strata)) % n_folds
    return folds


def trained(family, data, folds, seeds, max_iter):
    """Train the members of a family.

    Parameters
    ----------
    family : Family
        Their architecture and training.
    data : Data
        The rows.
    folds : ndarray of int of shape (n_samples,)
        Member j holds out the fold j modulo their number.
    seeds : list of int
        One for each member.
    max_iter : int or None
        Number of epochs; None follows from the number of rows.

    Returns
    -------
    network : Network
        Of all members.
    held_out : ndarray of shape (n_samples, n_outputs)
        The raw output for each row of the members that have not seen it, the mean; NaN
        where each member has.
    progress : list of Progress
        What each training came to.
    """

    def run_of(j):
        return _run(family, data, folds, j, seeds[j], max_iter)

    runs = [run_of(j) for j in range(len(seeds))]
    with ctrl_c_ends_all():
        try:
            train_together(runs)
        except ApartError:  # the rows of a batch all weigh nothing
            runs = [run_of(j) for j in range(len(seeds))]
            for run in runs:
                train_minibatch(run)
    networks = [run.problem.network for run in runs]
    n_folds = folds.max() + 1
    held_out = np.zeros((len(data.X), data.target.n_outputs), data.X.dtype)
    times = np.zeros(len(data.X), data.X.dtype)
    for j, run in enumerate(runs):
        run.state.restore_best(networks[j].theta)
        rows = np.flatnonzero(folds == j % n_folds)
        held_out[rows] += networks[j].predict(data.X[rows], LINKS["identity"])
        times[rows] += 1
    with np.errstate(invalid="ignore"):
        held_out /= times[:, None]
    return Network.stacked(networks), held_out, [run.progress for run in runs]


def _run(family, data, folds, j, seed, max_iter):
    """The training of member j, ready to be run."""
    random_state = np.random.RandomState(seed)
    n, n_folds = len(data.X), folds.max() + 1
    # Those that are trained at once have as many rows each.
    sizes = np.bincount(folds)
    mine = folds == j % n_folds
    held = np.flatnonzero(mine)[: sizes.min()]
    rows = random_state.permutation(np.flatnonzero(~mine))[: n - sizes.max()]
    network = _network(family, data, random_state)
    dtype = network.dtype
    problem = Problem.of(
        network,
        data.target,
        LOSSES[family.loss](data.target.link, {}),
        data.X,
        data.smoothed.encode(data.y, dtype),
        data.weight,
        random_state,
        data.y,
        data.sample_weight,
    )
    batches = Batches(problem, rows, min(family.batch_size, len(rows)), False)
    if max_iter is None:
        seen = np.clip(n, family.fewest, family.most)
        steps = family.steps_per_row * seen
        max_iter = max(10, round(steps / batches.n_batches))
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
    given = Given(data.X[held], data.y[held], Y, weight)
    return Run(
        problem,
        batches,
        0.0,
        TrainingState(optimizer, None, theta),
        SCHEDULES["one_cycle"](params, batches.n_batches),
        LatestBest(),
        max_iter,
        validation=Validation(problem, given, family.scoring),
        early_stopping=True,
    )


def _network(family, data, random_state):
    """A member, its parameters drawn.

    W ~ N(0, 1 / fan_in), b ~ N(0, 1), and 0 in the last layer. Bins of one number go
    up together: the first layer's fan_in counts the raw columns only. The rate of W is
    divided by sqrt(fan_in).
    """
    n_in = data.X.shape[1]
    sizes = [n_in, *family.hidden, data.target.n_outputs]
    fans = [data.n_raw, *family.hidden]
    f, identity = ACTIVATIONS[family.activation], ACTIVATIONS["identity"]
    scales = np.ones(n_in, data.X.dtype)
    scales[data.n_raw :] = family.bin_scale
    rates = [(1 / np.sqrt(fan), OF_B) for fan in fans]
    first = f if family.hidden else identity
    layers: list[Dense] = [
        ScaledDense(n_in, sizes[1], first, scales, (*rates[0], OF_S))
    ]
    for i in range(1, len(fans)):
        activation = f if i < len(family.hidden) else identity
        layers.append(Dense(sizes[i], sizes[i + 1], activation, rate_factors=rates[i]))
    network = Network(layers, data.X.dtype)
    *hidden, last = layers
    for layer, fan in zip(hidden, fans, strict=False):
        layer.W[...] = random_state.normal(0, 1 / np.sqrt(fan), layer.W.shape)
        layer.b[...] = random_state.normal(0, 1, layer.b.shape)
    last.W[...] = last.b[...] = 0
    network.named["s"][0][...] = scales
    return network
