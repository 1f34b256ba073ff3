"""How bright the column of each atom is, measured on the image."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.windows import Windows, chunks
from napari_strata.types import AnyArray

if TYPE_CHECKING:
    from pandas import DataFrame

AROUND = 3.0
"""Radius in which the background is sought, in radii of the column."""
DARK = 0.1
"""The background is this quantile of the pixels around: what lies between the columns."""


def fitted_volumes(table: "DataFrame") -> NDArray[np.float64]:
    """Return the volume under each fitted peak, 2 pi amplitude width², in units of the image times Å²."""
    volumes: NDArray[np.float64] = 2 * np.pi * table["amplitude"].to_numpy() * table["width"].to_numpy() ** 2
    return volumes


def column_intensities(image: AnyArray, positions: NDArray[np.float64], *, radius: float) -> NDArray[np.float64]:
    """Return the mean of the image in a disk around each position, less the local background.

    Tails of neighbours count; where columns overlap, as those of two crystal layers do, only a joint fit can say
    how bright each is.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The image.
    positions : ndarray of float64, shape (atom, 2)
        Positions as (y, x) [px].
    radius : float
        Radius of the disk [px].

    Returns
    -------
    ndarray of float64, shape (atom,)
        In units of the image.
    """
    intensities = np.zeros(len(positions))
    values = np.asarray(image, dtype=np.float32)
    for chunk in chunks(len(positions), AROUND * radius):
        windows = Windows.around(positions[chunk], AROUND * radius, values.shape)
        pixels = np.where(windows.inside, windows.values(values), np.nan)
        column = np.where(windows.distances <= max(radius, 1.0), pixels, np.nan)  # one pixel at least
        intensities[chunk] = np.nanmean(column, axis=1) - np.nanquantile(pixels, DARK, axis=1)
    return intensities
