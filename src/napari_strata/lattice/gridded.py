"""What is known at atoms, drawn on a grid of pixels: linear between neighbouring atoms, unknown beyond them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.cells import Positions
from napari_strata.types import FloatImage

MOST_PIXELS = 300_000
"""Maps of larger images have larger pixels: between atoms there is nothing to see."""
REACH = 1.7
"""Pixels farther than so many median nearest-neighbour distances from every atom are unknown: holes and beyond."""
LEAST_ATOMS = 4


@dataclass(frozen=True, slots=True, eq=False)
class GriddedMap:
    """A map on a grid.

    Attributes
    ----------
    values : ndarray of float32, shape (y, x)
        NaN where nothing is known.
    step : int
        Each of its pixels covers so many pixels of the image along y and along x.
    """

    values: FloatImage
    step: int

    @property
    def offset(self) -> float:
        """Where the centre of its first pixel is along y and x, in pixels of the image."""
        return (self.step - 1) / 2


def grid_map(positions: Positions, values: NDArray[np.float64], shape: tuple[int, int]) -> GriddedMap:
    """Draw values on the pixels of an image.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Atoms (y, x) of one layer [px].
    values : ndarray, shape (n,)
        What is known of each; NaN where it is not.
    shape : (int, int)
        Height and width of the image [px].

    Raises
    ------
    LatticeError
        If fewer than four atoms have a value, or all lie on one line.
    """
    # scipy's interpolator solves one tiny system per triangle: 0.2 s for 100,000 atoms, and 75 s while its threads
    # have to share the cores with a training
    from matplotlib.tri import LinearTriInterpolator, Triangulation
    from scipy.spatial import KDTree

    known = np.isfinite(values)
    points, values = positions[known], values[known]
    if len(points) < LEAST_ATOMS:
        raise LatticeError(
            f"Only {len(points)} atoms have a value: too few to draw a smooth map.", remedy="Show it as dots."
        )
    step = int(np.ceil(np.sqrt(shape[0] * shape[1] / MOST_PIXELS)))
    axes = [(np.arange(-(-side // step)) * step) + (step - 1) / 2 for side in shape]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    try:
        triangles = Triangulation(points[:, 1], points[:, 0])
    except (RuntimeError, ValueError) as error:
        raise LatticeError("The atoms lie on one line.", remedy="Show the map as dots.") from error
    drawn = LinearTriInterpolator(triangles, values)(grid[..., 1], grid[..., 0]).filled(np.nan)
    tree = KDTree(points)
    reach = REACH * float(np.median(tree.query(points, k=2)[0][:, 1]))
    drawn[~np.isfinite(tree.query(grid, distance_upper_bound=reach)[0])] = np.nan
    return GriddedMap(drawn.astype(np.float32), step)
