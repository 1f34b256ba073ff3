"""Reads the CSV file in which napari saves a Shapes layer."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import TableError

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("index", "shape-type", "vertex-index")
_REMEDY = "Select the Shapes layer in napari and save it by File > Save Selected Layers, with the ending .csv."


def read_regions(path: Path) -> list[tuple[int, str, NDArray[np.float64]]]:
    """Read drawn shapes.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    list of (int, str, ndarray)
        Number, kind and corners (frame if there is one, y, x) of each shape [px].

    Raises
    ------
    TableError
        If the file cannot be read, or is no such file.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path)
    except OSError as error:
        raise TableError(f"{path} cannot be read ({error.strerror}).", remedy="Check the path.") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise TableError(f"{path} is no CSV table ({' '.join(str(error).split())}).", remedy=_REMEDY) from error
    axes = [name for name in table if str(name).startswith("axis-")]
    if not set(COLUMNS) <= set(table) or len(axes) not in (2, 3):
        raise TableError(f"{path} has no shapes in two or three dimensions.", remedy=_REMEDY)
    return [(int(number), *_shape(rows, axes, path)) for number, rows in table.groupby("index")]


def _shape(rows: "DataFrame", axes: list[str], path: Path) -> tuple[str, NDArray[np.float64]]:
    import pandas as pd

    rows = rows.sort_values("vertex-index")
    corners = rows[axes].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    if not np.isfinite(corners).all():
        raise TableError(f"{path} has corners that are no numbers.", remedy=_REMEDY)
    return str(rows["shape-type"].iloc[0]), corners
