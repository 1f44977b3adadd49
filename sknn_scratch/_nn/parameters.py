"""Parameters of layers, and their places in the network's flat vector.

The vector is laid out block by block: first the parameters that weight decay applies
to, then the others, those of one learning-rate factor side by side, otherwise in the
order of the layers. With many nets in one network every block holds all nets' values
of one parameter, so that it is one contiguous (nets, ...) array.
"""

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
    """One parameter of one layer, in the flat vector."""

    layer: int
    name: str
    parameter: Parameter
    entries: slice


class Piece(NamedTuple):
    """A part of the flat vector that an optimiser works on at a time."""

    entries: slice
    rate_factor: float
    #: How many of the entries, the first ones, decay; of each net's where there are.
    n_decaying: int
    #: With a row for each net: their number, and which columns.
    nets: tuple[int, ...] = ()
    columns: slice = slice(None)

    def of(self, vector):
        """The view of a vector: (n,), or (nets, n)."""
        part = vector[self.entries]
        return part.reshape(*self.nets, -1)[:, self.columns] if self.nets else part


class Layout:
    """The places of some layers' parameters in a flat vector.

    Parameters
    ----------
    layers : list of Layer
        In forward order.
    nets : tuple of int, default=()
        () for one net, (m,) for m at once.
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
            start, end = end, end + int(np.prod((*nets, *parameter.shape)))
            self.blocks.append(Block(i, name, parameter, slice(start, end)))
        self.size = end
        self.n_decaying = max(
            (block.entries.stop for block in self.blocks if block.parameter.decays),
            default=0,
        )

    def views(self, vector):
        """The blocks of a vector, each in the shape of its parameter."""
        return [
            vector[block.entries].reshape(*self.nets, *block.parameter.shape)
            for block in self.blocks
        ]

    def bind(self, layers, vector, prefix=""):
        """Give the layers their views of a vector, under ``prefix`` + name.

        Returns
        -------
        dict of str to tuple of ndarray
            The views of each name, in the order of the layers.
        """
        named: dict[str, list] = {}
        views = zip(self.blocks, self.views(vector), strict=True)
        for (i, name, _, _), view in sorted(views, key=lambda pair: pair[0].layer):
            setattr(layers[i], prefix + name, view)
            named.setdefault(name, []).append(view)
        return {name: tuple(views) for name, views in named.items()}

    def decaying(self, vector):
        """Each parameter that decays, flat: (n,), or (nets, n)."""
        return [
            vector[block.entries].reshape(*self.nets, -1)
            for block in self.blocks
            if block.parameter.decays
        ]

    def pieces(self, length, by_net=False):
        """Cut the vector into pieces of ``length`` entries at the most.

        A piece has one learning-rate factor, and its entries that decay come first. It
        may hold weights and biases: two pieces would cost a small net twice the calls.

        Parameters
        ----------
        length : int
            Entries, of all nets together.
        by_net : bool, default=False
            Whether pieces have a row for each net, for numbers that differ among them.

        Returns
        -------
        list of Piece
            Pieces of one learning-rate factor side by side.
        """
        pieces = self._rows(length) if by_net else self._runs(length)
        return sorted(pieces, key=lambda piece: piece.rate_factor)

    def _runs(self, length):
        for rate, start, stop in self._one_rate():
            for first in range(start, stop, length):
                last = min(first + length, stop)
                n_decaying = min(max(self.n_decaying - first, 0), last - first)
                yield Piece(slice(first, last), rate, n_decaying)

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

    def _rows(self, length):
        (nets,) = self.nets
        for block in self.blocks:
            n = (block.entries.stop - block.entries.start) // nets
            step = max(1, length // nets)
            for first in range(0, n, step):
                columns = slice(first, min(first + step, n))
                parameter = block.parameter
                n_decaying = (columns.stop - first) * parameter.decays
                yield Piece(
                    block.entries,
                    parameter.rate_factor,
                    n_decaying,
                    self.nets,
                    columns,
                )
