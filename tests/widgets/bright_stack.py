"""A stack whose slices all show the same bright rectangle on a dark ground."""

import numpy as np

SHAPE = (3, 16, 24)
BRIGHT = (slice(4, 9), slice(6, 12))
"""Its 5 x 6 pixels."""


def bright_stack() -> np.ndarray:
    """Return the intensities: 100 in the rectangle and 10 elsewhere, a little noise added."""
    data = np.random.default_rng(0).normal(10, 0.01, SHAPE)
    data[:, *BRIGHT] += 90
    return data
