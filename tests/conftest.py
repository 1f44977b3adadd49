"""Shared by all tests: pictures are drawn without a screen."""

import os
import signal
from importlib.metadata import version

# Without it scikit-learn skips its check of inputs that follow the array API, which
# needs SciPy 1.14. SciPy reads it when it is imported.
if tuple(map(int, version("scipy").split(".")[:2])) >= (1, 14):
    os.environ.setdefault("SCIPY_ARRAY_API", "1")

import pytest

# A shell lets what it starts in the background ignore Ctrl-C; tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

try:
    import matplotlib
except ImportError:
    pass
else:
    matplotlib.use("Agg")


try:
    import hypothesis
except ImportError:
    pass
else:
    # pytest --hypothesis-profile=few: a second run, on other versions, may be shorter.
    for name, max_examples in (("many", 300), ("few", 50)):
        hypothesis.settings.register_profile(
            name,
            max_examples=max_examples,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
    hypothesis.settings.load_profile("many")


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    """Both working dtypes."""
    return request.param
