"""Neural networks for scikit-learn, written in NumPy."""

from sknn_scratch._activations import Activation, check_activation
from sknn_scratch._mlp import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._resnet import ResNetClassifier, ResNetRegressor
from sknn_scratch._transformers import HiddenLayerTransformer

__version__ = "0.1.0"

__all__ = [
    "Activation",
    "HiddenLayerTransformer",
    "ResNetClassifier",
    "ResNetRegressor",
    "ScratchMLPClassifier",
    "ScratchMLPRegressor",
    "check_activation",
]
