"""Links: softmax over blocks, exp inside its bound; many nets."""

import numpy as np
import pytest

from sknn_scratch._nn.links import LINKS, Softmax

BLOCKS = (2, 3)


def test_exp_is_exact_inside_its_bound_and_finite_beyond(dtype):
    inside = np.array([[-60.0, -1, 0, 1, 60]], dtype)
    mu = inside.copy()
    LINKS["exp"].forward(mu)
    np.testing.assert_array_equal(mu, np.exp(inside))
    beyond = np.array([[-1e5, 1e5]], dtype)
    LINKS["exp"].forward(beyond)
    assert 0 < beyond[0, 0] < 1e-29
    assert beyond[0, 1] > 1e29
    assert np.isfinite(beyond * beyond.dtype.type(np.exp(19))).all()  # a sum of many


def test_softmax_over_blocks_is_a_softmax_of_each():
    rng = np.random.default_rng(6)
    z = rng.standard_normal((5, 5))
    whole = z.copy()
    Softmax(BLOCKS).forward(whole)
    for columns in (slice(0, 2), slice(2, 5)):
        part = z[:, columns].copy()
        Softmax().forward(part)
        np.testing.assert_array_equal(whole[:, columns], part)
        np.testing.assert_allclose(part.sum(axis=1), 1)


def test_softmax_of_many_rows_is_that_of_few():
    z = np.random.default_rng(7).standard_normal((400, 3)) * 50
    many, few = z.copy(), z.copy()
    Softmax().forward(many)
    for row in few:
        Softmax().forward(row[None])
    np.testing.assert_array_equal(many, few)


@pytest.mark.parametrize("n", [2, 400])
@pytest.mark.parametrize("link", [*LINKS.values(), Softmax(BLOCKS)], ids=repr)
def test_many_nets_at_once_are_each_net_alone(link, n, dtype):
    rng = np.random.default_rng(0)
    z, delta = rng.standard_normal((2, 3, n, 5)).astype(dtype)
    a, d = z.copy(), delta.copy()
    link.forward(a)
    mu = a.copy()
    link.backward(a, d)
    for j in range(3):
        mine, my_delta = z[j].copy(), delta[j].copy()
        link.forward(mine)
        np.testing.assert_array_equal(mu[j], mine)
        link.backward(mine, my_delta)
        np.testing.assert_array_equal(d[j], my_delta)
