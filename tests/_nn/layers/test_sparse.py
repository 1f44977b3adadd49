"""The door: CSR rows give what the same rows give as a dense array."""

import numpy as np
import pytest
from _layers import N_IN, Planned, alone
from scipy import sparse

from sknn_scratch._nn.activations import ACTIVATIONS
from sknn_scratch._nn.layers import (
    Dense,
    Dropout,
    Pad,
    ResidualStack,
    Room,
    at_the_door,
)
from sknn_scratch._nn.layers.sparse import Densify, SparseDense, SparseDropout

TANH = ACTIVATIONS["tanh"]
DENSE = Dense(N_IN, 3, TANH)
STACK = ResidualStack(3, N_IN, 0.4, TANH)
DROPOUT = Dropout(N_IN, 0.5)


@pytest.mark.parametrize(
    ("layers", "classes"),
    [
        ([DENSE], [SparseDense]),
        ([DENSE, Dense(3, 3, TANH)], [SparseDense, Dense]),
        ([DROPOUT, DENSE, DROPOUT], [SparseDropout, SparseDense, Dropout]),
        ([STACK, DENSE], [Densify, ResidualStack, Dense]),
        ([DROPOUT, STACK], [SparseDropout, Densify, ResidualStack]),
        ([Pad(N_IN, 6)], [Densify, Pad]),
    ],
)
def test_what_stands_at_the_door(layers, classes):
    assert [type(layer) for layer in at_the_door(layers)] == classes


@pytest.mark.parametrize("layer", [DENSE, STACK, Pad(N_IN, 6)], ids=type)
def test_csr_rows_give_what_dense_rows_give(layer):
    x = np.random.default_rng(3).standard_normal((5, N_IN))
    x[x < 0] = 0
    delta = np.random.default_rng(4).standard_normal((5, layer.n_out))
    answers = []
    for as_sparse in (False, True):
        plan = Planned(alone(layer), 5, needs_dx=False, as_sparse=as_sparse)
        a = plan.forward(sparse.csr_matrix(x) if as_sparse else x).copy()
        assert plan.backward(delta.copy()) is None or not layer.parameters()
        answers.append((a, plan.grad))
    np.testing.assert_allclose(answers[0][0], answers[1][0], rtol=1e-12)
    np.testing.assert_allclose(answers[0][1], answers[1][1], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rate", [0.2, 0.7])
def test_dropout_drops_stored_entries_at_its_rate(rate):
    layer = Dropout(50, rate)
    layer.draw(None, np.random.RandomState(0))
    (layer,) = at_the_door([layer, Dense(50, 1, TANH)])[:1]
    plan = layer.planned(Room(2000, np.dtype(float), training=True))
    rng = np.random.default_rng(0)
    x = sparse.csr_array(rng.random((2000, 50)) * (rng.random((2000, 50)) < 0.9))
    y = plan.forward(x)
    kept = y.data != 0
    # 90,000 draws: three standard errors are below 0.005.
    assert abs(1 - kept.mean() - rate) < 0.005
    np.testing.assert_allclose(y.data[kept], x.data[kept] / (1 - rate))
    np.testing.assert_array_equal(y.indices, x.indices)
    assert not np.shares_memory(y.data, x.data)
