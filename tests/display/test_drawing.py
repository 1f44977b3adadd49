"""Without matplotlib: an error that says what to install."""

import sys

import numpy as np
import pytest

from sknn_scratch.display import (
    GridSearchDisplay,
    HiddenStatesDisplay,
    LossCurveDisplay,
    WeightsDisplay,
)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: LossCurveDisplay([[1, 2]]).plot(),
        lambda: WeightsDisplay(np.ones((4, 2))).plot(),
        lambda: HiddenStatesDisplay(np.zeros((3, 4, 2))).plot(),
        lambda: GridSearchDisplay(
            [[1.0]], x_name="a", y_name="b", x_values=[1], y_values=[2]
        ).plot(),
    ],
)
def test_without_matplotlib(monkeypatch, draw):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"Display\.plot needs matplotlib: install"):
        draw()
