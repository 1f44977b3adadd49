"""Small data sets for examples and tests."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from sknn_scratch._types import RandomState, typed

__all__ = ["make_noisy_cosine", "make_spirals"]


@typed(
    validate_params(
        {
            "n_samples": [Interval(Integral, 1, None, closed="left")],
            "n_arms": [Interval(Integral, 1, None, closed="left")],
            "turns": [Interval(Real, 0, None, closed="neither")],
            "noise": [Interval(Real, 0, None, closed="left")],
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=True,
    )
)
def make_spirals(
    n_samples: int = 1000,
    *,
    n_arms: int = 2,
    turns: float = 1.0,
    noise: float = 0.02,
    random_state: RandomState = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Points on interleaved Archimedean spirals, one class for each arm.

    Arm j is r (cos(2 pi turns r + 2 pi j / n_arms), sin(...)) for radii r in [0.1, 1].

    Parameters
    ----------
    n_samples : int, default=1000
        Number of points, shared out evenly. At least ``n_arms``.
    n_arms : int, default=2
        Number of arms, and of classes. At least 1.
    turns : float, default=1.0
        Turns of each arm about the origin. Range (0, inf).
    noise : float, default=0.02
        Standard deviation of Gaussian noise added to the points. Range [0, inf).
    random_state : int, RandomState instance or None, default=None
        Seed of the radii, the noise and the order.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        Points.
    y : ndarray of shape (n_samples,)
        The arm that each one is on, from 0.

    Raises
    ------
    ValueError
        For parameters out of range, or fewer points than arms.

    Examples
    --------
    >>> from sknn_scratch.datasets import make_spirals
    >>> X, y = make_spirals(300, n_arms=3, random_state=0)
    >>> X.shape, sorted(set(y.tolist()))
    ((300, 2), [0, 1, 2])
    """
    if n_samples < n_arms:
        raise ValueError(
            f"n_samples={n_samples} points leave some of n_arms={n_arms} arms empty. "
            "Ask for at least one point for each arm."
        )
    rng = check_random_state(random_state)
    y = np.arange(n_samples) % n_arms
    r = rng.uniform(0.1, 1, n_samples)
    angle = 2 * np.pi * (turns * r + y / n_arms)
    X = np.column_stack([r * np.cos(angle), r * np.sin(angle)])
    X += noise * rng.standard_normal(X.shape)
    order = rng.permutation(n_samples)
    return X[order], y[order]


@typed(
    validate_params(
        {
            "n_samples": [Interval(Integral, 2, None, closed="left")],
            "noise": [Interval(Real, 0, None, closed="left")],
            "random_state": ["random_state"],
        },
        prefer_skip_nested_validation=True,
    )
)
def make_noisy_cosine(
    n_samples: int = 200, *, noise: float = 1.0, random_state: RandomState = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A cosine over three periods, and the same with Gaussian noise.

    Parameters
    ----------
    n_samples : int, default=200
        Number of points. At least 2.
    noise : float, default=1.0
        Standard deviation of the noise. Range [0, inf).
    random_state : int, RandomState instance or None, default=None
        Seed of the noise.

    Returns
    -------
    t : ndarray of shape (n_samples,)
        Times from -3 pi to 3 pi.
    clean : ndarray of shape (n_samples,)
        cos(t).
    noisy : ndarray of shape (n_samples,)
        cos(t) with noise.

    Raises
    ------
    ValueError
        For parameters out of range.

    Examples
    --------
    >>> from sknn_scratch.datasets import make_noisy_cosine
    >>> t, clean, noisy = make_noisy_cosine(100, noise=0.5, random_state=0)
    >>> clean.shape, float(clean.max()) <= 1
    ((100,), True)
    """
    rng = check_random_state(random_state)
    t = np.linspace(-3 * np.pi, 3 * np.pi, n_samples)
    clean = np.cos(t)
    return t, clean, clean + noise * rng.standard_normal(n_samples)
