"""Neural networks for scikit-learn, written in NumPy."""

from sknn_scratch._activations import Activation, check_activation
from sknn_scratch._mlp import ScratchMLPClassifier, ScratchMLPRegressor

__version__ = "0.1.0"

__all__ = [
    "Activation",
    "ScratchMLPClassifier",
    "ScratchMLPRegressor",
    "check_activation",
]
