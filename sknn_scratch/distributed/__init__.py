"""Networks fitted on a Dask cluster, on more rows than one machine holds.

The rows stay where they are. What travels at each step is the vector of the
network's parameters, to the workers, and the sum of the gradients, back.
"""

from sknn_scratch.distributed._estimators import DaskMLPClassifier, DaskMLPRegressor

__all__ = ["DaskMLPClassifier", "DaskMLPRegressor"]
