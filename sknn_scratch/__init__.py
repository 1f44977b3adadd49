"""Neural networks for scikit-learn, written in NumPy."""

from sknn_scratch._estimators.convnet import ConvNetClassifier, ConvNetRegressor
from sknn_scratch._estimators.hidden_layers import HiddenLayerTransformer
from sknn_scratch._estimators.mlp import ScratchMLPClassifier, ScratchMLPRegressor
from sknn_scratch._estimators.resnet import ResNetClassifier, ResNetRegressor
from sknn_scratch._estimators.tabular.estimators import (
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn_scratch._nn.activation_check import check_activation
from sknn_scratch._nn.activations import Activation

__version__ = "0.1.0"

__all__ = [
    "Activation",
    "ConvNetClassifier",
    "ConvNetRegressor",
    "HiddenLayerTransformer",
    "ResNetClassifier",
    "ResNetRegressor",
    "ScratchMLPClassifier",
    "ScratchMLPRegressor",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
    "check_activation",
]
