"""The exponential moving average of the weights."""

from contextlib import contextmanager

import numpy as np


class Averaging:
    """avg <- d avg + (1 - d) theta after each step

    Polyak and Juditsky (1992), with the exponential weights of later practice. Training
    works on theta; validation and prediction use the average, which for that time is in
    theta's place.

    Parameters
    ----------
    decay : float
        d. Range (0, 1).
    theta : ndarray of shape (n_parameters,) or (nets, n_parameters)
        The weights, from which the average starts.
    """

    def __init__(self, decay, theta):
        self.decay = decay
        #: The average; the weights, while theta holds the average.
        self.other = theta.copy()
        self.is_shown = False

    def following(self, step, theta, length):
        """A step that also updates the average, ``length`` entries at a time."""
        average, theta = self.other.reshape(-1), theta.reshape(-1)
        spare = np.empty_like(theta[:length])
        share = np.array(1 - self.decay, theta.dtype)
        chunks = [
            (average[rows], theta[rows], spare[: len(theta[rows])])
            for rows in (
                slice(start, start + length) for start in range(0, len(theta), length)
            )
        ]

        def stepped(rate, total):
            step(rate, total)
            for average, current, difference in chunks:
                np.subtract(current, average, difference)
                difference *= share
                average += difference

        return stepped

    def show(self, theta, is_shown=True):
        """Put the average into theta, or the weights back."""
        if is_shown != self.is_shown:
            theta[...], self.other[...] = self.other.copy(), theta.copy()
            self.is_shown = is_shown

    @contextmanager
    def shown(self, theta):
        """A block in which theta is the average."""
        self.show(theta)
        try:
            yield
        finally:
            self.show(theta, False)
