"""The layout of the flat vector: groups, views, pieces."""

import numpy as np
import pytest

from sknn_scratch._nn.parameters import Layout, Parameter


class Fake:
    def __init__(self, **parameters):
        self.own = parameters

    def parameters(self):
        return self.own


LAYERS = [
    Fake(scale=Parameter((3,), decays=False, rate_factor=6.0)),
    Fake(W=Parameter((3, 4)), b=Parameter((4,), decays=False, rate_factor=0.1)),
    Fake(),
    Fake(W=Parameter((4, 2)), b=Parameter((2,), decays=False, rate_factor=0.1)),
]
SIZES = {"W": 12 + 8, "scale": 3, "b": 4 + 2}


@pytest.mark.parametrize("nets", [(), (5,)])
def test_what_decays_comes_first_and_rates_lie_side_by_side(nets):
    layout = Layout(LAYERS, nets)
    order = [(block.layer, block.name) for block in layout.blocks]
    assert order == [(1, "W"), (3, "W"), (0, "scale"), (1, "b"), (3, "b")]
    m = nets[0] if nets else 1
    assert layout.size == 29 * m
    assert layout.n_decaying == 20 * m


def test_plain_layers_are_all_weights_then_all_biases():
    """scikit-learn's order, in which L-BFGS sums."""
    layers = [
        Fake(W=Parameter((2, 3)), b=Parameter((3,), decays=False)),
        Fake(W=Parameter((3, 1)), b=Parameter((1,), decays=False)),
    ]
    order = [(block.name, block.layer) for block in Layout(layers).blocks]
    assert order == [("W", 0), ("W", 1), ("b", 0), ("b", 1)]


@pytest.mark.parametrize("nets", [(), (5,)])
def test_views_cover_the_vector_once(nets):
    layout = Layout(LAYERS, nets)
    vector = np.zeros(layout.size)
    for view in layout.views(vector):
        assert view.shape[: len(nets)] == nets
        view += 1
    assert (vector == 1).all()


def test_bound_layers_see_the_vector():
    layout = Layout(LAYERS)
    vector = np.arange(29.0)
    named = layout.bind(LAYERS, vector, prefix="d")
    assert {name: len(views) for name, views in named.items()} == {
        "scale": 1,
        "W": 2,
        "b": 2,
    }
    assert LAYERS[3].dW is named["W"][1]
    LAYERS[3].dW[...] = -1
    assert (vector[12:20] == -1).all()


@pytest.mark.parametrize("length", [1, 4, 7, 100])
@pytest.mark.parametrize("by_net", [False, True])
def test_pieces_cover_the_vector_once(length, by_net):
    layout = Layout(LAYERS, (3,))
    vector = np.zeros(layout.size)
    decays, rates = np.zeros((2, layout.size))
    pieces = layout.pieces(length, by_net)
    for piece in pieces:
        part = piece.of(vector)
        assert part.ndim == 1 + by_net
        assert part.size <= max(length, 3 * by_net)
        part += 1
        piece.of(decays)[..., : piece.n_decaying] = 1
        piece.of(rates)[...] = piece.rate_factor
    assert (vector == 1).all()
    assert (decays == (np.arange(layout.size) < layout.n_decaying)).all()
    for block, view in zip(layout.blocks, layout.views(rates), strict=True):
        assert (view == block.parameter.rate_factor).all()
    factors = [piece.rate_factor for piece in pieces]
    assert factors == sorted(factors)


def test_a_small_network_is_one_piece():
    """Weights and biases together: two pieces would be twice the calls."""
    layers = [Fake(W=Parameter((2, 3)), b=Parameter((3,), decays=False))]
    (piece,) = Layout(layers).pieces(100)
    assert piece.entries == slice(0, 9)
    assert piece.n_decaying == 6
    (piece,) = Layout(layers, (4,)).pieces(100)
    assert piece.entries == slice(0, 36)
    assert piece.n_decaying == 24


def test_no_parameters_at_all():
    layout = Layout([Fake()])
    assert (layout.size, layout.n_decaying) == (0, 0)
    assert layout.pieces(10) == []
    assert layout.bind([Fake()], np.zeros(0)) == {}
