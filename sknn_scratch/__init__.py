"""Neural networks for scikit-learn, written in NumPy."""

from sknn_scratch._mlp import ScratchMLPClassifier, ScratchMLPRegressor

__version__ = "0.1.0"

__all__ = ["ScratchMLPClassifier", "ScratchMLPRegressor"]
