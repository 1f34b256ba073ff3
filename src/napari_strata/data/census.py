"""How many pixels of each code every row of a frame holds, so that any one is found without a list of all."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import BACKGROUND, LabelArray


class PixelCensus:
    """Counts labelled pixels by code and row; rows that are painted over are counted again.

    A list of the pixels themselves would take 16 bytes each, 256 MB for a frame of 4096 x 4096.

    Parameters
    ----------
    labels : ndarray of uint8, shape (layer, y, x)
        Mask codes, which somebody changes in place; a pixel counts for each code that it has in any layer.
    """

    def __init__(self, labels: LabelArray) -> None:
        self._labels = labels
        self._rows: dict[int, NDArray[np.int64]] = {}
        self.count(slice(0, labels.shape[1]))

    @property
    def codes(self) -> list[int]:
        """The codes that occur, background included, in their order."""
        return sorted(code for code, rows in self._rows.items() if rows.any())

    def number(self, code: int) -> int:
        """Return how many pixels carry a code that occurs."""
        return int(self._rows[code].sum())

    def pixel(self, code: int, index: int) -> NDArray[np.intp]:
        """Return (y, x) of a pixel that carries a code, counted row by row from 0."""
        ends = np.cumsum(self._rows[code])
        y = int(np.searchsorted(ends, index, side="right"))
        columns = np.flatnonzero((self._labels[:, y] == code).any(axis=0))
        return np.array([y, columns[index - (ends[y] - self._rows[code][y])]])

    def count(self, rows: slice) -> None:
        """Count some rows, or count them again."""
        part = self._labels[:, rows]
        for code in (int(code) for code in np.flatnonzero(np.bincount(part.ravel())) if code >= BACKGROUND):
            self._rows.setdefault(code, np.zeros(self._labels.shape[1], np.int64))
        for code, numbers in self._rows.items():
            numbers[rows] = (part == code).any(axis=0).sum(axis=1)
