"""Positions of atoms whose footprint the image's border cuts.

The centroid of what is left of a footprint lies too far inside. The mean radial profile of the whole footprints
of the same map is therefore laid over the visible part, and the centre is where it fits best, be it outside.
On disks of 0.53 Å with soft edges the error of atoms centred within 0.15 Å of the border falls from 0.18 Å to
0.003 Å, with strong noise in the outlines from 0.22 to 0.12 Å, and of the caps of atoms centred outside, one in
35 atoms of a 40 Å image, six of seven are recognised as such.
"""

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.windows import Windows, chunks
from napari_strata.types import FloatImage

REACH = 1.2
"""Radius of the compared pixels, in refinement radii."""
SEARCH = 0.8
"""How far from the centroid the centre is sought, in refinement radii."""
LEVELS = ((7, 1.0), (5, 0.3), (5, 0.1), (5, 0.03))
"""Points along each axis, and half the width in units of the search, of each finer and finer grid."""
BIN = 0.25
"""Resolution of the profile [px]."""
SAMPLE = 500
"""Number of whole footprints that are averaged where there are more."""
ENOUGH = 10
"""Least number of whole footprints that make a profile."""


def refine_at_border(
    probability: FloatImage, positions: NDArray[np.float64], *, radius: float
) -> NDArray[np.float64]:
    """Correct the positions of footprints that the border cuts.

    Parameters
    ----------
    probability : ndarray of float32, shape (y, x)
        Probability that a pixel belongs to an atom of this layer, 0 to 1.
    positions : ndarray of float64, shape (atom, 2)
        Centroids as (y, x) [px].
    radius : float
        Refinement radius [px].

    Returns
    -------
    ndarray of float64, shape (atom, 2)
        The same positions, those of cut footprints corrected; some may lie outside the image. Nothing is
        corrected where too few footprints are whole.
    """
    is_cut = cut_by_border(positions, probability.shape, radius=radius)
    if np.sum(~is_cut) < ENOUGH:
        return positions
    profile = _mean_profile(probability, positions[~is_cut], (REACH + 1.5 * SEARCH) * radius)
    cut = positions[is_cut]
    for chunk in chunks(len(cut), REACH * radius, copies=LEVELS[0][0] ** 2):
        cut[chunk] = _best_fit(probability, cut[chunk], radius, profile)
    corrected = positions.copy()
    corrected[is_cut] = cut
    return corrected


def cut_by_border(positions: NDArray[np.float64], shape: tuple[int, ...], *, radius: float) -> NDArray[np.bool_]:
    """Tell which footprints of a radius [px] around positions (atom, 2) reach beyond an image (y, x).

    Pixels are squares around their centres, so an image of n of them ends at -0.5 and n - 0.5.
    """
    ends = np.array(shape) - 0.5
    is_cut: NDArray[np.bool_] = np.any((positions - radius < -0.5) | (positions + radius > ends), axis=1)
    return is_cut


Profile = tuple[NDArray[np.floating], NDArray[np.float64]]
"""Radii [px] and the mean probability there."""


def _mean_profile(probability: FloatImage, positions: NDArray[np.float64], reach: float) -> Profile:
    """Average whole footprints by radius; beyond its least value a profile stays there, free of neighbours."""
    sample = positions[:: max(1, len(positions) // SAMPLE)]
    windows = Windows.around(sample, reach, probability.shape)
    bins = (windows.distances[windows.inside] / BIN).astype(np.intp)
    counts = np.bincount(bins)
    sums = np.bincount(bins, windows.values(probability)[windows.inside])
    filled = counts > 0
    mean: NDArray[np.float64] = np.minimum.accumulate(sums[filled] / counts[filled])
    return (np.flatnonzero(filled) + 0.5) * BIN, mean


def _best_fit(
    probability: FloatImage, positions: NDArray[np.float64], radius: float, profile: Profile
) -> NDArray[np.float64]:
    windows = Windows.around(positions, REACH * radius, probability.shape)
    values = windows.values(probability)
    shift = np.zeros_like(positions)
    for points, width in LEVELS:
        axis = np.linspace(-width, width, points) * SEARCH * radius
        grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
        shifts = shift[:, None] + grid
        distances = np.linalg.norm(windows.offsets[:, None] - shifts[:, :, None], axis=-1)
        misfit = (np.interp(distances, *profile) - values[:, None]) ** 2 @ windows.inside[:, :, None]
        shift = np.take_along_axis(shifts, misfit.argmin(axis=1)[:, None], axis=1)[:, 0]
    return positions + shift
