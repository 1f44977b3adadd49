"""A training step in parts: some of a batch's rows each, in threads of their own.

BLAS shares a large product among its threads. A convolution is many small ones, and
between them passes over memory that NumPy leaves to one thread. So a large enough batch
of images is cut into parts, each with buffers and a gradient of its own, and whole
parts are computed side by side: forward, loss and backward. The gradients are added up
in the parts' order. Neither the parts nor that order depend on the number of threads,
and so no bit of the result does.
"""

from contextvars import ContextVar
from functools import partial
from itertools import pairwise

from sknn_scratch._nn.layers import Dropout
from sknn_scratch._nn.plan import Plan

#: Multiplications that are worth a part of their own, and the most parts of a batch.
WORTHWHILE, MOST_PARTS = 1 << 27, 8


def one_after_another(calls):
    """Make the calls."""
    for call in calls:
        call()


#: Makes calls that do not depend on each other, in any order.
make_calls: ContextVar = ContextVar("make_calls", default=one_after_another)


def number_of_parts(network, n):
    """Number of parts for n rows: 1 where BLAS's threads do better.

    Parameters
    ----------
    network : Network
        Its layers say how many small products' multiplications a row takes.
    n : int
        Number of rows, of each net.
    """
    multiplications = n * sum(layer.small_products for layer in network.layers)
    return max(1, min(multiplications // WORTHWHILE, MOST_PARTS, n))


def plan_for(network, loss, n, alpha, grad, sparse=False, weighted=False):
    """The network's plan for n rows: see ``Plan``."""
    n_parts = number_of_parts(network, n)
    cls = Plan if n_parts == 1 else partial(PartedPlan, n_parts)
    return cls(network, loss, n, alpha, grad, sparse, weighted)


class PartedPlan(Plan):
    """A plan whose rows are computed in parts.

    Parameters
    ----------
    n_parts : int
        Number of parts.
    *args
        As for ``Plan``.
    """

    def __init__(self, n_parts, *args):
        self.n_parts, self.x = n_parts, None
        super().__init__(*args)

    def allocate(self, network, loss, sparse):
        cuts = [k * self.n // self.n_parts for k in range(self.n_parts + 1)]
        self.rows = [slice(*ends) for ends in pairwise(cuts)]
        self.parts = [
            Plan(network, loss, rows.stop - rows.start, self.alpha, grad, sparse)
            for rows, grad in zip(
                self.rows, [self.grad] + [None] * (self.n_parts - 1), strict=True
            )
        ]
        self.values = [0.0] * self.n_parts
        #: Their masks are drawn in the rows' order, before the parts are computed.
        self.dropouts = [
            layer
            for part in self.parts
            for layer in part.layers
            if isinstance(layer, Dropout)
        ]
        for layer in self.dropouts:
            layer.drawn_ahead = True

    def _calls_for(self, x, y, weight):
        """A call for each part; made once, as long as the arrays are the same."""
        self.x, self.y, self.weight = x, y, weight
        self.calls = [
            partial(
                self._compute,
                k,
                x[..., rows, :],
                y[..., rows, :],
                None if weight is None else weight[..., rows],
            )
            for k, rows in enumerate(self.rows)
        ]

    def _compute(self, k, x, y, weight):
        """One part: its share of the mean loss, and its gradient."""
        part, total = self.parts[k], self.shared_total
        self.values[k] = part.forward_and_back(x, y, weight, total)

    def forward_and_back(self, x, y, weight, total):
        self.shared_total = total
        if x is not self.x or y is not self.y or weight is not self.weight:
            self._calls_for(x, y, weight)
        for layer in self.dropouts:
            layer.draw_masks()
        make_calls.get()(self.calls)
        for part in self.parts[1:]:
            self.grad += part.grad
        return sum(self.values)
