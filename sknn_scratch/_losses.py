"""Losses and links: a value, and its gradient with respect to the network's raw output.

A loss works on the raw output ``z`` (n, k) and carries its link by composition:
``mu = link(z)`` is the prediction and ``L(y, mu)`` the loss of one row, summed over the
k outputs. :meth:`Loss.value_and_delta` returns the weighted mean of L over the rows and
overwrites z with ``w dL/dz``. The division by the total weight is left to the gradient:
it is one pass over the parameters there, in scikit-learn's order of rounding.

For the canonical pairs (squared error and identity, log loss and logistic or softmax,
Poisson and exp) the chain rule collapses to ``dL/dz = mu - y``. Every other pair goes
through ``dL/dmu`` and the link's own backward pass.

To add a loss, write its two formulas and name it in ``LOSSES``; to add a link, give it
the two passes of an activation and name it in ``LINKS``.
"""

import copy
import inspect

import numpy as np
from scipy.special import xlogy

from sknn_scratch._activations import Activation, Identity, Logistic


class Exp(Activation):
    """f(z) = exp(z),  f' = a"""

    onnx = (("Exp", None),)

    def forward(self, z, s=None):
        # Keeps exp(z), and sums of e^20 such terms, finite; exact inside the bound.
        bound = np.log(np.finfo(z.dtype).max) - 20
        np.clip(z, -bound, bound, out=z)
        np.exp(z, out=z)

    def backward(self, a, delta, s=None):
        delta *= a


class Softmax(Activation):
    """f(z)_j = exp(z_j) / sum_i exp(z_i),  dL/dz = a (delta - <a, delta>)

    Parameters
    ----------
    sizes : tuple of int, default=None
        With several variables, the number of classes of each: a softmax over each
        one's own columns. None is one softmax over all columns.
    """

    onnx = (("Softmax", {"axis": -1}),)

    def __init__(self, sizes=None):
        self.sizes = sizes

    def _blocks(self, *arrays):
        if self.sizes is None:
            yield arrays
            return
        start = 0
        for size in self.sizes:
            yield [array[:, start : start + size] for array in arrays]
            start += size

    def forward(self, z, s=None):
        row = np.empty((len(z), 1), z.dtype)
        for (block,) in self._blocks(z):
            if len(block) < 16 * block.shape[1]:
                np.maximum.reduce(block, axis=1, out=row, keepdims=True)
            else:  # few columns: one after the other is several times faster
                row[...] = block[:, :1]
                for j in range(1, block.shape[1]):
                    np.maximum(row, block[:, j : j + 1], out=row)
            block -= row
            np.exp(block, out=block)
            np.add.reduce(block, axis=1, out=row, keepdims=True)
            block /= row

    def backward(self, a, delta, s=None):
        for p, d in self._blocks(a, delta):
            d -= np.einsum("ij,ij->i", p, d)[:, None]
            d *= p


LINKS = {
    "identity": Identity(),
    "logistic": Logistic(),
    "softmax": Softmax(),
    "exp": Exp(),
}


class Loss:
    """A loss together with its link; the same for every batch size.

    Parameters
    ----------
    link : Activation
        What turns the raw output into predictions.
    settings : dict, default=None
        The estimator's parameters; a loss reads its own.
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

    def __init__(self, link, settings=None):
        self.link = link
        self.is_canonical = isinstance(link, self.canonical)
        self.configure(settings or {})

    def configure(self, settings):
        """Read the loss's own parameters."""

    @classmethod
    def check_y(cls, y):
        """Raise ValueError if y is outside the loss's range."""

    def planned(self, n, k, dtype):
        """The same loss with buffers for n rows of k outputs."""
        loss = copy.copy(self)
        buffers = [np.empty((n, k), dtype) for _ in range(max(2, self.n_buffers))]
        loss.t, loss.u, *loss.more = buffers
        loss.column = np.empty(k, dtype)
        # 0-d arrays of the working dtype: no conversion at each ufunc call.
        eps = np.finfo(dtype).eps
        loss.one, loss.eps, loss.one_minus_eps, loss.half = (
            np.array(value, dtype) for value in (1, eps, 1 - eps, 0.5)
        )
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
            t *= weight[:, None]
        np.add.reduce(t, 0, None, self.column)
        self.column /= total
        return self.sign * float(np.add.reduce(self.column))

    def value_and_delta(self, z, y, weight, total):
        """Mean loss over the rows; z (n, k) becomes w dL/dz.

        ``weight`` is None or (n,), ``total`` its sum (None: n).
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
            z *= weight[:, None]
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

    def configure(self, settings):
        self.d = settings.get("huber_delta", 1.0)

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
        return np.clip(self.t, -self.d, self.d, out=self.t)


class Quantile(Loss):
    """L = q (y - mu) where y > mu, else (1 - q) (mu - y), q = quantile

    Koenker and Bassett (1978).
    """

    reports_mean_over_outputs = True

    def configure(self, settings):
        self.q = settings.get("quantile")

    def terms(self, y, mu):
        np.subtract(y, mu, self.t)
        np.multiply(self.t, self.q - 1, self.u)
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

    Half the gamma deviance; with its exponential link dL/dz = 1 - y / mu.
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
    """L = -y log(mu) - (1 - y) log(1 - mu)

    for each output. As in scikit-learn, mu is kept in [eps, 1 - eps] for the value, so
    that a certain and wrong prediction costs 36 (float64), not infinity. The gradient
    is exact.
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
    """L = -sum_j y_j (1 - mu_j)^g log(mu_j), g = focal_gamma

    Lin, Goyal, Girshick, He and Dollar (2017): classes that are already told apart
    weigh less. With g = 0 it is the log loss.
    """

    sign = -1.0
    n_buffers = 4

    def configure(self, settings):
        self.g = settings.get("focal_gamma", 2.0)

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
    """L = -y (1 - mu)^g log(mu) - (1 - y) mu^g log(1 - mu), g = focal_gamma

    for each output; Lin, Goyal, Girshick, He and Dollar (2017).
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


def _by_link(categorical, bernoulli):
    """A loss of classes: which class it is depends on the link."""

    def loss(link, settings=None):
        cls = categorical if isinstance(link, Softmax) else bernoulli
        return cls(link, settings)

    both = [inspect.getdoc(categorical), inspect.getdoc(bernoulli)]
    loss.__doc__ = "\n\nWith a logistic link ".join(both)
    return loss


LOSSES = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
    "gamma": Gamma,
    "log_loss": _by_link(CategoricalLogLoss, BernoulliLogLoss),
    "focal": _by_link(CategoricalFocal, BernoulliFocal),
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
