"""Moving and smoothing the outline of a class."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.annotation.tools.region import paint_region, take_away
from napari_strata.types import NOT_LABELLED, AnyArray


def grow(codes: AnyArray, radius: float, *, code: int, only_unlabelled: bool) -> AnyArray:
    """Paint all that is within a distance of a class.

    Parameters
    ----------
    codes : ndarray of int, shape (y, x)
        Mask codes of one slice.
    radius : float
        Distance between pixel centres [px].
    code : int
        Code of the class.
    only_unlabelled : bool
        Whether other paint stays.

    Returns
    -------
    ndarray
        New codes.
    """
    near = _distance_to(codes == code) <= radius
    return paint_region(codes, near, code, only_unlabelled=only_unlabelled)


def shrink(codes: AnyArray, radius: float, *, code: int, becomes: int = NOT_LABELLED) -> AnyArray:
    """Take away all of a class that is within a distance of what is not the class.

    Parameters
    ----------
    codes : ndarray of int, shape (y, x)
        Mask codes of one slice. Nobody knows what is beyond the border of the image: a class that touches it
        stays there.
    radius : float
        Distance between pixel centres [px].
    code : int
        Code of the class.
    becomes : int
        Code of what is taken away.

    Returns
    -------
    ndarray
        New codes.
    """
    return take_away(codes, _distance_to(codes != code) <= radius, code, becomes=becomes)


def smooth(
    codes: AnyArray, radius: float, *, code: int, only_unlabelled: bool, becomes: int = NOT_LABELLED
) -> AnyArray:
    """Smooth the outline of a class: straight edges stay, corners and whiskers go, notches fill.

    The class is blurred and kept where at least half of it is left, one step of motion by mean curvature
    (Merriman, Bence and Osher, 1992).

    Parameters
    ----------
    codes : ndarray of int, shape (y, x)
        Mask codes of one slice; beyond the border of the image its last row goes on.
    radius : float
        Standard deviation of the blur [px].
    code : int
        Code of the class.
    only_unlabelled : bool
        Whether other paint stays where the class fills a notch.
    becomes : int
        Code of what is taken away.

    Returns
    -------
    ndarray
        New codes.
    """
    from scipy.ndimage import gaussian_filter

    kept = gaussian_filter((codes == code).astype(np.float32), radius, mode="nearest") > 0.5
    filled = paint_region(codes, kept, code, only_unlabelled=only_unlabelled)
    return take_away(filled, ~kept, code, becomes=becomes)


def _distance_to(region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how far each pixel is from the nearest of a region; infinitely far from none."""
    from scipy.ndimage import distance_transform_edt

    if not region.any():
        return np.full(region.shape, np.inf)
    distance: NDArray[np.float64] = distance_transform_edt(~region)
    return distance
