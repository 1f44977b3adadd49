"""Pictures by which people judge training, in scikit-learn's Display style.

``from_estimator`` and its kin compute what is to be drawn and draw it; ``plot`` draws
it again; ``ax_`` and ``figure_`` are what was drawn on. matplotlib is imported when
something is drawn, not before.
"""

from sknn_scratch.display._curves import LossCurveDisplay
from sknn_scratch.display._grid import GridSearchDisplay
from sknn_scratch.display._images import FeatureMapsDisplay, FiltersDisplay
from sknn_scratch.display._networks import HiddenStatesDisplay, WeightsDisplay
from sknn_scratch.display._solutions import SolutionDisplay, SurfaceDisplay

__all__ = [
    "FeatureMapsDisplay",
    "FiltersDisplay",
    "GridSearchDisplay",
    "HiddenStatesDisplay",
    "LossCurveDisplay",
    "SolutionDisplay",
    "SurfaceDisplay",
    "WeightsDisplay",
]
