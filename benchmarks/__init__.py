"""Comparisons against scikit-learn, PyTorch and the bare matrix products."""
