"""Numbers as a tabular regressor learns them: scaled, and kept within their range."""

import numpy as np

from sknn_scratch._estimators.targets import Numbers
from sknn_scratch._nn.losses import LOSSES


class ScaledNumbers(Numbers):
    """Numbers less their mean, in units of their standard deviation.

    With a loss whose predictions are positive, such as 'poisson', they are in units of
    their mean instead. Predictions stay within the range of the targets that were seen.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_numbers)
        The targets of fit.
    loss : str
        An entry of ``LOSSES``.
    quantiles : tuple of float, default=()
        With loss='quantile': of one number several, or of each number one.
    """

    def __init__(self, y, loss, quantiles=()):
        super().__init__(len(quantiles) or y.shape[1], loss)
        self.quantiles = quantiles
        #: Whether the outputs are quantiles of the same number.
        self.of_one_number = bool(quantiles) and y.shape[1] == 1
        largest = np.abs(y).max(axis=0)  # its square may be infinite
        largest = np.where(largest > 0, largest, 1.0)
        mean = (y / largest).mean(axis=0) * largest
        if self.link_name == "identity":
            self.center, self.scale = mean, (y / largest).std(axis=0) * largest
        else:
            LOSSES[loss].check_y(y)
            self.center, self.scale = np.zeros_like(mean), mean
        self.scale = np.where(self.scale > 0, self.scale, 1.0)
        scaled = self.encode(y, float)
        self.lowest, self.highest = scaled.min(axis=0), scaled.max(axis=0)

    def loss_of_training(self):
        """The loss that the nets minimise, with its link."""
        return LOSSES[self.loss](self.link, {"quantile": self.quantiles or None})

    def encode(self, y, dtype):
        """Scaled numbers (n, n_outputs) of the dtype given."""
        scaled = (np.reshape(y, (len(y), -1)) - self.center) / self.scale
        columns = self.n_outputs // scaled.shape[1]
        return np.tile(scaled, columns).astype(dtype, copy=False)

    def linked(self, z):
        """Predictions, scaled, from raw outputs, in place."""
        self.link.forward(z)
        return np.clip(z, self.lowest, self.highest, out=z)

    def decode(self, mu):
        """Predictions as y was, (n,) where there is one for each row.

        Predicted quantiles are put in order, which makes none of them worse:
        Chernozhukov, Fernandez-Val and Galichon (2010).
        """
        predicted = mu * self.scale + self.center
        if self.of_one_number:
            predicted.sort(axis=-1)
        return predicted[..., 0] if self.n_outputs == 1 else predicted
