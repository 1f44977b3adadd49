"""Losses: a value, and its gradient with respect to the network's raw output.

A loss works on the raw output ``z`` (n, k) and carries its link by composition:
``mu = link(z)`` is the prediction and ``L(y, mu)`` the loss of one row, summed over the
k outputs. :meth:`Loss.value_and_delta` returns the weighted mean of L over the rows and
overwrites z with ``w dL/dz``. The division by the total weight is left to the gradient:
it is one pass over the parameters there, in scikit-learn's order of rounding.

For the canonical pairs (squared error and identity, log loss and logistic or softmax,
Poisson and exp) the chain rule collapses to ``dL/dz = mu - y``. Every other pair goes
through ``dL/dmu`` and the link's own backward pass.

With many nets z is (nets, n, k), and there is one value for each net; y may be the same
(n, k) for all of them.

To add a loss, write its two formulas and name it in ``LOSSES``.
"""

import copy
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import xlogy

from sknn_scratch._nn.activations import Identity, Logistic
from sknn_scratch._nn.arrays import column_sums, number_type, per_net
from sknn_scratch._nn.links import Exp, Softmax


class Loss:
    """A loss together with its link; the same for every batch size.

    Parameters
    ----------
    link : Activation
        The function that turns the raw output into predictions.
    params : dict, default=None
        The estimator's parameters; a loss reads its own, each a number or, for many
        nets, an array with one for each.
    """

    #: Links for which dL/dz is simple: see ``canonical_delta``.
    canonical: tuple[type, ...] = ()
    #: The link of a regressor with this loss.
    regression_link = "identity"
    #: -1 where ``terms`` gives -L, which saves a pass.
    sign = 1.0
    #: Whether ``loss_`` reports the mean over the outputs, as scikit-learn does.
    reports_mean_over_outputs = False
    #: Number of buffers of z's shape.
    n_buffers = 2

    #: The names of the parameters that it reads.
    reads: tuple[str, ...] = ()

    #: Buffers of z's shape.
    t: np.ndarray
    u: np.ndarray
    more: list[np.ndarray]
    #: Numbers as 0-d arrays of the working dtype: no conversion at each ufunc call.
    one: np.ndarray
    half: np.ndarray
    eps: np.ndarray
    one_minus_eps: np.ndarray
    #: For the sums over the rows.
    column: np.ndarray
    number: Callable

    def __init__(self, link, params=None):
        self.link = link
        self.is_canonical = isinstance(link, self.canonical)
        self.params = {name: params[name] for name in self.reads}

    def signature(self):
        """What losses must have in common to be one."""
        sizes = getattr(self.link, "sizes", None)
        return type(self), type(self.link), sizes, tuple(self.params.items())

    def configure(self, params, number):
        """Set the loss's own numbers; ``number`` makes arrays of the working dtype."""

    @classmethod
    def check_y(cls, y):
        """Raise ValueError if y is outside the loss's range."""

    def planned(self, n, k, dtype, nets=()):
        """The same loss with buffers for n rows of k outputs, of one net or many."""
        loss = copy.copy(self)
        shape = (*nets, n, k)
        buffers = [np.empty(shape, dtype) for _ in range(max(2, self.n_buffers))]
        loss.t, loss.u, *loss.more = buffers
        loss.column = np.empty((*nets, k), dtype)
        loss.number = number_type(nets)
        eps = np.finfo(dtype).eps
        loss.one, loss.eps, loss.one_minus_eps, loss.half = (
            np.array(value, dtype) for value in (1, eps, 1 - eps, 0.5)
        )
        loss.configure(self.params, lambda value: per_net(value, dtype, 2))
        return loss

    def terms(self, y, mu):
        """``sign`` L(y, mu), entry by entry, in a buffer of the loss's own."""
        raise NotImplementedError

    def slope(self, y, mu):
        """dL/dmu, entry by entry, in a buffer; for links that are not canonical."""
        raise NotImplementedError

    def canonical_delta(self, y, mu):
        """Replace mu by dL/dz; for canonical links."""
        mu -= y

    def value(self, y, mu, weight, total):
        """Mean loss over the rows at the predictions mu."""
        t = self.terms(y, mu)
        # Column by column in the order of the rows, then across: np.average's order.
        if weight is not None:
            t *= weight[..., None]
        column_sums(t, -2, None, self.column)
        self.column /= total
        return self.sign * self.number(np.add.reduce(self.column, -1))

    def value_and_delta(self, z, y, weight, total):
        """Mean loss over the rows; z (n, k) becomes w dL/dz.

        ``weight`` is None or (n,), ``total`` its sum, or n.
        """
        self.link.forward(z)
        value = self.value(y, z, weight, total)
        if self.is_canonical:
            self.canonical_delta(y, z)
        else:
            delta = self.slope(y, z)
            self.link.backward(z, delta)
            z[...] = delta
        if weight is not None:
            z *= weight[..., None]
        return value

    def _clipped(self, mu):
        """Mu kept in [eps, 1 - eps], in the buffer u."""
        np.maximum(mu, self.eps, out=self.u)
        return np.minimum(self.u, self.one_minus_eps, out=self.u)


class SquaredError(Loss):
    """L = (y - mu)^2 / 2"""

    canonical = (Identity,)
    reports_mean_over_outputs = True

    def terms(self, y, mu):
        np.subtract(y, mu, self.t)
        np.square(self.t, self.t)
        self.t *= self.half
        return self.t

    def slope(self, y, mu):
        return np.subtract(mu, y, self.t)


class AbsoluteError(Loss):
    """L = |y - mu|"""

    reports_mean_over_outputs = True

    def terms(self, y, mu):
        np.subtract(y, mu, self.t)
        return np.abs(self.t, self.t)

    def slope(self, y, mu):
        np.subtract(mu, y, self.t)
        return np.sign(self.t, self.t)


class Huber(Loss):
    """L = r^2 / 2 where |r| <= d, else d (|r| - d / 2), r = y - mu, d = huber_delta

    Huber (1964).
    """

    reports_mean_over_outputs = True

    reads = ("huber_delta",)

    def configure(self, params, number):
        self.d = number(params["huber_delta"])
        self.minus_d = -self.d

    def terms(self, y, mu):
        # With c = min(|r|, d): c (|r| - c / 2) = 2 (c / 2) (|r| - c / 2).
        np.subtract(y, mu, self.t)
        np.abs(self.t, self.t)
        np.minimum(self.t, self.d, out=self.u)
        self.u *= self.half
        self.t -= self.u
        self.t *= self.u
        self.t += self.t
        return self.t

    def slope(self, y, mu):
        np.subtract(mu, y, self.t)
        return np.clip(self.t, self.minus_d, self.d, out=self.t)


class Quantile(Loss):
    """L = q (y - mu) where y > mu, else (1 - q) (mu - y), q = quantile

    Koenker and Bassett (1978). ``quantile`` may be a tuple, with one for each output.
    """

    reports_mean_over_outputs = True

    reads = ("quantile",)

    def configure(self, params, number):
        q = np.asarray(params["quantile"])
        self.q, self.q_minus_1 = number(q), number(q - 1)
        if isinstance(params["quantile"], tuple):  # one for each output
            self.q, self.q_minus_1 = self.q.ravel(), self.q_minus_1.ravel()

    def terms(self, y, mu):
        np.subtract(y, mu, self.t)
        np.multiply(self.t, self.q_minus_1, self.u)
        self.t *= self.q
        return np.maximum(self.t, self.u, out=self.t)

    def slope(self, y, mu):
        np.less(y, mu, out=self.t)
        self.t -= self.q
        return self.t


class Poisson(Loss):
    """L = y log(y / mu) - y + mu

    Half the Poisson deviance.
    """

    canonical = (Exp,)
    regression_link = "exp"

    @classmethod
    def check_y(cls, y):
        if np.any(y < 0):
            raise ValueError(
                f"loss='poisson' requires y >= 0, got a minimum of {np.min(y)}."
            )

    def terms(self, y, mu):
        t = np.divide(y, mu, self.t)
        xlogy(y, t, t)
        t -= y
        t += mu
        return t

    def slope(self, y, mu):
        np.divide(y, mu, self.t)
        return np.subtract(self.one, self.t, self.t)


class Gamma(Loss):
    """L = log(mu / y) + y / mu - 1

    Half the gamma deviance; with its exponential link `dL/dz = 1 - y / mu`.
    """

    canonical = (Exp,)
    regression_link = "exp"

    @classmethod
    def check_y(cls, y):
        if np.any(y <= 0):
            raise ValueError(
                f"loss='gamma' requires y > 0, got a minimum of {np.min(y)}."
            )

    def terms(self, y, mu):
        np.divide(y, mu, self.t)
        np.log(self.t, self.u)
        self.t -= self.u
        self.t -= self.one
        return self.t

    def slope(self, y, mu):
        np.divide(y, mu, self.t)
        np.subtract(self.one, self.t, self.t)
        self.t /= mu
        return self.t

    def canonical_delta(self, y, mu):
        np.divide(y, mu, mu)
        np.subtract(self.one, mu, mu)


class BernoulliLogLoss(Loss):
    """`L = -y log(mu) - (1 - y) log(1 - mu)`

    for each output. As in scikit-learn, `mu` is kept between `eps` and `1 - eps` for
    the value, so that a certain and wrong prediction costs 36 (float64), not infinity.
    The gradient is exact.
    """

    canonical = (Logistic,)
    sign = -1.0
    n_buffers = 3

    def terms(self, y, mu):
        p, t, (u,) = self._clipped(mu), self.t, self.more
        xlogy(y, p, t)
        np.subtract(self.one, p, p)
        np.subtract(self.one, y, u)
        xlogy(u, p, u)
        t += u
        return t

    def slope(self, y, mu):
        p, t, (u,) = self._clipped(mu), self.t, self.more
        np.subtract(p, y, t)
        np.subtract(self.one, p, u)
        t /= p
        t /= u
        return t


class CategoricalLogLoss(Loss):
    """L = -sum_j y_j log(mu_j)

    The cross entropy of a variable with several classes.
    """

    canonical = (Softmax,)
    sign = -1.0

    def terms(self, y, mu):
        return xlogy(y, self._clipped(mu), self.t)

    def slope(self, y, mu):
        np.divide(y, self._clipped(mu), self.t)
        return np.negative(self.t, self.t)


class CategoricalFocal(Loss):
    """L = -sum_j y_j (1 - mu_j)^gamma log(mu_j) where gamma = focal_gamma

    Lin, Goyal, Girshick, He and Dollar (2017): classes that are already told apart
    weigh less. With `gamma = 0` it is the log loss.
    """

    sign = -1.0
    n_buffers = 4

    reads = ("focal_gamma",)

    def configure(self, params, number):
        self.g = number(params["focal_gamma"])

    def _term(self, y, p, out, spare):
        """out = y (1 - p)^g log(p)"""
        np.subtract(self.one, p, spare)
        np.power(spare, self.g, spare)
        xlogy(y, p, out)
        out *= spare

    def _slope(self, y, p, out, spare):
        """out = y (g (1 - p)^(g - 1) log(p) - (1 - p)^g / p)"""
        np.subtract(self.one, p, spare)
        np.log(p, out)
        out *= self.g
        out /= spare
        np.power(spare, self.g, spare)
        out *= spare
        spare /= p
        out -= spare
        out *= y

    def terms(self, y, mu):
        self._term(y, self._clipped(mu), self.t, self.more[0])
        return self.t

    def slope(self, y, mu):
        self._slope(y, self._clipped(mu), self.t, self.more[0])
        return self.t


class BernoulliFocal(CategoricalFocal):
    """`L = -y (1 - mu)^gamma log(mu) - (1 - y) mu^gamma log(1 - mu)`

    for each output.
    """

    n_buffers = 5

    def _both(self, formula, y, mu, combine):
        p, (spare, other, rest) = self._clipped(mu), self.more
        formula(y, p, self.t, spare)
        np.subtract(self.one, p, p)
        np.subtract(self.one, y, rest)
        formula(rest, p, other, spare)
        return combine(self.t, other, self.t)

    def terms(self, y, mu):
        return self._both(self._term, y, mu, np.add)

    def slope(self, y, mu):
        return self._both(self._slope, y, mu, np.subtract)


class ByLink:
    """A loss of classes: softmax goes with one class, any other link with another."""

    def __init__(self, categorical, bernoulli):
        self.categorical, self.bernoulli = categorical, bernoulli
        self.reads = (*categorical.reads, *bernoulli.reads)
        both = inspect.getdoc(categorical), inspect.getdoc(bernoulli)
        self.__doc__ = "\n\nWith a logistic link ".join(map(str, both))

    def __call__(self, link, params=None):
        cls = self.categorical if isinstance(link, Softmax) else self.bernoulli
        return cls(link, params)


LOSSES: dict[str, Any] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
    "gamma": Gamma,
    "log_loss": ByLink(CategoricalLogLoss, BernoulliLogLoss),
    "focal": ByLink(CategoricalFocal, BernoulliFocal),
}
REGRESSION_LOSSES = (
    "squared_error",
    "absolute_error",
    "huber",
    "quantile",
    "poisson",
    "gamma",
)
CLASSIFICATION_LOSSES = ("log_loss", "squared_error", "focal")
