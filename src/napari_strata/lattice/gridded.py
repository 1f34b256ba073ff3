"""What is known at atoms, drawn on a grid of pixels: linear between neighbouring atoms, unknown beyond them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.cells import Positions
from napari_strata.types import FloatImage

if TYPE_CHECKING:
    from matplotlib.tri import Triangulation, TriFinder

MOST_PIXELS = 300_000
"""Maps of larger images have larger pixels: between atoms there is nothing to see."""
REACH = 1.7
"""Pixels farther than so many median nearest-neighbour distances from every atom are unknown: holes and beyond."""
LEAST_ATOMS = 4
UNSEEN = 1e-3
"""Positions may be moved by that [px]."""


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
        return offset_of(self.step)


class MapGrid:
    """Draws values of the same atoms on the pixels of an image.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Atoms (y, x) of one layer [px].
    shape : (int, int)
        Height and width of the image [px].

    Raises
    ------
    LatticeError
        If there are fewer than four atoms, or all lie on one line.
    """

    def __init__(self, points: Positions, shape: tuple[int, int]) -> None:
        # scipy's interpolator solves one tiny system per triangle: 0.2 s for 100,000 atoms, and 75 s while its
        # threads have to share the cores with a training
        from scipy.spatial import KDTree

        if len(points) < LEAST_ATOMS:
            raise LatticeError(
                f"Only {len(points)} atoms have a value: too few to draw a smooth map.", remedy="Show it as dots."
            )
        self._triangles, self._finder = _triangulate(points)
        step = step_of(shape)
        axes = [np.arange(-(-side // step)) * step + offset_of(step) for side in shape]
        self._grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        tree = KDTree(points)
        reach = REACH * float(np.median(tree.query(points, k=2)[0][:, 1]))
        self._is_far = ~np.isfinite(tree.query(self._grid, distance_upper_bound=reach)[0])

    def draw(self, values: NDArray[np.float64]) -> FloatImage:
        """Draw one value per atom; NaN where nothing is known."""
        from matplotlib.tri import LinearTriInterpolator

        linear = LinearTriInterpolator(self._triangles, values, trifinder=self._finder)
        drawn = linear(self._grid[..., 1], self._grid[..., 0]).filled(np.nan)
        drawn[self._is_far] = np.nan
        return np.asarray(drawn, dtype=np.float32)


def _triangulate(points: Positions) -> "tuple[Triangulation, TriFinder]":
    """Join points by triangles, and find the triangles of places.

    Many points in rows, as those of a perfect lattice, make triangles without any area at the border, among which
    matplotlib finds nothing: such points are moved by less than anybody can see.
    """
    try:
        return _triangles_of(points)
    except (RuntimeError, ValueError) as error:
        if np.linalg.matrix_rank(points - points[0], tol=10 * UNSEEN) < 2:
            raise LatticeError("The atoms lie on one line.", remedy="Show the map as dots.") from error
    return _triangles_of(points + np.random.default_rng(0).uniform(-UNSEEN, UNSEEN, points.shape))


def _triangles_of(points: Positions) -> "tuple[Triangulation, TriFinder]":
    from matplotlib.tri import Triangulation

    triangles = Triangulation(points[:, 1], points[:, 0])
    return triangles, triangles.get_trifinder()


def step_of(shape: tuple[int, int]) -> int:
    """Return how many pixels of an image of this height and width one pixel of its maps covers, along an axis."""
    return int(np.ceil(np.sqrt(shape[0] * shape[1] / MOST_PIXELS)))


def offset_of(step: int) -> float:
    """Return where the centre of the first of such pixels is along an axis, in pixels of the image."""
    return (step - 1) / 2


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
    known = np.isfinite(values)
    return GriddedMap(MapGrid(positions[known], shape).draw(values[known]), step_of(shape))
