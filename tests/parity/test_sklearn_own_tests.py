"""scikit-learn's own tests of its multilayer perceptrons, run on ours.

The installed ``sklearn/neural_network/tests/test_mlp.py`` is imported as it stands.
``MLPClassifier`` and ``MLPRegressor`` are replaced while it is being imported, so that
its parametrisations see our classes too.
"""

import importlib.util
from unittest import mock

import pytest
import sklearn.neural_network

from sknn_scratch import ScratchMLPClassifier, ScratchMLPRegressor

# scikit-learn's suite lets its own warnings pass.
pytestmark = pytest.mark.filterwarnings("default")


def _load():
    spec = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    module = importlib.util.module_from_spec(spec)
    with mock.patch.multiple(
        sklearn.neural_network,
        MLPClassifier=ScratchMLPClassifier,
        MLPRegressor=ScratchMLPRegressor,
    ):
        spec.loader.exec_module(module)
    return module


_upstream = _load()
_tests = {name: test for name, test in vars(_upstream).items() if "test_" in name[:5]}
globals().update(_tests)


@pytest.fixture
def global_random_seed():
    """The fixture of scikit-learn's own conftest, at its default."""
    return 42


def test_the_module_under_test_is_ours():
    assert _upstream.MLPClassifier is ScratchMLPClassifier
    assert _upstream.MLPRegressor is ScratchMLPRegressor
    assert len(_tests) > 40
