"""Find atoms as separate peaks of a probability map."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from napari_strata.errors import CalibrationError
from napari_strata.types import FloatImage

SMOOTHING = 0.2
"""Width of the Gaussian that makes one peak of a flat or noisy footprint, in units of the smallest distance."""


def find_peaks(
    probability: FloatImage, *, min_distance: float, min_probability: float, pixel_size: float
) -> NDArray[np.float64]:
    """Find candidate atom positions in one layer's probability map.

    Parameters
    ----------
    probability : ndarray of float32, shape (y, x)
        Probability that a pixel belongs to an atom of this layer, 0 to 1.
    min_distance : float
        Smallest allowed separation [Å].
    min_probability : float
        Least probability at a peak, 0 to 1.
    pixel_size : float
        Pixel size [Å/px].

    Returns
    -------
    ndarray of float64, shape (atom, 2)
        Positions as (y, x) [px], brightest first, good to a fraction of a pixel.

    Raises
    ------
    CalibrationError
        If `pixel_size` is not positive.
    """
    if not pixel_size > 0:
        raise CalibrationError(
            f"The pixel size is {pixel_size:g} Å/px.", remedy="Give the pixel size as a positive number of Å/px."
        )
    spacing = min_distance / pixel_size
    smooth = ndimage.gaussian_filter(probability, SMOOTHING * spacing, mode="nearest", output=np.float64)
    is_peak = (smooth == ndimage.maximum_filter(smooth, size=3, mode="nearest")) & (probability >= min_probability)
    peaks = np.argwhere(is_peak)
    brightest_first = np.argsort(-smooth[is_peak], kind="stable")
    positions = _between_pixels(smooth, peaks[brightest_first])
    return positions[keep_separate(positions, spacing)]


def _between_pixels(height: NDArray[np.float64], peaks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Shift each peak, within its pixel, to the top of the parabolas through its neighbours along y and x."""
    padded = np.pad(height, 1, mode="reflect")
    here = padded[tuple((peaks + 1).T)]
    shifts = []
    for step in ((1, 0), (0, 1)):
        below, above = padded[tuple((peaks + 1 - step).T)], padded[tuple((peaks + 1 + step).T)]
        curvature = 2 * here - below - above
        shifts.append((above - below) / (2 * np.where(curvature > 0, curvature, np.inf)))
    between: NDArray[np.float64] = peaks + np.clip(np.stack(shifts, axis=-1), -0.499, 0.499)
    return between


def keep_separate(
    positions: NDArray[np.float64],
    min_distance: float | NDArray[np.float64],
    kinds: NDArray[np.intp] | None = None,
) -> NDArray[np.bool_]:
    """Choose positions that are no closer to each other than a distance; the earlier of two stays.

    Parameters
    ----------
    positions : ndarray, shape (atom, 2)
        Positions, best first.
    min_distance : float, or ndarray of shape (kind, kind)
        Smallest allowed separation, in the unit of `positions`; where it depends on what the two are, symmetric.
    kinds : ndarray of int, shape (atom,), optional
        Kind of each atom, from 0; all are of the first one by default.

    Returns
    -------
    ndarray of bool, shape (atom,)
        Which positions stay.
    """
    keep = np.ones(len(positions), bool)
    if len(positions) < 2:
        return keep
    limits = np.atleast_2d(min_distance)
    kinds = np.zeros(len(positions), np.intp) if kinds is None else kinds
    pairs = KDTree(positions).query_pairs(float(limits.max()), output_type="ndarray")
    first, second = pairs.min(axis=1), pairs.max(axis=1)
    if limits.size > 1:
        too_close = (
            np.linalg.norm(positions[first] - positions[second], axis=1) <= limits[kinds[first], kinds[second]]
        )
        first, second = first[too_close], second[too_close]
    while len(first):
        certain = np.ones(len(positions), bool)
        certain[second] = False  # nothing better that still counts is near
        keep[second[certain[first]]] = False
        open_ = keep[first] & keep[second]
        first, second = first[open_], second[open_]
    return keep
