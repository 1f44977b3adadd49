"""Parameters of layers, and their places in the network's flat vector.

The vector is laid out block by block: first the parameters that weight decay applies
to, then the others, those of one learning-rate factor side by side, otherwise in the
order of the layers.

Many nets have such a vector each, the rows of one matrix. So what belongs to a net, or
to a few, is one stretch of memory: an optimiser whose numbers differ among the nets
works on some rows at a time, as fast as on one vector, and a net is told apart by its
index. (Side by side, block after block, all nets' values of a parameter would be
contiguous instead; then such an optimiser takes twice as long.)
"""

import math
from typing import NamedTuple

import numpy as np


class Parameter(NamedTuple):
    """A parameter of a layer.

    Parameters
    ----------
    shape : tuple of int
        Of one net's values.
    decays : bool, default=True
        Whether the L2 penalty and weight decay apply to it.
    rate_factor : float, default=1.0
        Its learning rate, as a multiple of the network's.
    """

    shape: tuple[int, ...]
    decays: bool = True
    rate_factor: float = 1.0


class Block(NamedTuple):
    """One parameter of one layer, in a net's vector."""

    layer: int
    name: str
    parameter: Parameter
    entries: slice


class Piece(NamedTuple):
    """A part of the parameters that an optimiser works on at a time."""

    #: Which of the nets, if there are many, and which entries.
    where: tuple[slice, ...]
    rate_factor: float
    #: How many of the entries, the first ones, decay.
    n_decaying: int

    def of(self, vectors):
        """The view of a vector: (n,), or of many nets' vectors: (k, n)."""
        return vectors[self.where]

    def numbers_of(self, values):
        """The part of (nets, 1) that goes with it; a number is the same for all."""
        return values[self.where[0]] if np.ndim(values) else values


class Layout:
    """The places of some layers' parameters in a flat vector.

    Parameters
    ----------
    layers : list of Layer
        In forward order.
    nets : tuple of int, default=()
        () for one net, (m,) for m at once.

    Attributes
    ----------
    size : int
        Number of parameters of a net.
    shape : tuple of int
        (size,), or (nets, size): that of what the methods call vectors.
    n_decaying : int
        How many of a net's parameters decay: the first ones.
    """

    def __init__(self, layers, nets=()):
        self.nets = nets
        entries = [
            (i, name, parameter)
            for i, layer in enumerate(layers)
            for name, parameter in layer.parameters().items()
        ]
        rates = list(dict.fromkeys(p.rate_factor for _, _, p in entries))
        entries.sort(key=lambda e: (not e[2].decays, rates.index(e[2].rate_factor)))
        self.blocks = []
        end = 0
        for i, name, parameter in entries:
            start, end = end, end + math.prod(parameter.shape)
            self.blocks.append(Block(i, name, parameter, slice(start, end)))
        self.size, self.shape = end, (*nets, end)
        self.n_decaying = max(
            (block.entries.stop for block in self.blocks if block.parameter.decays),
            default=0,
        )

    def views(self, vectors):
        """The blocks, each in the shape of its parameter, (nets, ...) of many nets."""
        return [
            vectors[..., block.entries].reshape(*self.nets, *block.parameter.shape)
            for block in self.blocks
        ]

    def bind(self, layers, vectors, prefix=""):
        """Give the layers their views, under ``prefix`` + name.

        Returns
        -------
        dict of str to tuple of ndarray
            The views of each name, in the order of the layers.
        """
        named: dict[str, list] = {}
        views = zip(self.blocks, self.views(vectors), strict=True)
        for (i, name, _, _), view in sorted(views, key=lambda pair: pair[0].layer):
            setattr(layers[i], prefix + name, view)
            named.setdefault(name, []).append(view)
        return {name: tuple(views) for name, views in named.items()}

    def decaying(self, vectors):
        """Each parameter that decays, flat: (n,), or (nets, n)."""
        return [
            vectors[..., block.entries]
            for block in self.blocks
            if block.parameter.decays
        ]

    def pieces(self, length):
        """Cut the parameters into pieces of ``length`` entries at the most.

        A piece has one learning-rate factor, and its entries that decay come first. It
        may hold weights and biases: two pieces would cost a small net twice the calls.
        It may hold several small nets, but part of a net only alone: some columns of
        many rows lie too far apart for the cache.

        Parameters
        ----------
        length : int
            Entries, of all nets together.

        Returns
        -------
        list of Piece
            Pieces of one learning-rate factor side by side.
        """
        pieces = [
            Piece((*nets, slice(first, last)), rate, n_decaying)
            for nets in self._nets_at_a_time(length)
            for first, last, rate, n_decaying in self._runs(length)
        ]
        return sorted(pieces, key=lambda piece: piece.rate_factor)

    def _nets_at_a_time(self, length):
        if not self.nets:
            return [()]
        step, (nets,) = max(1, length // max(1, self.size)), self.nets
        return [(slice(j, min(j + step, nets)),) for j in range(0, nets, step)]

    def _runs(self, length):
        for rate, start, stop in self._one_rate():
            for first in range(start, stop, length):
                last = min(first + length, stop)
                n_decaying = min(max(self.n_decaying - first, 0), last - first)
                yield first, last, rate, n_decaying

    def _one_rate(self):
        """(learning-rate factor, start, stop) of the stretches that share one."""
        stretches: list[tuple[float, int, int]] = []
        for block in self.blocks:
            rate, start, stop = (
                block.parameter.rate_factor,
                block.entries.start,
                block.entries.stop,
            )
            if stretches and stretches[-1][0] == rate:
                start = stretches.pop()[1]
            stretches.append((rate, start, stop))
        return stretches
