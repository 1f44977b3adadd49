"""Links: functions that turn a network's raw output into predictions.

A link is an activation behind the last layer, applied by the loss in training and by
the network in prediction. To add one, give it the two passes of an activation and name
it in ``LINKS``.
"""

import numpy as np

from sknn_scratch._nn.activations import Activation, Identity, Logistic


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

    def derivatives(self, z):
        a = z.copy()
        self.forward(a)
        return a, a, a, a


class Softmax(Activation):
    """f(z)_j = exp(z_j) / sum_i exp(z_i),  dL/dz = a (delta - <a, delta>)

    Parameters
    ----------
    sizes : tuple of int, default=None
        With several variables, the number of classes of each: a softmax over each
        one's own columns. None is one softmax over all columns.
    """

    onnx = (("Softmax", {"axis": -1}),)
    kink = "it is a function of a whole row"

    def __init__(self, sizes=None):
        self.sizes = sizes

    def _blocks(self, *arrays):
        if self.sizes is None:
            yield arrays
            return
        start = 0
        for size in self.sizes:
            yield [array[..., start : start + size] for array in arrays]
            start += size

    def forward(self, z, s=None):
        row = np.empty((*z.shape[:-1], 1), z.dtype)
        for (block,) in self._blocks(z):
            if row.size < 16 * block.shape[-1]:
                np.maximum.reduce(block, axis=-1, out=row, keepdims=True)
            else:  # few columns: one after the other is several times faster
                row[...] = block[..., :1]
                for j in range(1, block.shape[-1]):
                    np.maximum(row, block[..., j : j + 1], out=row)
            block -= row
            np.exp(block, out=block)
            np.add.reduce(block, axis=-1, out=row, keepdims=True)
            block /= row

    def backward(self, a, delta, s=None):
        for p, d in self._blocks(a, delta):
            d -= np.einsum("...j,...j->...", p, d)[..., None]
            d *= p


LINKS = {
    "identity": Identity(),
    "logistic": Logistic(),
    "softmax": Softmax(),
    "exp": Exp(),
}
