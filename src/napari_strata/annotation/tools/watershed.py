"""Growing all that is painted until it meets, along borders seen in the image or halfway."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import ImageError, LabelsError
from napari_strata.types import NOT_LABELLED, AnyArray

SMOOTHING = 1.0
"""Standard deviation by which the image is smoothed before its gradient is taken [px]."""


class Surface(StrEnum):
    """Where regions that grow towards each other meet."""

    EDGES = "edges"
    """Where the intensity changes most."""
    BRIGHT_LINES = "bright lines"
    """Along ridges of intensity."""
    DARK_LINES = "dark lines"
    """Along valleys of intensity."""
    HALFWAY = "halfway"
    """At equal distances from what is painted, whatever the image shows."""


def flood_from_markers(codes: AnyArray, image: AnyArray, surface: Surface) -> AnyArray:
    """Give every unlabelled pixel the code whose region reaches it first.

    The watershed transform (Beucher and Meyer, 1993) with what is painted, background included, as markers.

    Parameters
    ----------
    codes : ndarray of int, shape (y, x) or (frame, y, x)
        Mask codes; those not 0 are the markers and stay as they are.
    image : ndarray of the same shape
        Intensities, finite.
    surface : Surface
        What is flooded.

    Returns
    -------
    ndarray
        New codes, none of them 0.

    Raises
    ------
    LabelsError
        If fewer than two codes are painted.
    ImageError
        If an intensity is not a finite number and the image is looked at.
    """
    from skimage.segmentation import watershed

    if len(np.setdiff1d(np.unique(codes), [NOT_LABELLED])) < 2:
        raise LabelsError(
            "There are not two different markers.",
            remedy="Paint a stroke in at least two of background and the classes first.",
        )
    markers = codes.astype(np.int32)
    return np.asarray(watershed(_relief(codes, image, surface), markers)).astype(codes.dtype)


def _relief(codes: AnyArray, image: AnyArray, surface: Surface) -> NDArray[np.float64]:
    """Return the heights that are flooded, lowest first."""
    from scipy.ndimage import distance_transform_edt
    from skimage.filters import gaussian, sobel

    if surface is Surface.HALFWAY:
        return np.asarray(distance_transform_edt(codes == NOT_LABELLED))
    heights = image.astype(np.float64)
    if not np.isfinite(heights).all():
        raise ImageError("Some pixels have no intensity.", remedy="Let regions meet halfway between the strokes.")
    if surface is Surface.EDGES:
        heights = sobel(gaussian(heights, SMOOTHING))
    return -heights if surface is Surface.DARK_LINES else heights
