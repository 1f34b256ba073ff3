"""From probability maps to a table of atoms."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_strata.atoms.border import refine_at_border
from napari_strata.atoms.peaks import find_peaks, keep_separate
from napari_strata.atoms.refine import refine_positions
from napari_strata.atoms.windows import Windows, chunks
from napari_strata.config import AtomsConfig
from napari_strata.io.calibration import require
from napari_strata.types import ATOM_COLUMNS, FloatImage, Prediction


def locate_atoms(prediction: Prediction, config: AtomsConfig) -> pd.DataFrame:
    """Find the atoms of every frame and layer.

    Peaks of the foreground probability are refined to the centroid of their footprint, at the image's border by
    the shape of the others; atoms centred outside the image are left out. An atom's species is the class with the
    greatest mean probability in its footprint, its probability that of its peak.

    Parameters
    ----------
    prediction : Prediction
        Probability maps with a pixel size.
    config : AtomsConfig
        Smallest distance, least probability and refinement radius.

    Returns
    -------
    DataFrame
        One row per atom, columns `ATOM_COLUMNS`, brightest first within each layer.

    Raises
    ------
    CalibrationError
        If the pixel size is unknown.
    """
    pixel_size = require(prediction.pixel_size, name=prediction.name)
    tables = [
        _locate_in_layer(maps, prediction.classes, config, pixel_size).assign(frame=frame, layer=layer)
        for frame, layers in enumerate(prediction.probabilities)
        for layer, maps in enumerate(layers)
    ]
    table = pd.concat(tables, ignore_index=True).assign(image=prediction.name)
    return table[list(ATOM_COLUMNS)].astype({"image": str, "species": str})


def _locate_in_layer(
    maps: FloatImage, classes: tuple[str, ...], config: AtomsConfig, pixel_size: float
) -> pd.DataFrame:
    """Locate the atoms in the maps (class, y, x) of one layer."""
    foreground = 1 - maps[0]
    peaks = find_peaks(
        foreground,
        min_distance=config.min_distance,
        min_probability=config.min_probability,
        pixel_size=pixel_size,
    )
    radius = config.refinement_radius / pixel_size
    refined = refine_positions(foreground, peaks, radius=radius)
    refined = refine_at_border(foreground, refined, radius=radius)
    inside = ((refined >= -0.5) & (refined < np.array(foreground.shape) - 0.5)).all(axis=1)
    keep = keep_separate(refined, config.min_distance / pixel_size) & inside
    positions = refined[keep]
    nearest = np.rint(peaks[keep]).astype(np.intp)
    return pd.DataFrame(
        {
            "species": np.array(classes, dtype=object)[_species(maps[1:], positions, radius)],
            "y_px": positions[:, 0],
            "x_px": positions[:, 1],
            "y_A": positions[:, 0] * pixel_size,
            "x_A": positions[:, 1] * pixel_size,
            "probability": foreground[nearest[:, 0], nearest[:, 1]].astype(np.float64),
        }
    )


def _species(maps: FloatImage, positions: NDArray[np.float64], radius: float) -> NDArray[np.intp]:
    """Return the index of the class (class, y, x) that prevails within a radius [px] of each position."""
    if len(maps) == 1:
        return np.zeros(len(positions), np.intp)
    prevailing = np.zeros(len(positions), np.intp)
    for chunk in chunks(len(positions), radius):
        windows = Windows.around(positions[chunk], radius, maps.shape[1:])
        footprint = windows.inside & (windows.distances <= max(radius, 1.0))  # one pixel at least
        sums = [(windows.values(values) * footprint).sum(axis=1) for values in maps]
        prevailing[chunk] = np.argmax(sums, axis=0)
    return prevailing
