"""Filling the connected region around a click whose intensities are close to that of the click."""

import numpy as np

from napari_strata.annotation.tools.region import paint_region
from napari_strata.errors import ImageError
from napari_strata.types import AnyArray


def flood_from(
    codes: AnyArray, image: AnyArray, seed: tuple[int, ...], *, tolerance: float, code: int, only_unlabelled: bool
) -> AnyArray:
    """Paint the connected region around a pixel.

    Parameters
    ----------
    codes : ndarray of int, shape (y, x) or (frame, y, x)
        Mask codes.
    image : ndarray of the same shape
        Intensities.
    seed : tuple of int
        The pixel that was clicked, an index of both.
    tolerance : float
        Largest difference from the intensity of that pixel, at least 0; pixels are connected over their sides.
    code : int
        Code of the class.
    only_unlabelled : bool
        Whether whatever is painted already stays; the region is found in the image alone.

    Returns
    -------
    ndarray
        New codes.

    Raises
    ------
    ImageError
        If the intensity of that pixel is not a finite number.
    """
    from skimage.segmentation import flood

    intensities = image.astype(np.float64)
    if not np.isfinite(intensities[seed]):
        raise ImageError("The pixel that was clicked has no intensity.", remedy="Click beside it.")
    is_close = np.abs(intensities - intensities[seed]) <= tolerance
    return paint_region(codes, flood(is_close, seed, connectivity=1), code, only_unlabelled=only_unlabelled)
