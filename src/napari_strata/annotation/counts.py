"""How many pixels carry each code, slice by slice, kept up to date by what changes."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import AnyArray

CODES = 256
_FEW = 12
"""Up to so many codes comparing with each of them is faster than a histogram (2048 x 2048: 3 ms to 17 ms)."""


class PixelCounts:
    """Numbers of pixels by slice and code.

    Parameters
    ----------
    slices : int
        How many slices there are, 1 for an array (y, x).

    Attributes
    ----------
    table : ndarray of int64, shape (slice, 256)
        The numbers; 0 where a slice was not counted yet.
    is_counted : ndarray of bool, shape (slice,)
        Which slices were counted.
    """

    def __init__(self, slices: int) -> None:
        self.table: NDArray[np.int64] = np.zeros((slices, CODES), np.int64)
        self.is_counted: NDArray[np.bool_] = np.zeros(slices, bool)

    def count(self, index: int, codes: AnyArray, *, largest: int) -> None:
        """Count a slice, codes up to `largest` at least; larger ones are left out if those are few."""
        if largest < _FEW:
            self.table[index] = 0
            for code in range(largest + 1):
                self.table[index, code] = np.count_nonzero(codes == code)
        else:
            known = codes.ravel() if codes.dtype == np.uint8 else codes[(codes >= 0) & (codes < CODES)]
            self.table[index] = np.bincount(known, minlength=CODES)
        self.is_counted[index] = True

    def change(self, slices: AnyArray, old: AnyArray, new: AnyArray) -> None:
        """Follow pixels, each in its slice, from their old codes to their new ones; uncounted slices wait."""
        known = self.is_counted[slices]
        for codes, step in ((old, -1), (new, 1)):
            counted = known & (codes >= 0) & (codes < CODES)
            places = slices[counted].astype(np.int64) * CODES + codes[counted]
            touched, numbers = np.unique(places, return_counts=True)
            self.table.ravel()[touched] += step * numbers
