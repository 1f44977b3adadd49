"""The base of all layers: shapes, parameters, and, once planned for n rows, buffers.

The parameters are views of the network's flat vector ``theta``; the gradients, named
with a leading d, are views of a second vector of the same layout, and ``backward``
writes straight into them. ``forward`` never changes its input ``x``. ``backward``
receives ``delta = dL/d(output)`` and may spend it, and the layer's own output too:
nobody reads a layer's output once its backward pass has begun.

One net's rows are (n, ...) arrays, those of many nets at once (nets, n, ...); the same
lines serve both. An input that all nets share may stay (n, ...).

To add a layer, give it ``parameters``, ``draw``, ``allocate``, ``forward`` and
``backward``; ``jets``, if its derivatives by the inputs are wanted; and ``onnx``, if
runtimes are to know it.
"""

from typing import ClassVar, NamedTuple

import numpy as np


class Room(NamedTuple):
    """The rows, dtype and purpose that a layer makes its buffers for."""

    #: Number of rows.
    n: int
    dtype: np.dtype
    #: () for one net, (m,) for m at once.
    nets: tuple[int, ...] = ()
    #: Whether a backward pass follows.
    training: bool = False
    #: Whether somebody needs dL/dx.
    needs_dx: bool = False
    #: Whether the input is the buffer of a layer before, not the caller's.
    owns_input: bool = False
    #: How many of the inputs, the first ones, dL/dx may leave out.
    unneeded: int = 0

    def empty(self, *shape):
        """An array with an entry of that shape for each row, of each net."""
        return np.empty((*self.nets, self.n, *shape), self.dtype)

    def columns(self, n_units):
        """Likewise one of n_units for each row, which lies in memory unit by unit."""
        return np.empty((*self.nets, n_units, self.n), self.dtype).mT


class Layer:
    """One step of a network's computation."""

    #: Whether the layer is left out of prediction.
    training_only: ClassVar[bool] = False
    #: Whether it only prepares CSR rows, and is no layer of the network's own.
    door_only: ClassVar[bool] = False
    #: How many outputs, the first ones, are its inputs as they are.
    n_copied: int = 0
    #: Whether its output, unless it is the last, is one of the hidden layers'.
    is_hidden: ClassVar[bool] = True
    #: Multiplications that a row takes in products too small for BLAS's threads.
    small_products: int = 0
    n_in: int
    n_out: int

    def parameters(self):
        """Name -> Parameter, in the order in which they are drawn."""
        return {}

    def draw(self, initializer, random_state, x=None):
        """Draw initial values into the parameters, of one net.

        Parameters
        ----------
        initializer : callable
            ``initializer(random_state, fan_in, fan_out, activation)``.
        random_state : RandomState
            Source of the draws.
        x : ndarray of shape (n_samples, n_in), default=None
            Some inputs of the layer, for values that depend on the data.
        """

    def inherit(self, earlier, random_state):
        """Take over what is no parameter from the same layer of an earlier fit.

        ``earlier`` is None if it had none; ``random_state`` then is there to draw from.
        """

    def planned(self, room):
        """The same layer, sharing its parameters, with buffers."""
        layer = object.__new__(type(self))
        layer.__dict__.update(self.__dict__)  # copy.copy, several times faster
        layer.allocate(room)
        return layer

    def unbound(self):
        """A copy of the layer, without its parameters."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__getstate__())
        return twin

    def __getstate__(self):
        # The network pickles theta once; views would come back unshared and doubled.
        names = self.parameters()
        return {
            name: value for name, value in self.__dict__.items() if name not in names
        }

    def signature(self):
        """What layers must have in common to be one layer of many nets."""
        return type(self), self.n_in, self.n_out

    def training_entries(self):
        """Entries of buffers that a row takes in training, about."""
        return 2 * self.n_out

    def stacked(self, layers):
        """This layer of many nets, from each net's; parameters are the network's."""
        return self.unbound()

    def selected(self, nets):
        """The layer of some of many nets, or with an int for ``nets`` that of one."""
        return self.unbound()

    def release(self, j):
        """Net j is not trained any more: what is its own stays as it is."""

    def row_bytes(self, itemsize):
        """Bytes of the widest buffer that a row takes in prediction."""
        return self.n_out * itemsize

    def onnx(self, graph):
        """Add the layer's ONNX nodes to a graph: see ``interchange``."""
        raise NotImplementedError(f"{type(self).__name__} has no ONNX form.")

    def jets(self, tape):
        """Take the layer's steps with derivatives by the inputs: see ``_nn.jets``."""
        raise NotImplementedError(
            f"{type(self).__name__} has no derivatives with respect to its inputs."
        )

    def allocate(self, room):
        """Make the buffers."""
        raise NotImplementedError

    def forward(self, x):
        """Return the output for x; a buffer of this layer's."""
        raise NotImplementedError

    def backward(self, delta):
        """Write the parameters' gradients; return dL/dx, or None if not needed."""
        raise NotImplementedError
