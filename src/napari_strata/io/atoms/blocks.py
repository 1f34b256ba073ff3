"""An atom table in parts: the atoms of one frame, or of one crystal layer of it, as other programs keep them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import CalibrationError

if TYPE_CHECKING:
    from pandas import DataFrame

ROUNDED = 1e-6
"""Last digit of positions in most files [Å and px]."""


def blocks(table: "DataFrame", keys: Sequence[str]) -> "Iterator[DataFrame]":
    """Yield the rows of a table in parts that share some columns; the order of all rows stays.

    Parameters
    ----------
    table : DataFrame
        An atom table.
    keys : sequence of str
        Columns; a part ends where one of them changes.
    """
    if table.empty:
        return
    changes = (table[list(keys)] != table[list(keys)].shift()).any(axis=1).to_numpy()
    starts = np.flatnonzero(changes)
    for start, stop in zip(starts, [*starts[1:], len(table)], strict=True):
        yield table.iloc[start:stop]


def check_angstrom(table: "DataFrame", what: str) -> None:
    """Check that positions are known in Å.

    Raises
    ------
    CalibrationError
        If one is not.
    """
    if table[["y_A", "x_A"]].isna().any(axis=None):
        raise CalibrationError(
            f"{what} files hold positions in Å, and the pixel size of the image is not known.",
            remedy="State the pixel size, or choose CSV, Parquet or GeoJSON.",
        )


def pixel_size_of(table: "DataFrame") -> float | None:
    """Return the pixel size [Å/px] that relates the positions of a table; None where they tell none.

    It has the digits that positions tell, which most files round to `ROUNDED`, and six at least.
    """
    pixels = table[["y_px", "x_px"]].to_numpy(dtype=np.float64).ravel()
    angstrom = table[["y_A", "x_A"]].to_numpy(dtype=np.float64).ravel()
    square = float(pixels @ pixels)
    size = float(angstrom @ pixels / square) if square > 0 else 0.0
    if not (np.isfinite(size) and size > 0):
        return None
    told = np.floor(-np.log10(ROUNDED * max(size, 1.0) / np.sqrt(square)))
    return round(size, int(max(told, 5 - np.floor(np.log10(size)))))
