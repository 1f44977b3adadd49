"""Directional finite differences: one number for a whole gradient."""

import numpy as np


def directional(value, point, direction, step=1e-6):
    """(value(point + step d) - value(point - step d)) / (2 step)"""
    return (value(point + step * direction) - value(point - step * direction)) / (
        2 * step
    )


def assert_gradient(value, gradient, point, rng, rtol=1e-6, atol=1e-8, tries=3):
    """The gradient agrees with finite differences along random directions."""
    point = np.asarray(point, float)
    for _ in range(tries):
        direction = rng.standard_normal(point.shape)
        wanted = directional(value, point, direction)
        np.testing.assert_allclose(
            np.vdot(gradient, direction), wanted, rtol=rtol, atol=atol
        )
