"""The atoms that a Points layer shows, after any editing, as a table."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.widgets.layers.calibration import calibration_of

if TYPE_CHECKING:
    from napari.layers import Image, Points
    from pandas import DataFrame


def atom_table(points: "Points", image: "Image") -> "DataFrame":
    """Return the atoms of a Points layer.

    Parameters
    ----------
    points : Points
        Atoms in pixels of their image, (y, x) or (frame, y, x), with features layer, species and probability.
    image : Image
        Their image layer, for its present pixel size and the stem of its file, or its name where it has no file.

    Returns
    -------
    DataFrame
        Columns `napari_strata.types.ATOM_COLUMNS`; by frame and layer.
    """
    import pandas as pd

    from napari_strata.types import ATOM_COLUMNS

    data = np.asarray(points.data, dtype=np.float64)
    frame = np.rint(data[:, 0]) if points.ndim == 3 else np.zeros(len(data))
    y, x = data[:, -2:].T
    scale = calibration_of(image).value or np.nan
    features = points.features.reset_index(drop=True)
    table = pd.DataFrame(
        {
            "image": Path(image.source.path).stem if image.source.path else image.name,
            "frame": frame.astype(np.int64),
            "layer": features["layer"].astype(np.int64),
            "species": features["species"].astype(str),
            "y_px": y,
            "x_px": x,
            "y_A": y * scale,
            "x_A": x * scale,
            "probability": features["probability"].astype(np.float64),
        }
    )
    return table.sort_values(["frame", "layer"], kind="stable", ignore_index=True)[list(ATOM_COLUMNS)]
