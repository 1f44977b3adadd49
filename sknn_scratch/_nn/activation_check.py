"""The check of an activation's derivatives that users have for their own."""

import numpy as np
from numpy.typing import ArrayLike

from sknn_scratch._nn.activations import Activation


def check_activation(
    activation: Activation, *, z: ArrayLike | None = None, rtol: float = 1e-6
) -> None:
    """Check an activation's derivatives against central differences.

    Those of its backward pass, and of its method ``derivatives`` if it has its own.

    Parameters
    ----------
    activation : Activation
        The activation to check.
    z : array-like, default=None
        Points to check at; None takes 60 points between -4 and 4.
    rtol : float, default=1e-6
        Largest error of the derivative, relative to ``1 + |f'|``.

    Raises
    ------
    TypeError
        If it is not an :class:`Activation`.
    AssertionError
        If the derivative is wrong; the message names the point of the largest error.

    Examples
    --------
    >>> from sknn_scratch import check_activation
    >>> from sknn_scratch._nn.activations import GELU
    >>> check_activation(GELU())
    """
    if not isinstance(activation, Activation):
        raise TypeError(
            "check_activation takes an instance of a subclass of Activation, "
            f"got {activation!r}."
        )
    points = np.linspace(-4, 4, 60)[:, None] if z is None else np.atleast_2d(z)
    z = points.astype(float)

    def value(x):
        a = x.copy()
        activation.forward(a, None)
        return a

    step = 1e-5
    wanted = (value(z + step) - value(z - step)) / (2 * step)
    a, delta = z.copy(), np.ones_like(z)
    s = [np.empty_like(z) for _ in range(activation.n_buffers)]
    activation.forward(a, s)
    np.testing.assert_allclose(
        a, value(z), rtol=rtol, err_msg="forward differs with and without buffers"
    )
    activation.backward(a, delta, s)
    _compare(activation, "derivative", z, delta, wanted, "backward pass", rtol)
    if type(activation).derivatives is Activation.derivatives:
        return
    below, here, above = map(activation.derivatives, (z - step, z, z + step))
    names = ("value", "first derivative", "second derivative", "third derivative")
    sources = [
        value(z),
        *((b - a) / (2 * step) for a, b in zip(below, above, strict=True)),
    ]
    for name, found, wanted in zip(names, here, sources, strict=False):
        _compare(activation, name, z, found, wanted, "method 'derivatives'", rtol)


def _compare(activation, name, z, found, wanted, source, rtol):
    """Raise an AssertionError where the two differ most, if they do."""
    error = np.abs(found - wanted) / (1 + np.abs(wanted))
    if not error.max() <= rtol:
        i = np.unravel_index(np.nan_to_num(error, nan=np.inf).argmax(), z.shape)
        raise AssertionError(
            f"The {name} of {activation!r} at z = {z[i]:.6g} is {found[i]:.6g} "
            f"by its {source}, {wanted[i]:.6g} by central differences."
        )
