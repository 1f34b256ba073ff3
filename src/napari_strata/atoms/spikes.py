"""Single pixels that no atom can have made, as X-rays and cosmic rays leave them."""

import numpy as np
from numpy.typing import NDArray

STEEPEST = 8.0
"""A spike is so many times as high above the background as the brightest pixel beside it; the narrowest peak that
is fitted, of a standard deviation of half a pixel, is 7.4 times as high."""
OUTSTANDING = 3.0
"""And it rises above that pixel by so many times the range of all but one in a thousand pixels."""
DARK, BRIGHT = 0.05, 0.999
"""Quantiles that are taken for background, and for the brightest that is no spike."""


def without_spikes(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace single pixels that are far too bright by the median of those around them.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The image, which stays as it is.

    Returns
    -------
    ndarray, shape (y, x)
        The same where there are none.
    """
    from scipy import ndimage

    around = np.ones((3, 3), bool)
    around[1, 1] = False
    dark, bright = np.quantile(image, (DARK, BRIGHT))
    beside = ndimage.maximum_filter(image, footprint=around, mode="mirror")
    spikes = (image - beside > OUTSTANDING * (bright - dark)) & (image - dark > STEEPEST * (beside - dark))
    if not bright > dark or not spikes.any():  # of counts that are nearly all 0, each would be one
        return image
    return np.where(spikes, ndimage.median_filter(image, footprint=around, mode="mirror"), image)
