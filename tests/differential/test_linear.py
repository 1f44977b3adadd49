"""The linear maps from a network's jets: products, powers, and their transposes."""

import numpy as np
import pytest

from sknn_scratch._nn.jets import Channels
from sknn_scratch.differential._linear import Linear, powers, product, times

RNG = np.random.default_rng(0)
T = np.linspace(0.1, 0.9, 7)


def jets_of(f, df, d2f, t=T):
    return np.array([f(t), df(t), d2f(t)])


def test_powers_and_times_are_the_rules_of_differentiation():
    a, length = 0.3, 2.0
    for k in range(4):
        p = np.polynomial.Polynomial([-a / length, 1 / length]) ** k
        wanted = jets_of(p, p.deriv(1), p.deriv(2))
        np.testing.assert_allclose(
            powers((T - a) / length, length, k), wanted, atol=1e-14
        )
    f = jets_of(np.sin, np.cos, lambda t: -np.sin(t))
    g = jets_of(np.exp, np.exp, np.exp)
    wanted = np.exp(T) * np.array([np.sin(T), np.sin(T) + np.cos(T), 2 * np.cos(T)])
    np.testing.assert_allclose(times(f, g), wanted, rtol=1e-13)


def polynomial_jets(coefs, x, y):
    """Jets of a polynomial in two variables, by NumPy's own derivatives."""
    from numpy.polynomial import polynomial as P

    def at(i, j):
        c = P.polyder(P.polyder(coefs, i, axis=0), j, axis=1)
        return P.polyval2d(x, y, c)

    return np.array([at(0, 0), at(1, 0), at(0, 1), at(2, 0), at(1, 1), at(0, 2)])


def test_a_product_in_two_dimensions():
    from scipy.signal import convolve2d

    f, g = RNG.standard_normal((2, 4, 4))
    x, y = RNG.standard_normal((2, 5))
    wanted = polynomial_jets(convolve2d(f, g), x, y)
    matrix = product(Channels(2, 2), polynomial_jets(f, x, y))
    found = np.einsum("cdm,dm->cm", matrix, polynomial_jets(g, x, y))
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n_functionals", [0, 2])
def test_pulled_is_the_transpose_of_jets(n_functionals):
    C, m, n, E, a = 3, 5, 2, 2, 2
    linear = Linear(
        RNG.standard_normal((C, m, n)),
        RNG.standard_normal((C, C, m)),
        RNG.standard_normal((C, m, n, n_functionals)),
        RNG.standard_normal((n_functionals, C, a, n)),
    )
    N, anchored = RNG.standard_normal((C, m, n)), RNG.standard_normal((C, a, n))
    partials = RNG.standard_normal((E, C, n, m))
    zero = linear.jets(0 * N, 0 * anchored)
    np.testing.assert_array_equal(zero, linear.A)
    wanted = np.einsum("ecnm,cmn->em", partials, linear.jets(N, anchored) - zero)
    local, remote = linear.pulled(partials)
    found = np.einsum("ecmn,cmn->em", local, N)
    found += remote @ np.einsum("kcan,can->k", linear.F, anchored)
    np.testing.assert_allclose(found, wanted, rtol=1e-10)
