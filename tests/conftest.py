"""Shared by all tests: pictures are drawn without a screen."""

import pytest

try:
    import matplotlib
except ImportError:
    pass
else:
    matplotlib.use("Agg")


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    """Both working dtypes."""
    return request.param
