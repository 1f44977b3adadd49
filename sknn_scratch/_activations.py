"""Activation functions: one formula sheet.

Each entry works in place. ``forward(z, slope)`` turns the layer's input ``z`` into its
output ``a = f(z)``; ``backward(a, delta, slope)`` turns ``delta = dL/da`` into
``dL/dz = delta * f'(z)`` and may spend ``a``, which nobody reads after it.

Where f' can be told from the output (``tanh' = 1 - a^2``) nothing more is stored. Where
it cannot, the entry says ``needs_slope = True``, is given one buffer of z's shape, and
leaves f'(z) there in its forward pass. In prediction ``slope`` is None.

To add an activation, write its class and name it in ``ACTIVATIONS``: every estimator
accepts it, the gradient tests check it and the documentation lists it.
"""

import numpy as np
from scipy.special import expit

# As 0-d arrays of the working dtype, 0 and 1 cost a ufunc call half its overhead.
ZERO = {np.dtype(t): np.zeros((), t) for t in (np.float32, np.float64)}
ONE = {np.dtype(t): np.ones((), t) for t in (np.float32, np.float64)}


class Activation:
    """What an activation is to a layer."""

    #: Whether ``forward`` stores f'(z) in the buffer ``slope``.
    needs_slope = False
    #: Glorot's bound is sqrt(glorot_factor / (fan_in + fan_out)).
    glorot_factor = 6.0

    def forward(self, z, slope=None):
        """Replace z by f(z)."""
        raise NotImplementedError

    def backward(self, a, delta, slope=None):
        """Multiply delta by f'(z), given a = f(z); a may be spent."""
        raise NotImplementedError


class Identity(Activation):
    """f(z) = z,  f' = 1"""

    def forward(self, z, slope=None):
        pass

    def backward(self, a, delta, slope=None):
        pass


class Logistic(Activation):
    """f(z) = 1 / (1 + exp(-z)),  f' = a (1 - a)"""

    glorot_factor = 2.0

    def forward(self, z, slope=None):
        expit(z, out=z)

    def backward(self, a, delta, slope=None):
        delta *= a
        np.subtract(ONE[a.dtype], a, a)
        delta *= a


class Tanh(Activation):
    """f(z) = tanh(z),  f' = 1 - a^2"""

    def forward(self, z, slope=None):
        np.tanh(z, out=z)

    def backward(self, a, delta, slope=None):
        np.square(a, a)
        np.subtract(ONE[a.dtype], a, a)
        delta *= a


class ReLU(Activation):
    """f(z) = max(0, z),  f' = 1 where a > 0, else 0"""

    def forward(self, z, slope=None):
        np.maximum(z, ZERO[z.dtype], out=z)

    def backward(self, a, delta, slope=None):
        # A product with a 0/1 array is several times faster than a masked assignment.
        np.greater(a, ZERO[a.dtype], a)
        delta *= a


ACTIVATIONS = {
    "identity": Identity(),
    "logistic": Logistic(),
    "tanh": Tanh(),
    "relu": ReLU(),
}
