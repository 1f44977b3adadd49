"""Rows that come in chunks, as from a file, cut into the batches of a training.

Only so many rows are held as a shuffle needs, and one chunk.
"""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from sknn_scratch._training.batches import Batches, Problem


@dataclass
class Chunk:
    """Some rows, as a network takes them."""

    X: Any
    Y: np.ndarray
    weight: np.ndarray | None

    def __len__(self):
        return len(self.Y)

    def part(self, rows):
        """Some of the rows, copied: the others can go."""
        weight = None if self.weight is None else self.weight[rows]
        return Chunk(self.X[rows], self.Y[rows], weight)

    @staticmethod
    def joined(chunks):
        """The rows of all of them, in order."""
        first, *others = chunks
        if not others:
            return first
        parts = [chunk.X for chunk in chunks]
        is_sparse, weight = sparse.issparse(first.X), None
        X = sparse.vstack(parts, "csr") if is_sparse else np.concatenate(parts)
        if first.weight is not None:
            weight = np.concatenate([chunk.weight for chunk in chunks])
        return Chunk(X, np.concatenate([chunk.Y for chunk in chunks]), weight)


@dataclass
class Stream:
    """The batches of one training whose rows come in chunks; each epoch anew.

    It is to the loop what :class:`~sknn_scratch._training.batches.Batches` is, and
    leaves the batches of each block of rows to one of those.

    Parameters
    ----------
    problem : Problem
        Without rows: its network and generator are used.
    open : callable
        Gives the chunks of an epoch, as an iterable of Chunk.
    batch_size : int
        Number of rows of a batch.
    is_dense : bool
        Whether the rows are dense.
    as_they_come : bool, default=False
        Whether each chunk is a batch, whatever its size.
    buffer_size : int, default=0
        Number of rows from among which those of a batch are drawn; 0: they are taken
        in order. Where all rows find room they are shuffled as one fit shuffles them.
    counted : (int, int) or None, default=None
        Numbers of rows and batches of an epoch, if they are known.
    must_match : bool, default=False
        Whether each epoch has to have so many rows.

    Attributes
    ----------
    n_rows : int
        Number of rows of the epoch so far.
    """

    problem: Problem
    open: Callable[[], Iterable[Chunk]]
    batch_size: int
    is_dense: bool
    as_they_come: bool = False
    buffer_size: int = 0
    counted: Any = None
    must_match: bool = False

    #: Plans are made for the sizes that come.
    sizes = ()

    def __post_init__(self):
        if self.as_they_come:
            self.buffer_size = 0
        self.n_rows = 0
        self.n_batches = self.counted[1] if self.counted else 0
        #: The rows' order, if all were in the buffer: an epoch shuffles the last one's.
        self.order = np.arange(0)

    def __iter__(self):
        """Yield (n, x, y, weight) for the batches of one epoch; n is their rows."""
        self.n_rows, any_weighs = 0, False
        for block in self._blocks():
            for batch in self._batches_of(*block):
                any_weighs = True
                yield batch
            del block  # before the next one is read
        self._check_end()
        if not any_weighs:
            raise ValueError(
                "All rows have the weight zero: class_weight, or what sample_weight is "
                f"in {self.problem.network.dtype}, leaves nothing to learn from."
            )

    def shuffle(self, random_state):
        """Nothing: it shuffles what comes, as it comes."""

    def _batches_of(self, chunk, rows, size):
        problem = copy.copy(self.problem)
        problem.X, problem.Y, problem.weight = chunk.X, chunk.Y, chunk.weight
        return Batches(problem, rows, size, not self.buffer_size)

    def _blocks(self):
        """Some rows, those of them to train on now, and how many at a time."""
        held, n = [], 0
        for chunk in self._chunks():
            held.append(chunk)
            n += len(chunk)
            n_out = self._leaving(n)
            if n_out == 0:
                # A copy: who reads the chunks may use one array for all of them.
                held[-1] = chunk.part(np.arange(len(chunk)))
                continue
            chunk, order = Chunk.joined(held), self._order(n)
            held = []
            size = n_out if self.as_they_come else self.batch_size
            yield chunk, order[:n_out], size
            n -= n_out
            held = [chunk.part(order[n_out:])] if n else []
            del chunk  # what is left of it is a copy
        if n:
            is_all = n == self.n_rows
            rows = self._order(n, is_all)
            yield Chunk.joined(held), rows, min(self.batch_size, n)

    def _leaving(self, n):
        """How many of the n rows that are held to train on before more come."""
        if self.as_they_come:
            return n
        # Half of the buffer stays, to be mixed with what comes.
        kept = self.buffer_size // 2 if n > self.buffer_size else n
        if not self.buffer_size:
            kept = 0
        return (n - kept) // self.batch_size * self.batch_size

    def _order(self, n, is_all=False):
        if not self.buffer_size:
            return np.arange(n)
        if not is_all:
            return self.problem.random_state.permutation(n)
        if len(self.order) != n:
            self.order = np.arange(n)
        self.problem.random_state.shuffle(self.order)
        return self.order

    def _chunks(self):
        for chunk in self.open():
            self.n_rows += len(chunk)
            if self.must_match and self.n_rows > self.counted[0]:
                self._raise_unequal("more")
            handed = [chunk]
            del chunk  # a generator that waits holds on to what it has names for
            yield handed.pop()

    def _check_end(self):
        if self.n_rows == 0:
            raise ValueError(
                "An epoch's pass over batches gave no rows, but there were some "
                "before: each pass needs an iterator of its own. Give a function that "
                "returns a new one."
            )
        if self.must_match and self.n_rows < self.counted[0]:
            self._raise_unequal(f"only {self.n_rows}")

    def _raise_unequal(self, now):
        raise ValueError(
            f"The batches had {self.counted[0]} rows at first, and {now} in a later "
            "pass. The schedule of the learning rate needs the same number in each."
        )
