"""How bright the column of each atom is, measured on the image."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_strata.atoms.windows import Windows, chunks
from napari_strata.types import AnyArray

if TYPE_CHECKING:
    from pandas import DataFrame

AROUND = 3.0
"""How far around the background is sought, in radii of the column."""
SMOOTHING = 0.5
"""Width of the Gaussian that keeps noise from being taken for background, in radii of the column."""


def fitted_volumes(table: "DataFrame") -> NDArray[np.float64]:
    """Return the volume under each fitted peak, 2 pi amplitude width², in units of the image times Å²."""
    volumes: NDArray[np.float64] = 2 * np.pi * table["amplitude"].to_numpy() * table["width"].to_numpy() ** 2
    return volumes


def column_intensities(image: AnyArray, positions: NDArray[np.float64], *, radius: float) -> NDArray[np.float64]:
    """Return the mean of the image in a disk around each position, less the local background.

    The background is the least value of the smoothed image around: what lies between the columns. Tails of
    neighbours count; where columns overlap, as those of two crystal layers do, only a joint fit can say how bright
    each is.

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
        In units of the image; NaN where no pixel of the disk lies in the image.
    """
    values = np.asarray(image, dtype=np.float32)
    smooth = ndimage.gaussian_filter(values, SMOOTHING * radius, mode="nearest")
    dark = ndimage.minimum_filter(smooth, size=2 * round(AROUND * radius) + 1, mode="nearest")
    intensities = np.full(len(positions), np.nan)
    for chunk in chunks(len(positions), radius):
        windows = Windows.around(positions[chunk], radius, values.shape)
        column = windows.inside & (windows.distances <= max(radius, 1.0))  # one pixel at least
        total, pixels = (windows.values(values) * column).sum(axis=1), column.sum(axis=1)
        np.divide(total, pixels, out=intensities[chunk], where=pixels > 0)
    nearest = tuple(np.clip(np.rint(positions).astype(np.intp), 0, np.array(values.shape) - 1).T)
    above: NDArray[np.float64] = intensities - dark[nearest]
    return above


def has_fitted_peaks(table: "DataFrame") -> bool:
    """Tell whether at least half of the atoms have a fitted peak."""
    fitted = {"amplitude", "width"} <= set(table.columns)
    return fitted and bool(table[["amplitude", "width"]].notna().all(axis=1).mean() >= 0.5)
