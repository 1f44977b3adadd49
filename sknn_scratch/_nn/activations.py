"""Activation functions: one formula sheet.

Each entry works in place. ``forward(z, s)`` turns the layer's input ``z`` into its
output ``a = f(z)``; ``backward(a, delta, s)`` turns ``delta = dL/da`` into
``dL/dz = delta * f'(z)`` and may spend ``a``, which nobody reads after it.

Where f' can be told from the output (``tanh' = 1 - a^2``) nothing more is stored. Where
it cannot, the entry asks for ``n_buffers`` arrays of z's shape; they come as ``s``, and
what the forward pass leaves in them the backward pass finds there.

Smooth ones also give their higher derivatives (``derivatives``), for networks that
solve differential equations; the others say in ``kink`` why they have none.

To add an activation, write its class and name it in ``ACTIVATIONS``: every estimator
accepts it, the gradient tests check it and the documentation lists it.
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, ndtr

# As 0-d arrays of the working dtype, 0 and 1 cost a ufunc call half its overhead.
ZERO = {np.dtype(t): np.zeros((), t) for t in (np.float32, np.float64)}
ONE = {np.dtype(t): np.ones((), t) for t in (np.float32, np.float64)}


class Activation:
    """An activation function f with its derivative; subclass it to bring your own.

    A subclass defines :meth:`forward` and :meth:`backward`, both in place, and if it is
    to solve differential equations :meth:`derivatives`. An instance is accepted
    wherever the estimators take the name of an activation; :func:`check_activation`
    compares its derivatives with finite differences.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn_scratch import Activation, ScratchMLPRegressor, check_activation
    >>> class Sine(Activation):
    ...     '''f(z) = sin(z),  f' = cos(z)'''
    ...     n_buffers = 1
    ...     def forward(self, z, s=None):
    ...         if s is not None:
    ...             np.cos(z, out=s[0])
    ...         np.sin(z, out=z)
    ...     def backward(self, a, delta, s=None):
    ...         delta *= s[0]
    >>> check_activation(Sine())
    >>> model = ScratchMLPRegressor((8,), activation=Sine(), solver="lbfgs")
    """

    #: Number of arrays of z's shape that the two passes share.
    n_buffers = 0
    #: Glorot's bound is sqrt(glorot_factor / (fan_in + fan_out)).
    glorot_factor = 6.0
    #: Whether f never falls: then f of a maximum is the maximum of f.
    rises = False
    #: f as a chain of ONNX operators, (name, second argument) each: the argument is
    #: None, a dict of attributes, a number, or "z", f's own input. None: no ONNX form.
    onnx: tuple | None = None
    #: Why f has no second derivative; None: it has.
    kink: str | None = None

    def forward(self, z: np.ndarray, s: Sequence[np.ndarray] | None = None) -> None:
        """Replace z by f(z).

        Parameters
        ----------
        z : ndarray of shape (n_samples, n_units)
            Input, overwritten by the output; float32 or float64.
        s : list of ndarray or None
            ``n_buffers`` arrays of z's shape, in which the backward pass finds what
            this pass leaves; None in prediction.
        """
        raise NotImplementedError

    def backward(
        self, a: np.ndarray, delta: np.ndarray, s: Sequence[np.ndarray] | None = None
    ) -> None:
        """Multiply delta by f'(z).

        Parameters
        ----------
        a : ndarray of shape (n_samples, n_units)
            Output of the forward pass; may be overwritten.
        delta : ndarray of shape (n_samples, n_units)
            dL/da, overwritten by dL/dz.
        s : list of ndarray
            The arrays that the forward pass was given.
        """
        raise NotImplementedError

    def buffers(
        self, z: np.ndarray, s: Sequence[np.ndarray] | None
    ) -> Sequence[np.ndarray]:
        """Give a forward pass its arrays to work in.

        Parameters
        ----------
        z : ndarray of shape (n_samples, n_units)
            Input of the forward pass.
        s : list of ndarray or None
            The arrays that it was given, if any.

        Returns
        -------
        list of ndarray
            s, or for None ``n_buffers`` new arrays of z's shape.
        """
        return [np.empty_like(z) for _ in range(self.n_buffers)] if s is None else s

    def slope(self, z: np.ndarray) -> tuple[np.ndarray, ...]:
        """Compute f and f' at z, by the two passes.

        Parameters
        ----------
        z : ndarray of shape (n_samples, n_units)
            Input; stays as it is.

        Returns
        -------
        f, df : ndarray of z's shape
            The function and its derivative.
        """
        a, slope = z.copy(), np.ones_like(z)
        s = self.buffers(z, None)
        self.forward(a, s)
        f = a.copy()
        self.backward(a, slope, s)
        return f, slope

    def derivatives(self, z: np.ndarray) -> tuple[np.ndarray, ...]:
        """Compute f and its first three derivatives at z.

        Only networks whose own derivatives are wanted need them, to solve a
        differential equation for example.

        Parameters
        ----------
        z : ndarray of shape (n_samples, n_units)
            Input; stays as it is.

        Returns
        -------
        f, df, d2f, d3f : ndarray of z's shape
            The function and its derivatives.

        Raises
        ------
        NotImplementedError
            If they do not exist, or were not written.
        """
        why = self.kink or "it defines no method 'derivatives'"
        raise NotImplementedError(
            f"{self!r} has no second and third derivatives: {why}. Use a smooth "
            "activation, such as 'tanh'."
        )

    def signature(self) -> tuple:
        """Tell what activations must have in common to be one.

        Returns
        -------
        tuple
            The class, and the instance's own attributes as text.
        """
        return type(self), repr(sorted(vars(self).items()))

    def __repr__(self):
        return f"{type(self).__name__}()"


class Identity(Activation):
    """f(z) = z,  f' = 1"""

    rises = True
    onnx = ()

    def forward(self, z, s=None):
        pass

    def backward(self, a, delta, s=None):
        pass

    def derivatives(self, z):
        zero = np.zeros_like(z)
        return z.copy(), zero + ONE[z.dtype], zero, zero


class Logistic(Activation):
    """f(z) = 1 / (1 + exp(-z)),  f' = a (1 - a)"""

    glorot_factor = 2.0
    rises = True
    onnx = (("Sigmoid", None),)

    def forward(self, z, s=None):
        expit(z, out=z)

    def backward(self, a, delta, s=None):
        delta *= a
        np.subtract(ONE[a.dtype], a, a)
        delta *= a

    def derivatives(self, z):
        a = expit(z)
        d1 = a * expit(-z)  # 1 - a would lose the digits of a small one
        return a, d1, d1 * (1 - 2 * a), d1 * (1 - 6 * d1)


class Tanh(Activation):
    """f(z) = tanh(z),  f' = 1 - a^2"""

    rises = True
    onnx = (("Tanh", None),)

    def forward(self, z, s=None):
        np.tanh(z, out=z)

    def backward(self, a, delta, s=None):
        np.square(a, a)
        np.subtract(ONE[a.dtype], a, a)
        delta *= a

    def derivatives(self, z):
        a = np.tanh(z)
        d1 = 1 - a * a
        return a, d1, -2 * a * d1, d1 * (4 - 6 * d1)


class ReLU(Activation):
    """f(z) = max(0, z),  f' = 1 where a > 0, else 0"""

    rises = True
    kink = "f' jumps at 0"
    onnx = (("Relu", None),)

    def forward(self, z, s=None):
        np.maximum(z, ZERO[z.dtype], out=z)

    def backward(self, a, delta, s=None):
        # A product with a 0/1 array is several times faster than a masked assignment.
        np.greater(a, ZERO[a.dtype], a)
        delta *= a


class LeakyReLU(Activation):
    """f(z) = z where z > 0, else 0.01 z,  f' = 1 or 0.01

    Maas, Hannun and Ng (2013).
    """

    n_buffers = 1
    leak = 0.01
    rises = True
    kink = "f' jumps at 0"
    onnx = (("LeakyRelu", {"alpha": 0.01}),)

    def forward(self, z, s=None):
        (slope,) = self.buffers(z, s)
        np.greater(z, ZERO[z.dtype], slope)
        slope *= 1 - self.leak
        slope += self.leak
        z *= slope

    def backward(self, a, delta, s=None):
        delta *= s[0]


class ELU(Activation):
    """f(z) = z where z > 0, else exp(z) - 1,  f' = 1 or exp(z)

    Clevert, Unterthiner and Hochreiter (2015).
    """

    n_buffers = 1
    rises = True
    kink = "f'' jumps at 0"
    onnx = (("Elu", {"alpha": 1.0}),)

    def forward(self, z, s=None):
        (slope,) = self.buffers(z, s)
        np.minimum(z, ZERO[z.dtype], out=slope)
        np.expm1(slope, slope)
        np.maximum(z, slope, out=z)  # exp(z) - 1 >= z
        slope += ONE[z.dtype]

    def backward(self, a, delta, s=None):
        delta *= s[0]


class SELU(Activation):
    """f(z) = l z where z > 0, else l c (exp(z) - 1),  f' = l or l c exp(z)

    With the scale `l = 1.0507` and the slope `c = 1.6733`, which keep mean 0 and
    variance 1 from layer to layer; Klambauer, Unterthiner, Mayr and Hochreiter (2017).
    """

    n_buffers = 1
    c, scale = 1.6732632423543772, 1.0507009873554805
    rises = True
    kink = "f' jumps at 0"
    onnx = (("Selu", {"alpha": c, "gamma": scale}),)

    def forward(self, z, s=None):
        (negative,) = self.buffers(z, s)
        np.minimum(z, ZERO[z.dtype], out=negative)
        np.expm1(negative, negative)
        negative *= self.c
        np.maximum(z, ZERO[z.dtype], out=z)
        z += negative
        z *= self.scale

    def backward(self, a, delta, s=None):
        # l where a > 0, else a + l c
        positive, jump = s[0], self.scale * self.c
        np.greater(a, ZERO[a.dtype], positive)
        np.minimum(a, ZERO[a.dtype], out=a)
        a += jump
        positive *= self.scale - jump
        a += positive
        delta *= a


class GELU(Activation):
    """f(z) = z Phi(z),  f' = Phi(z) + z phi(z)

    `Phi` and `phi` are the standard normal distribution function and density;
    Hendrycks and Gimpel (2016), the exact form.
    """

    n_buffers = 2
    onnx = (("Mul", 0.5**0.5), ("Erf", None), ("Add", 1.0), ("Mul", "z"), ("Mul", 0.5))

    def forward(self, z, s=None):
        slope, density = self.buffers(z, s)
        ndtr(z, out=slope)
        np.square(z, density)
        density *= -0.5
        np.exp(density, density)
        density *= 1 / np.sqrt(2 * np.pi)
        density *= z
        z *= slope
        slope += density

    def backward(self, a, delta, s=None):
        delta *= s[0]

    def derivatives(self, z):
        cdf, z2 = ndtr(z), z * z
        density = np.exp(-z2 / 2) * (1 / np.sqrt(2 * np.pi)).astype(z.dtype)
        d1 = cdf + z * density
        return z * cdf, d1, density * (2 - z2), density * z * (z2 - 4)


class SiLU(Activation):
    """f(z) = z / (1 + exp(-z)),  f' = p + a (1 - p) with p = 1 / (1 + exp(-z))

    Also called swish; Elfwing, Uchibe and Doya (2017).
    """

    n_buffers = 1
    onnx = (("Sigmoid", None), ("Mul", "z"))

    def forward(self, z, s=None):
        (p,) = self.buffers(z, s)
        expit(z, out=p)
        z *= p

    def backward(self, a, delta, s=None):
        q, one = s[0], ONE[a.dtype]
        np.subtract(one, q, q)  # 1 - p
        a *= q
        a += one
        a -= q
        delta *= a

    def derivatives(self, z):
        p, p1, p2, p3 = LOGISTIC.derivatives(z)
        return z * p, p + z * p1, 2 * p1 + z * p2, 3 * p2 + z * p3


class Mish(Activation):
    """f(z) = z t,  f' = t + z p - z p t^2

    With `t = tanh(log(1 + exp(z)))` and `p = 1 / (1 + exp(-z))`; Misra (2019).
    """

    n_buffers = 3
    onnx = (("Softplus", None), ("Tanh", None), ("Mul", "z"))

    def forward(self, z, s=None):
        # With e = exp(z) and n = e (e + 2): t = n / (n + 2), p = e / (e + 1).
        # Beyond z = 20 both are 1 to rounding, so that e can be kept finite.
        zp, t, other = self.buffers(z, s)
        np.minimum(z, 20, out=zp)
        np.exp(zp, zp)
        np.add(zp, 2, other)
        np.multiply(zp, other, t)
        np.add(t, 2, other)
        t /= other
        np.add(zp, ONE[z.dtype], other)
        zp /= other
        zp *= z
        z *= t

    def backward(self, a, delta, s=None):
        zp, t, _ = s
        np.multiply(zp, t, a)  # a is free now
        a *= t
        zp += t
        zp -= a
        delta *= zp

    def derivatives(self, z):
        # With t = tanh(u), u' = p: the chain rule, then the product rule for z t.
        p, p1, p2, _ = LOGISTIC.derivatives(z)
        t, q, r, c = TANH.derivatives(np.logaddexp(ZERO[z.dtype], z))
        t1, t2 = q * p, r * p * p + q * p1
        t3 = c * p**3 + 3 * r * p * p1 + q * p2
        return z * t, t + z * t1, 2 * t1 + z * t2, 3 * t2 + z * t3


class Softplus(Activation):
    """f(z) = log(1 + exp(z)),  f' = 1 - exp(-a)"""

    n_buffers = 1
    rises = True
    onnx = (("Softplus", None),)

    def forward(self, z, s=None):
        # max(z, 0) + log(1 + exp(-|z|)): no overflow, and faster than np.logaddexp.
        (tail,) = self.buffers(z, s)
        np.abs(z, tail)
        np.negative(tail, tail)
        np.exp(tail, tail)
        np.log1p(tail, tail)
        np.maximum(z, ZERO[z.dtype], out=z)
        z += tail

    def backward(self, a, delta, s=None):
        np.negative(a, a)
        np.expm1(a, a)
        np.negative(a, a)
        delta *= a

    def derivatives(self, z):
        return np.logaddexp(ZERO[z.dtype], z), *LOGISTIC.derivatives(z)[:3]


#: Others are made of these two.
LOGISTIC, TANH = Logistic(), Tanh()

ACTIVATIONS = {
    "identity": Identity(),
    "logistic": LOGISTIC,
    "tanh": TANH,
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "elu": ELU(),
    "selu": SELU(),
    "gelu": GELU(),
    "silu": SiLU(),
    "mish": Mish(),
    "softplus": Softplus(),
}


def resolve(activation):
    """The entry of that name, or the user's own object."""
    return activation if isinstance(activation, Activation) else ACTIVATIONS[activation]
