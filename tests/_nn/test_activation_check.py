"""check_activation: it accepts what is right, and finds what is wrong."""

import numpy as np
import pytest

from sknn_scratch import check_activation
from sknn_scratch._nn.activations import ACTIVATIONS, Tanh


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_passes(name):
    check_activation(ACTIVATIONS[name])


def test_check_activation_finds_a_wrong_derivative():
    class Wrong(Tanh):
        def backward(self, a, delta, s=None):
            delta *= 1 - a

    with pytest.raises(AssertionError, match=r"Wrong\(\) at z = .* by central diff"):
        check_activation(Wrong())


def test_check_activation_finds_two_forward_passes():
    class Two(Tanh):
        n_buffers = 1

        def forward(self, z, s=None):
            np.tanh(z, out=z)
            if s is not None:
                z *= 2

    with pytest.raises(AssertionError, match="forward differs with and without"):
        check_activation(Two())


def test_check_activation_looks_where_it_is_told():
    class WrongFarOut(Tanh):
        def backward(self, a, delta, s=None):
            delta *= np.where(a > 0.9999, 1, 1 - a**2)

    check_activation(WrongFarOut())
    with pytest.raises(AssertionError, match="at z = 9 is 1 "):
        check_activation(WrongFarOut(), z=[[0.5, 9]])


def test_check_activation_takes_an_instance():
    with pytest.raises(TypeError, match="an instance of a subclass of Activation"):
        check_activation(Tanh)


@pytest.mark.parametrize("order", range(4))
def test_check_activation_finds_a_wrong_higher_derivative(order):
    class Wrong(Tanh):
        def derivatives(self, z):
            found = list(super().derivatives(z))
            found[order] = found[order] * 1.001
            return tuple(found)

    names = ["value", "first derivative", "second derivative", "third derivative"]
    message = rf"The {names[order]} of Wrong\(\) at z = .* by its method 'derivatives'"
    with pytest.raises(AssertionError, match=message):
        check_activation(Wrong())
