"""Filling a class in the slices between two in which it is painted.

Shape-based interpolation (Raya and Udupa, IEEE Trans. Med. Imaging 9, 32, 1990): every pixel's signed distance to
the outline, positive inside, is interpolated linearly from slice to slice, and the class is where it is positive.
Distances here are Euclidean and exact, not of the city-block kind of the paper. An object that moves by more than
its width from one slice to the next vanishes in between: paint a slice in the middle.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from napari_strata.annotation.tools.region import paint_region
from napari_strata.errors import LabelsError
from napari_strata.types import AnyArray


def gaps_of(codes: AnyArray, code: int, *, at: int | None = None) -> list[slice]:
    """Find the slices between which a class can be filled.

    Parameters
    ----------
    codes : ndarray of int, shape (frame, y, x)
        Mask codes of a stack.
    code : int
        Code of the class.
    at : int, optional
        A slice: only the gap that it lies in.

    Returns
    -------
    list of slice
        Each from a slice in which the class is painted to the next such slice, both included.

    Raises
    ------
    LabelsError
        If there is no gap, or the slice lies in none.
    """
    painted = np.flatnonzero([(frame == code).any() for frame in codes])
    gaps = [slice(int(low), int(high) + 1) for low, high in pairwise(painted) if high - low > 1]
    if at is not None:
        gaps = [gap for gap in gaps if gap.start < at < gap.stop - 1]
    if not gaps:
        where = "There are no empty slices" if at is None else f"Slice {at} does not lie"
        raise LabelsError(
            f"{where} between two slices in which this class is painted.",
            remedy="Paint the class in a slice before and in one after, and leave out those between.",
        )
    return gaps


def fill_between(codes: AnyArray, *, code: int) -> AnyArray:
    """Fill a class between the first and the last slice of a gap.

    Parameters
    ----------
    codes : ndarray of int, shape (frame, y, x)
        Mask codes; the class is painted in the first and the last slice. Whatever is painted in between stays.
    code : int
        Code of the class.

    Returns
    -------
    ndarray
        New codes.
    """
    first, last = signed_distance(codes[0] == code), signed_distance(codes[-1] == code)
    filled = codes.copy()
    for index in range(1, len(codes) - 1):
        part = index / (len(codes) - 1)
        inside = (1 - part) * first + part * last > 0
        filled[index] = paint_region(codes[index], inside, code, only_unlabelled=True)
    return filled


def signed_distance(region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how far each pixel is from the outline of a region that is neither empty nor all [px].

    The outline runs between pixels: the innermost pixel outside is at -0.5, the outermost inside at +0.5.
    """
    from scipy.ndimage import distance_transform_edt

    inside = distance_transform_edt(region) - 0.5
    outside = distance_transform_edt(~region) - 0.5
    distance: NDArray[np.float64] = np.where(region, inside, -outside)
    return distance
