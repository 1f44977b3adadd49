"""Transformers that prepare data for a network."""

from sknn_scratch.preprocessing._tabular import TabularEncoder
from sknn_scratch.preprocessing._whitening import WhiteningTransformer

__all__ = ["TabularEncoder", "WhiteningTransformer"]
