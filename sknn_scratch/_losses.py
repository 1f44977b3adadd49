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

import numpy as np
from scipy.special import xlogy

from sknn_scratch._activations import Activation, Identity, Logistic


class Exp(Activation):
    """f(z) = exp(z),  f' = a"""

    def forward(self, z, slope=None):
        # Keeps exp(z), and sums of e^20 such terms, finite; exact inside the bound.
        bound = np.log(np.finfo(z.dtype).max) - 20
        np.clip(z, -bound, bound, out=z)
        np.exp(z, out=z)

    def backward(self, a, delta, slope=None):
        delta *= a


class Softmax(Activation):
    """f(z)_j = exp(z_j) / sum_i exp(z_i),  dL/dz = a (delta - <a, delta>)"""

    def forward(self, z, slope=None):
        row = np.empty((len(z), 1), z.dtype)
        if len(z) < 16 * z.shape[1]:
            np.maximum.reduce(z, axis=1, out=row, keepdims=True)
        else:  # few columns: one after the other is several times faster
            row[...] = z[:, :1]
            for j in range(1, z.shape[1]):
                np.maximum(row, z[:, j : j + 1], out=row)
        z -= row
        np.exp(z, out=z)
        np.add.reduce(z, axis=1, out=row, keepdims=True)
        z /= row

    def backward(self, a, delta, slope=None):
        delta -= np.einsum("ij,ij->i", a, delta)[:, None]
        delta *= a


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
    link : str
        A key of ``LINKS``.
    """

    #: Links for which dL/dz = mu - y.
    canonical: tuple[str, ...] = ()
    #: -1 where ``terms`` gives -L, which saves a pass.
    sign = 1.0
    #: Whether ``loss_`` reports the mean over the outputs, as scikit-learn does.
    reports_mean_over_outputs = False

    def __init__(self, link):
        self.link_name = link
        self.link = LINKS[link]
        self.delta_from_link = link not in self.canonical

    def planned(self, n, k, dtype):
        """The same loss with buffers for n rows of k outputs."""
        loss = copy.copy(self)
        loss.t = np.empty((n, k), dtype)
        loss.u = np.empty((n, k), dtype)
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

    def slope(self, y, mu, out):
        """dL/dmu, entry by entry, for links that are not canonical."""
        raise NotImplementedError

    def value_and_delta(self, z, y, weight, total):
        """Mean loss over the rows; z (n, k) becomes w dL/dz.

        ``weight`` is None or (n,), ``total`` its sum (None: n).
        """
        self.link.forward(z)
        value = self.value(y, z, weight, total)
        if self.delta_from_link:
            delta = self.slope(y, z, self.t)
            self.link.backward(z, delta)
            z[...] = delta
        else:
            z -= y
        if weight is not None:
            z *= weight[:, None]
        return value

    def value(self, y, mu, weight, total):
        """Mean loss over the rows at the predictions mu."""
        t = self.terms(y, mu)
        # Column by column in the order of the rows, then across: np.average's order.
        if weight is not None:
            t *= weight[:, None]
        np.add.reduce(t, 0, None, self.column)
        self.column /= total
        return self.sign * float(np.add.reduce(self.column))


class SquaredError(Loss):
    """L = (y - mu)^2 / 2"""

    canonical = ("identity",)
    reports_mean_over_outputs = True

    def terms(self, y, mu):
        np.subtract(y, mu, self.t)
        np.square(self.t, self.t)
        self.t *= self.half
        return self.t

    def slope(self, y, mu, out):
        return np.subtract(mu, y, out)


class Poisson(Loss):
    """L = y log(y / mu) - y + mu, half the Poisson deviance."""

    canonical = ("exp",)

    def terms(self, y, mu):
        t = np.divide(y, mu, self.t)
        xlogy(y, t, t)
        t -= y
        t += mu
        return t

    def slope(self, y, mu, out):
        np.divide(y, mu, out)
        return np.subtract(self.one, out, out)


class BinaryLogLoss(Loss):
    """L = -y log(mu) - (1 - y) log(1 - mu), one Bernoulli variable for each output.

    As in scikit-learn, mu is kept in [eps, 1 - eps] for the value, so that a certain
    and wrong prediction costs 36 (float64), not infinity. The gradient is exact.
    """

    canonical = ("logistic",)
    sign = -1.0

    def terms(self, y, mu):
        p, t, u = self.u, self.t, self.v
        np.maximum(mu, self.eps, out=p)
        np.minimum(p, self.one_minus_eps, out=p)
        xlogy(y, p, t)
        np.subtract(self.one, p, p)
        np.subtract(self.one, y, u)
        xlogy(u, p, u)
        t += u
        return t

    def slope(self, y, mu, out):
        np.maximum(mu, self.eps, out=self.u)
        np.minimum(self.u, self.one_minus_eps, out=self.u)
        np.subtract(self.u, y, out)
        np.subtract(self.one, self.u, self.v)
        out /= self.u
        out /= self.v
        return out

    def planned(self, n, k, dtype):
        loss = super().planned(n, k, dtype)
        loss.v = np.empty((n, k), dtype)
        return loss


class LogLoss(Loss):
    """L = -sum_j y_j log(mu_j), the cross entropy of one variable with k classes."""

    canonical = ("softmax",)
    sign = -1.0

    def terms(self, y, mu):
        np.maximum(mu, self.eps, out=self.u)
        np.minimum(self.u, self.one_minus_eps, out=self.u)
        return xlogy(y, self.u, self.t)

    def slope(self, y, mu, out):
        np.maximum(mu, self.eps, out=self.u)
        np.divide(y, self.u, out)
        return np.negative(out, out)


LOSSES = {
    "squared_error": SquaredError,
    "poisson": Poisson,
    "log_loss": LogLoss,
    "binary_log_loss": BinaryLogLoss,
}
