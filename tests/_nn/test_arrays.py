"""Products and numbers: the same values whichever way is faster."""

import numpy as np
import pytest
from scipy import sparse

from sknn_scratch._nn.arrays import fastest_matmul, for_blas, per_net


@pytest.mark.parametrize("nets", [(), (2,)])
@pytest.mark.parametrize("shape", [(3, 4, 5), (200, 1, 100), (200, 70, 100), (1, 9, 1)])
def test_the_faster_product_is_the_product(shape, nets, dtype):
    rows, inner, columns = shape
    rng = np.random.default_rng(0)
    x = rng.standard_normal((*nets, rows, inner)).astype(dtype)
    W = rng.standard_normal((*nets, inner, columns)).astype(dtype)
    out = np.full((*nets, rows, columns), np.nan, dtype)
    assert fastest_matmul(*shape, nets)(x, W, out) is out
    wanted = np.einsum("...ij,...jk->...ik", x, W)
    rtol = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(out, wanted, rtol=rtol, atol=rtol)


def test_many_nets_go_through_matmul():
    assert fastest_matmul(2, 2, 2) is np.ndarray.dot
    assert fastest_matmul(200, 70, 100) is np.matmul
    assert fastest_matmul(2, 2, 2, (3,)) is np.matmul


def test_a_number_is_a_0d_array_and_one_for_each_net_a_column(dtype):
    one = per_net(0.5, dtype, 2)
    assert (one.shape, one.dtype) == ((), dtype)
    many = per_net([0.5, 0.25], dtype, 2)
    assert (many.shape, many.dtype) == ((2, 1, 1), dtype)
    assert (many * np.ones((2, 3, 4)))[1].max() == 0.25


def test_numbers_may_be_written_later():
    source = np.array([0.5, 0.25])
    many = per_net(source, float, 1)
    many[...] = 7
    assert (source != 7).all()


def test_rows_as_blas_takes_them():
    X = np.ones((4, 6))
    for kept in (X, X.T, X[:, :3], X[None], sparse.csr_array(X)):
        assert for_blas(kept) is kept
    strided = X[:, ::2]
    copied = for_blas(strided)
    assert copied.flags.c_contiguous
    np.testing.assert_array_equal(copied, strided)
