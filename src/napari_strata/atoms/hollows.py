"""Atoms that were located where the image is darker than around them: invented ones, as columns are bright."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import AnyArray

RING = 0.5
"""Radius of the ring around an atom, in nearest-neighbour distances of its layer."""
BLUR = 0.2
"""Standard deviation by which the image is smoothed against noise, in the same unit."""
DIRECTIONS = 12


def dark_and_bright(
    image: AnyArray, positions: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which atoms of one layer are darker, and which are brighter, than all of a ring around them.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        One frame.
    positions : ndarray, shape (atom, 2)
        Places (y, x) of the atoms of a layer [px].

    Returns
    -------
    two ndarrays of bool, shape (atom,)
        Neither of all where there are fewer than two.
    """
    from scipy.ndimage import gaussian_filter, map_coordinates
    from scipy.spatial import KDTree

    if len(positions) < 2:
        return np.zeros(len(positions), dtype=bool), np.zeros(len(positions), dtype=bool)
    spacing = float(np.median(KDTree(positions).query(positions, k=2)[0][:, 1]))
    smooth = gaussian_filter(np.asarray(image, dtype=np.float64), BLUR * spacing)
    angles = np.arange(DIRECTIONS) * 2 * np.pi / DIRECTIONS
    ring = RING * spacing * np.stack([np.sin(angles), np.cos(angles)])
    around = map_coordinates(smooth, positions.T[:, :, None] + ring[:, None], order=1, mode="nearest")
    at = map_coordinates(smooth, positions.T, order=1, mode="nearest")
    return np.asarray(at < around.min(axis=1)), np.asarray(at > around.max(axis=1))
