"""Light from beyond the image's border, where crystals go on.

An atom outside the image shines into it; were it left out, those inside would move and swell to make up for it,
and where all overlap they would pass that on far into the image. So the model has peaks beyond the border, at
places so dense that any other peak out there is nearly a sum of them. Only their heights are fitted, which are
never negative: where nothing is outside they vanish.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_strata.atoms.fit.model import REACH
from napari_strata.atoms.fit.squares import Floats

ROWS = (0.6, 2.0)
"""Distances of their rows from the outermost pixels, in standard deviations of a peak."""
BETWEEN = 1.4
"""Distance within a row."""
NEAR = 2 * REACH
"""Greatest distance from an atom of the image: farther out, peaks light no pixel that is fitted for an atom. Those
that overlap no atom matter, too: the background would rise for them, and fall at the atoms behind."""


def places_beyond(
    positions: Floats, groups: NDArray[np.intp], *, width_px: float, shape: tuple[int, ...]
) -> tuple[Floats, NDArray[np.intp]]:
    """Choose the places of peaks beyond the border.

    Parameters
    ----------
    positions : ndarray, shape (atom, 2)
        Atoms, one at least [px].
    groups : ndarray of int, shape (atom,)
        Which of them share a width.
    width_px : float
        Rough standard deviation of a peak [px].
    shape : (int, int)
        Of the image [px].

    Returns
    -------
    places : ndarray, shape (place, 2)
        (y, x) [px], all outside the image.
    groups : ndarray of int, shape (place,)
        Those of the atoms nearest to them.
    """
    rings = [_ring(distance * width_px, BETWEEN * width_px, shape) for distance in ROWS]
    places = np.concatenate(rings)
    distance, nearest = KDTree(positions).query(places)
    disturbing = distance < NEAR * width_px
    return places[disturbing], groups[nearest[disturbing]]


def _ring(distance: float, between: float, shape: tuple[int, ...]) -> Floats:
    """Return places about `between` from each other on the rectangle at a distance from the border [px]."""
    y, x = (
        np.linspace(-distance, side - 1 + distance, 1 + max(1, round((side - 1 + 2 * distance) / between)))
        for side in shape
    )
    edges = [np.column_stack([np.full(len(x), end), x]) for end in y[[0, -1]]]
    edges += [np.column_stack([y[1:-1], np.full(len(y) - 2, end)]) for end in x[[0, -1]]]
    return np.concatenate(edges)
