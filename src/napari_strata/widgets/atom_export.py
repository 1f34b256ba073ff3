"""The atoms that a Points layer shows, after any editing, as a table."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari.layers import Points
    from pandas import DataFrame


def atom_table(points: "Points", *, image: str, pixel_size: float | None) -> "DataFrame":
    """Return the atoms of a Points layer.

    Parameters
    ----------
    points : Points
        Atoms in pixels of their image, (y, x) or (frame, y, x), with features layer, species and probability.
    image : str
        Name of the image.
    pixel_size : float or None
        Its pixel size [Å/px].

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
    scale = np.nan if pixel_size is None else pixel_size
    features = points.features.reset_index(drop=True)
    table = pd.DataFrame(
        {
            "image": image,
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
