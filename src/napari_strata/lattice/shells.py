"""The distances between atoms that a crystal should show."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import TableError
from napari_strata.lattice.cells import HEXAGON_CENTRE, IDEAL, UnitCell, is_honeycomb

MOST_CELLS = 100
"""Distances up to so many cells are told."""


def undistorted(cell: UnitCell) -> UnitCell:
    """Return the ideal cell of the same area, and its sites; cells that may have any shape stay as they are."""
    ideal = IDEAL.get(cell.family)
    if ideal is None:
        return cell
    size = np.sqrt(cell.area / abs(np.linalg.det(ideal)))
    sites = np.stack([HEXAGON_CENTRE, HEXAGON_CENTRE[::-1]]) if is_honeycomb(cell) else cell.sites
    return UnitCell(size * ideal, sites, cell.family)


def shell_distances(cell: UnitCell, longest: float) -> NDArray[np.float64]:
    """Return the different distances between sites of a lattice, the least first [Å].

    Parameters
    ----------
    cell : UnitCell
        The lattice.
    longest : float
        Largest distance [Å].

    Raises
    ------
    TableError
        If it is so long that there would be too many.
    """
    height = cell.area / np.linalg.norm(cell.vectors, axis=1).max()
    count = int(np.ceil(longest / height)) + 1
    if count > MOST_CELLS:
        raise TableError("The distances are too long for this cell.", remedy="Take shorter ones.")
    shifts = np.stack(np.meshgrid(*[np.arange(-count, count + 1)] * 2, indexing="ij"), axis=-1)
    steps = cell.offsets[:, None, None] - cell.offsets[None, :, None] + shifts.reshape(-1, 2) @ cell.vectors
    length = np.sort(np.hypot(*np.moveaxis(steps, -1, 0)).ravel())
    length = length[(length > 1e-9) & (length <= longest)]
    is_new = np.diff(length, prepend=-1.0) > 1e-6
    return np.asarray(length[is_new])
