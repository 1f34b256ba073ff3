"""How every helper writes a region: as a class, or by taking a class away."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import NOT_LABELLED, AnyArray


def paint_region(codes: AnyArray, region: NDArray[np.bool_], code: int, *, only_unlabelled: bool) -> AnyArray:
    """Give the pixels of a region a code.

    Parameters
    ----------
    codes : ndarray of int
        Mask codes of any shape.
    region : ndarray of bool
        Of the same shape.
    code : int
        Code to write.
    only_unlabelled : bool
        Whether whatever is painted already stays.

    Returns
    -------
    ndarray
        New codes, of the same type.
    """
    takes = region & (codes == NOT_LABELLED) if only_unlabelled else region
    return np.where(takes, codes.dtype.type(code), codes)


def take_away(codes: AnyArray, region: NDArray[np.bool_], code: int, *, becomes: int = NOT_LABELLED) -> AnyArray:
    """Take a code away from a region; pixels of other codes stay.

    Parameters
    ----------
    codes : ndarray of int
        Mask codes of any shape.
    region : ndarray of bool
        Of the same shape.
    code : int
        Code that goes.
    becomes : int
        Code that comes in its place.

    Returns
    -------
    ndarray
        New codes, of the same type.
    """
    return np.where(region & (codes == code), codes.dtype.type(becomes), codes)
