"""The points of a label set: one CSV file per layer, written whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing

if TYPE_CHECKING:
    from pandas import DataFrame

FOLDER = "points"
"""Folder of the files in the folder of a label set."""
_AXIS = "axis-"


@dataclass(frozen=True, slots=True, eq=False)
class PointTable:
    """Points and what is known of each.

    Attributes
    ----------
    positions : ndarray of float, shape (n, axes)
        Positions [px].
    features : DataFrame
        One row per point.
    """

    positions: NDArray[np.float64]
    features: "DataFrame"

    def equals(self, other: "PointTable") -> bool:
        """Tell whether another table says the same."""
        return np.array_equal(self.positions, other.positions) and self.features.equals(other.features)


def points_file(folder: Path, key: str) -> Path:
    """Return the file of a Points layer in the folder of a label set or a save point."""
    return folder / FOLDER / f"{key}.csv"


def write_points(folder: Path, key: str, points: PointTable) -> None:
    """Write the points of a layer.

    Raises
    ------
    OutputError
        If they cannot be written; the file is then the old one.
    """
    axes = {f"{_AXIS}{axis}": column for axis, column in enumerate(points.positions.T)}
    table = points.features.reset_index(drop=True).assign(**axes)
    with replacing(points_file(folder, key)) as path:
        table[[*axes, *points.features.columns]].to_csv(path, index=False)


def read_points(folder: Path, key: str) -> PointTable:
    """Read the points of a layer.

    Raises
    ------
    LabelsError
        If they are damaged or not there.
    """
    import pandas as pd

    path = points_file(folder, key)
    try:
        # the values as they were written: a class may be called NA, or 1
        table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"species": str})
        axes = [name for name in table.columns if name.startswith(_AXIS)]
        return PointTable(table[axes].to_numpy(np.float64), table.drop(columns=axes))
    except (OSError, ValueError) as error:
        raise LabelsError(f"{path} cannot be read ({error}).", remedy="Restore an earlier save point.") from error
