"""All maps of numbers drawn on the pixels of their image, layer by layer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.errors import LatticeError
from napari_strata.lattice.gridded import MapGrid, offset_of, step_of
from napari_strata.lattice.map_columns import MapColumns
from napari_strata.types import FloatImage

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class MapImages:
    """Maps on a grid.

    Attributes
    ----------
    names, units : tuple of str
        Name and unit of each map.
    frames, layers : tuple of int
        Numbers of the frames and of the crystal layers.
    values : ndarray of float32, shape (map, frame, layer, y, x)
        NaN where nothing is known.
    step : int
        Each pixel covers so many pixels of the image along y and along x.
    pixel_size : float
        Size of a pixel of the maps [Å/px].
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    frames: tuple[int, ...]
    layers: tuple[int, ...]
    values: FloatImage
    step: int
    pixel_size: float

    @property
    def offset(self) -> float:
        """Where the centre of the first pixel is along y and x, in pixels of the image."""
        return offset_of(self.step)


def draw_maps(
    frames: "Sequence[tuple[int, DataFrame, MapColumns]]", shape: tuple[int, int], pixel_size: float
) -> MapImages:
    """Draw maps between the atoms, linear between neighbours.

    Parameters
    ----------
    frames : sequence of (int, DataFrame, MapColumns)
        Number of each frame, its atoms with y_px and x_px, and their maps.
    shape : (int, int)
        Height and width of the image [px].
    pixel_size : float
        Its pixel size [Å/px].
    """
    units = {name: one.units[name] for _, _, one in frames for name in one.numbers}
    layers = sorted({int(layer) for _, atoms, _ in frames for layer in atoms["layer"]})
    step = step_of(shape)
    size = (len(units), len(frames), len(layers), *(-(-side // step) for side in shape))
    values = np.full(size, np.nan, dtype=np.float32)
    for at, (_, atoms, columns) in enumerate(frames):
        for number, layer in enumerate(layers):
            rows = (atoms["layer"] == layer).to_numpy()
            drawn = _draw_layer(atoms[rows], columns.table[rows], list(units), shape)
            for place, picture in drawn.items():
                values[place, at, number] = picture
    numbers = tuple(number for number, _, _ in frames)
    return MapImages(tuple(units), tuple(units.values()), numbers, tuple(layers), values, step, step * pixel_size)


def _draw_layer(
    atoms: "DataFrame", columns: "DataFrame", names: list[str], shape: tuple[int, int]
) -> dict[int, FloatImage]:
    """Draw the maps that enough atoms have; maps known of the same atoms share their triangles."""
    grids: dict[bytes, MapGrid] = {}
    drawn: dict[int, FloatImage] = {}
    positions = atoms[["y_px", "x_px"]].to_numpy(np.float64)
    for place, name in enumerate(names):
        if name not in columns:
            continue
        values = columns[name].to_numpy(np.float64)
        known = np.isfinite(values)
        try:
            if known.tobytes() not in grids:
                grids[known.tobytes()] = MapGrid(positions[known], shape)
        except LatticeError:
            continue  # too few of them: it stays unknown
        drawn[place] = grids[known.tobytes()].draw(values[known])
    return drawn
