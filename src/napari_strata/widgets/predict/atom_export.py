"""The atoms that a Points layer shows, after any editing, as a table."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.widgets.layers.atom_memory import marked_table
from napari_strata.widgets.layers.calibration import calibration_of

if TYPE_CHECKING:
    from napari.layers import Image, Points
    from pandas import DataFrame


def atom_table(points: "Points", image: "Image") -> "DataFrame":
    """Return the atoms of a Points layer.

    Parameters
    ----------
    points : Points
        Atoms in pixels of their image, (y, x) or (frame, y, x), with features layer, species and probability, and
        perhaps others of `napari_strata.types.ATOM_DETAILS`.
    image : Image
        Their image layer, for its present pixel size and the stem of its file, or its name where it has no file.

    Returns
    -------
    DataFrame
        Columns `napari_strata.types.ATOM_COLUMNS`, and those of `ATOM_DETAILS` that are known; by frame and layer.
    """
    from napari_strata.types import ATOM_COLUMNS, ATOM_DETAILS

    table = marked_table(points)
    scale = calibration_of(image).value or np.nan
    table = table.assign(
        image=Path(image.source.path).stem if image.source.path else image.name,
        y_A=table["y_px"] * scale,
        x_A=table["x_px"] * scale,
    )
    text = {name: str for name in ("species", "flag", "edited") if name in table}
    table = table.astype({"layer": np.int64, "probability": np.float64, **text})
    details = [name for name in ATOM_DETAILS if name in table]
    return table.sort_values(["frame", "layer"], kind="stable", ignore_index=True)[[*ATOM_COLUMNS, *details]]
