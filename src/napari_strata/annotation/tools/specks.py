"""Removing what is too small to be meant, and filling what is too small to be a hole.

scikit-image has functions for both, whose parameter was renamed and redefined in 0.26; with its `label` they are a
line each and mean the same under every version.
"""

import numpy as np
from numpy.typing import NDArray

from napari_strata.annotation.tools.region import paint_region, take_away
from napari_strata.types import NOT_LABELLED, AnyArray


def remove_specks(codes: AnyArray, smallest: float, *, code: int, becomes: int = NOT_LABELLED) -> AnyArray:
    """Take away the pieces of a class that are smaller than an area.

    Parameters
    ----------
    codes : ndarray of int, shape (y, x)
        Mask codes of one slice.
    smallest : float
        Area of the smallest piece that stays [px]; pixels that touch at a corner are one piece.
    code : int
        Code of the class.
    becomes : int
        Code of what is taken away.

    Returns
    -------
    ndarray
        New codes.
    """
    return take_away(codes, _small_pieces(codes == code, smallest, connectivity=2), code, becomes=becomes)


def fill_holes(codes: AnyArray, smallest: float, *, code: int, only_unlabelled: bool) -> AnyArray:
    """Fill the holes in a class that are smaller than an area.

    Parameters
    ----------
    codes : ndarray of int, shape (y, x)
        Mask codes of one slice.
    smallest : float
        Area of the smallest hole that stays [px]; what touches the border of the image is no hole.
    code : int
        Code of the class.
    only_unlabelled : bool
        Whether other paint in a hole stays; it is part of the hole's area all the same.

    Returns
    -------
    ndarray
        New codes.
    """
    outside = codes != code
    holes = _small_pieces(outside, smallest, connectivity=1) & ~_touching_border(outside)
    return paint_region(codes, holes, code, only_unlabelled=only_unlabelled)


def _small_pieces(region: NDArray[np.bool_], smallest: float, *, connectivity: int) -> NDArray[np.bool_]:
    from skimage.measure import label

    pieces = label(region, connectivity=connectivity)
    is_small = np.bincount(pieces.ravel()) < smallest
    is_small[0] = False
    found: NDArray[np.bool_] = is_small[pieces]
    return found


def _touching_border(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from skimage.measure import label

    pieces = label(region, connectivity=1)
    at_border = np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]])
    return np.isin(pieces, at_border[at_border > 0])
