"""Shared by all tests: pictures are drawn without a screen."""

import os
from importlib.metadata import version

# Without it scikit-learn skips its check of inputs that follow the array API, which
# needs SciPy 1.14. SciPy reads it when it is imported.
if tuple(map(int, version("scipy").split(".")[:2])) >= (1, 14):
    os.environ.setdefault("SCIPY_ARRAY_API", "1")

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
