"""Figures are closed after each test."""

import pytest


@pytest.fixture(autouse=True)
def _close():
    plt = pytest.importorskip("matplotlib.pyplot")
    yield
    plt.close("all")
