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
    assert layout.shape == (*nets, 29)
    assert (layout.size, layout.n_decaying) == (29, 20)


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
    vectors = np.zeros(layout.shape)
    for view, block in zip(layout.views(vectors), layout.blocks, strict=True):
        assert view.shape == (*nets, *block.parameter.shape)
        view += 1
    assert (vectors == 1).all()


def test_a_net_of_many_has_the_vector_that_it_has_alone():
    vectors = np.arange(5 * 29.0).reshape(5, 29)
    together = Layout(LAYERS, (5,)).views(vectors)
    for j in range(5):
        alone = Layout(LAYERS).views(vectors[j])
        for view, own in zip(together, alone, strict=True):
            np.testing.assert_array_equal(view[j], own)


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


@pytest.mark.parametrize("length", [1, 4, 7, 29, 58, 100])
@pytest.mark.parametrize("nets", [(), (3,)])
def test_pieces_cover_the_vectors_once(length, nets):
    layout = Layout(LAYERS, nets)
    covered, decays, rates = np.zeros((3, *layout.shape))
    pieces = layout.pieces(length)
    for piece in pieces:
        part = piece.of(covered)
        assert part.ndim == 1 + len(nets)
        assert part.size <= length
        part += 1
        piece.of(decays)[..., : piece.n_decaying] = 1
        piece.of(rates)[...] = piece.rate_factor
    assert (covered == 1).all()
    assert (decays == (np.arange(layout.size) < layout.n_decaying)).all()
    for block, view in zip(layout.blocks, layout.views(rates), strict=True):
        assert (view == block.parameter.rate_factor).all()
    factors = [piece.rate_factor for piece in pieces]
    assert factors == sorted(factors)


def test_a_piece_takes_its_own_of_numbers_that_differ():
    pieces = Layout(LAYERS, (3,)).pieces(2 * 29)
    column = np.arange(3.0)[:, None]
    taken = {tuple(piece.numbers_of(column).ravel()) for piece in pieces}
    assert taken == {(0.0, 1.0), (2.0,)}
    assert pieces[0].numbers_of(7.0) == 7.0
    assert pieces[0].numbers_of(None) is None


def test_a_small_network_is_one_piece():
    """Weights and biases together: two pieces would be twice the calls."""
    layers = [Fake(W=Parameter((2, 3)), b=Parameter((3,), decays=False))]
    (piece,) = Layout(layers).pieces(100)
    assert piece.where == (slice(0, 9),)
    assert piece.n_decaying == 6
    (piece,) = Layout(layers, (4,)).pieces(100)
    assert piece.where == (slice(0, 4), slice(0, 9))
    assert piece.n_decaying == 6


def test_no_parameters_at_all():
    layout = Layout([Fake()])
    assert (layout.size, layout.n_decaying) == (0, 0)
    assert layout.pieces(10) == []
    assert layout.bind([Fake()], np.zeros(0)) == {}
