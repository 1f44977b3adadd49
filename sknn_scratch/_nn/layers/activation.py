"""An activation as a layer of its own.

Dense layers have their activation built in, which saves a turn of the loop over the
layers. This one is for what cannot: an activation behind a convolution, or between two
layers whose derivatives with respect to the input are wanted.
"""

from sknn_scratch._nn.layers.base import Layer


class ActivationLayer(Layer):
    """a = f(x), in the buffer of the layer before

    That layer must not need its own output in its backward pass; a :class:`Dense` with
    the identity does not.

    Parameters
    ----------
    n : int
        Number of inputs, and of outputs.
    activation : Activation
        f, an entry of ``ACTIVATIONS``.
    """

    def __init__(self, n, activation):
        self.n_in = self.n_out = n
        self.f = activation

    def signature(self):
        return *super().signature(), self.f.signature()

    def training_entries(self):
        return self.f.n_buffers * self.n_out

    def allocate(self, room):
        self.s = None
        if room.training:
            self.s = [room.empty(self.n_out) for _ in range(self.f.n_buffers)]
        # The caller's array is not to be changed.
        self.copy = None if room.owns_input else room.empty(self.n_out)

    def forward(self, x):
        if self.copy is not None:
            self.copy[...] = x
            x = self.copy
        self.a = x
        self.f.forward(x, self.s)
        return x

    def backward(self, delta):
        self.f.backward(self.a, delta, self.s)
        return delta

    def jets(self, tape):
        tape.activation(self.f)

    def onnx(self, graph):
        graph.activation(self.f)
