"""Differential equations by trial solutions: networks whose derivatives are exact."""

from sknn_scratch.differential._boxes import RectangleConditions, SpaceTimeConditions
from sknn_scratch.differential._bvp import solve_bvp
from sknn_scratch.differential._conditions import BoundaryConditions, InitialConditions
from sknn_scratch.differential._ivp import solve_ivp
from sknn_scratch.differential._pde import solve_pde
from sknn_scratch.differential._penalty import Penalty
from sknn_scratch.differential._sensitivities import Derivatives, network_derivatives
from sknn_scratch.differential._trial import TrialSolution

__all__ = [
    "BoundaryConditions",
    "Derivatives",
    "InitialConditions",
    "Penalty",
    "RectangleConditions",
    "SpaceTimeConditions",
    "TrialSolution",
    "network_derivatives",
    "solve_bvp",
    "solve_ivp",
    "solve_pde",
]
