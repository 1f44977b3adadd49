"""From the members' raw outputs to one prediction: a temperature and weights.

Both are found on out-of-fold outputs: of nets, for rows that these have not seen.
"""

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from sknn_scratch._nn.activations import Logistic

#: The families' weights are drawn towards equal ones, as much as this.
TOWARDS_EQUAL_LOG_LOSS, TOWARDS_EQUAL_ERROR = 0.002, 0.02
#: Temperatures that are tried: e to this power.
LOG_TEMPERATURES = (-2.5, 2.5)
#: Powers that mixed probabilities are raised to.
POWERS = (1.0, 1.6)


def linked(link, z):
    """link(z), of a copy."""
    mu = z.copy()
    link.forward(mu)
    return mu


def row_losses(target, Y, mu):
    """The cross-entropy of each row.

    Y holds indicators; each column is a probability of its own, or one of a softmax.
    """
    tiny = 1e-7
    losses = Y * np.log(np.maximum(mu, tiny))
    if target.link_name == "logistic":
        losses += (1 - Y) * np.log(np.maximum(1 - mu, tiny))
    return -losses.sum(axis=1)


def temperature(target, Y, z, weight):
    """The factor for raw outputs z that gives the smallest cross-entropy."""

    def loss(log_factor):
        mu = linked(target.link, z * np.exp(log_factor).astype(z.dtype))
        return np.average(row_losses(target, Y, mu), weights=weight)

    found = minimize_scalar(loss, bounds=LOG_TEMPERATURES, method="bounded")
    return float(np.exp(found.x))


def mixing_weights(loss, n_families, towards_equal):
    """Weights of the families, none negative, their sum 1.

    Parameters
    ----------
    loss : callable
        ``loss(weights)`` is to be small.
    n_families : int
        Number of families.
    towards_equal : float
        Strength of the pull towards equal weights, as a share of the loss of these.
    """
    equal = np.full(n_families, 1 / n_families)
    if n_families == 1:
        return equal
    # In units of the loss: where it counts as flat is absolute.
    unit = max(loss(equal), np.finfo(float).tiny)
    found = minimize(
        lambda w: loss(w) / unit + towards_equal * np.sum((w - equal) ** 2),
        equal,
        bounds=[(0, 1)] * n_families,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        method="SLSQP",
    )
    weights = np.clip(found.x, 0, 1)
    return weights / weights.sum()


def mixed_classes(target, Y, outputs, ratio, weight):
    """Temperature and weight of each family, and the power of their mixture.

    They are found from out-of-fold outputs of classes.
    """
    factors = [temperature(target, Y, z, weight) for z in outputs]
    each = [
        linked(target.link, z * z.dtype.type(factor))
        for z, factor in zip(outputs, factors, strict=True)
    ]

    def loss(weights):
        mu = sum(w * mu for w, mu in zip(weights, each, strict=True))
        return np.average(row_losses(target, Y, mu), weights=weight)

    shares = mixing_weights(loss, len(outputs), TOWARDS_EQUAL_LOG_LOSS)
    mu = sum(w * mu for w, mu in zip(shares, each, strict=True))
    power = sharpening(target, Y, mu, shares, ratio, weight)
    return np.array(factors), shares, power


def sharpened(link, mu, power):
    """Probabilities to a power, normalised again, in place of mu."""
    tiny = np.finfo(mu.dtype).tiny
    z = np.log(np.maximum(mu, tiny))
    if isinstance(link, Logistic):
        z -= np.log(np.maximum(1 - mu, tiny))
    z *= mu.dtype.type(power)
    link.forward(z)
    return z


def sharpening(target, Y, mu, shares, ratio, weight):
    """The power that the mixed probabilities are to be raised to.

    Means of probabilities are less sure than they should be, the more the members
    differ. Out of fold each family speaks with one member, in prediction with all, in
    that ratio: the power s that is best there is taken on to
    1 + (s - 1) (1 - 1 / N) / (1 - 1 / g), with g = 1 / sum of shares^2 voices there and
    N = g ratio in prediction.
    """
    voices = 1 / np.sum(np.square(shares))
    if voices < 1 + 1e-6:
        return 1.0

    def loss(power):
        own = row_losses(target, Y, sharpened(target.link, mu, power))
        return np.average(own, weights=weight)

    best = minimize_scalar(loss, bounds=POWERS, method="bounded").x
    further = (1 - 1 / (voices * ratio)) / (1 - 1 / voices)
    return float(np.clip(1 + (best - 1) * further, *POWERS))


def mixed_numbers(target, Y, outputs, weight):
    """Weight of each family, from out-of-fold outputs of numbers."""
    each = [target.linked(z.copy()) for z in outputs]
    loss = mean_loss(target, Y, weight)

    def of_mixture(weights):
        return loss(sum(w * mu for w, mu in zip(weights, each, strict=True)))

    return mixing_weights(of_mixture, len(outputs), TOWARDS_EQUAL_ERROR)


def planned_loss(target, Y):
    """The loss of numbers with buffers for all rows.

    In double precision: a minimiser takes small steps to see where it falls.
    """
    return target.loss_of_training().planned(*Y.shape, np.dtype(float))


def mean_loss(target, Y, weight):
    """A function: the mean of the target's loss at predictions of numbers."""
    loss, total = planned_loss(target, Y), len(Y) if weight is None else weight.sum()
    Y = Y.astype(float)
    return lambda mu: float(loss.value(Y, mu, weight, total))


class Predicted(BaseEstimator):
    """An estimator that has predicted already, for scorers."""

    def __init__(self, predictions, probabilities=None):
        self.predictions, self.probabilities = predictions, probabilities

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return self.predictions


class PredictedNumbers(RegressorMixin, Predicted):
    """Of numbers."""


class PredictedClasses(ClassifierMixin, Predicted):
    """Of classes."""

    def predict_proba(self, X):
        return self.probabilities
