"""From probability maps to a table of atoms."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_strata.atoms.border import cut_by_border, refine_at_border
from napari_strata.atoms.intensities import column_intensities, fitted_volumes
from napari_strata.atoms.peaks import find_peaks, keep_separate
from napari_strata.atoms.refine import refine_positions
from napari_strata.atoms.refined import refine_atoms
from napari_strata.atoms.spacing import least_distances
from napari_strata.atoms.species import SURE, assign_species, class_shares
from napari_strata.atoms.telling import Tell, say_nothing, within
from napari_strata.config import AtomsConfig
from napari_strata.io.calibration import require
from napari_strata.types import ATOM_COLUMNS, ATOM_DETAILS, AnyArray, FloatImage, Prediction

_SHARE = "share of class "
"""Begin of the names of columns that hold, until species are named, what the network says of each class."""


def locate_atoms(
    prediction: Prediction, config: AtomsConfig, image: AnyArray | None = None, *, tell: Tell = say_nothing
) -> pd.DataFrame:
    """Find the atoms of every frame and layer.

    Peaks of the foreground probability are refined to the centroid of their footprint, at the image's border by
    the shape of the others; atoms centred outside the image are left out, and those whose footprint the border
    cuts bear the flag ``border``. An atom's probability is the foreground's at its peak, its species what
    `AtomsConfig.species` goes by; where another one is likely, too, it bears the flag ``unsure``.

    Parameters
    ----------
    prediction : Prediction
        Probability maps with a pixel size.
    config : AtomsConfig
        Smallest distance, least probability, refinement radius, and what tells species apart.
    image : ndarray, shape (frame, y, x), optional
        The image, for what is measured on it. Without it species are the network's classes.
    tell : callable
        Is told again and again which part is done, where positions are fitted.

    Returns
    -------
    DataFrame
        One row per atom, columns `ATOM_COLUMNS`, ``flag`` and, where atoms were fitted, others of `ATOM_DETAILS`;
        brightest first within each layer.

    Raises
    ------
    CalibrationError
        If the pixel size is unknown.
    """
    pixel_size = require(prediction.pixel_size, name=prediction.name)
    tables, frames = [], len(prediction.probabilities)
    for frame, layers in enumerate(prediction.probabilities):
        of_frame = within(tell, frame / frames, (frame + 1) / frames)
        pixels = None if image is None else image[frame]
        tables.append(_locate_in_frame(layers, pixels, config, pixel_size, of_frame).assign(frame=frame))
    table = _with_species(pd.concat(tables, ignore_index=True), prediction.classes, config)
    table = table.assign(image=prediction.name)
    details = [column for column in ATOM_DETAILS if column in table]
    return table[[*ATOM_COLUMNS, *details]].astype({"image": str, "species": str, "flag": str})


def _locate_in_frame(
    layers: FloatImage, image: AnyArray | None, config: AtomsConfig, pixel_size: float, tell: Tell
) -> pd.DataFrame:
    """Locate the atoms in the maps (layer, class, y, x) of one frame."""
    table = pd.concat(
        [_locate_in_layer(maps, config, pixel_size).assign(layer=layer) for layer, maps in enumerate(layers)],
        ignore_index=True,
    )
    kinds = table.filter(like=_SHARE).to_numpy(np.float64).argmax(axis=1)
    table = refine_atoms(table, layers, image, kinds, config, pixel_size, tell)
    if image is None or config.species == "class" or config.refine == "image":  # which measures what peaks hold
        return table
    radius = config.refinement_radius / pixel_size
    positions = table[["y_px", "x_px"]].to_numpy()
    return table.assign(intensity=column_intensities(image, positions, radius=radius))


def _locate_in_layer(maps: FloatImage, config: AtomsConfig, pixel_size: float) -> pd.DataFrame:
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
    shares = class_shares(maps[1:], refined, radius)
    keep = _separate(refined, shares.argmax(axis=1), shares.shape[1], config.min_distance / pixel_size) & inside
    positions = refined[keep]
    nearest = np.rint(peaks[keep]).astype(np.intp)
    is_cut = cut_by_border(positions, foreground.shape, radius=radius)
    return pd.DataFrame(
        {
            "y_px": positions[:, 0],
            "x_px": positions[:, 1],
            "y_A": positions[:, 0] * pixel_size,
            "x_A": positions[:, 1] * pixel_size,
            "probability": foreground[nearest[:, 0], nearest[:, 1]].astype(np.float64),
            "flag": np.where(is_cut, "border", "").astype(object),
            **{f"{_SHARE}{index}": share for index, share in enumerate(shares[keep].T)},
        }
    )


def _separate(
    positions: NDArray[np.float64], species: NDArray[np.intp], count: int, least: float
) -> NDArray[np.bool_]:
    """Choose positions (atom, 2), best first, that keep the distances of their species, `least` [px] at least."""
    keep = keep_separate(positions, least)
    limits = least_distances(positions[keep], species[keep], count, least=least)
    keep[keep] = keep_separate(positions[keep], limits, species[keep])
    return keep


def _with_species(table: pd.DataFrame, classes: tuple[str, ...], config: AtomsConfig) -> pd.DataFrame:
    """Name the species of all atoms, layer by layer, as one crystal layer may be brighter than another."""
    shares = table[[f"{_SHARE}{index}" for index in range(len(classes))]].to_numpy(np.float64)
    intensities = _intensities(table, is_fitted=config.refine == "image")
    names, probability = np.full(len(table), classes[0], dtype=object), np.ones(len(table))
    for _layer, rows in table.groupby("layer").indices.items():
        of_layer = None if intensities is None else intensities[rows]
        found = assign_species(shares[rows], of_layer, classes, config)
        names[rows], probability[rows] = found.names, found.probability
    unsure = pd.Series(np.where(probability < SURE, "unsure", ""), index=table.index)
    return table.assign(species=names, flag=(table["flag"] + " " + unsure).str.strip())


def _intensities(table: pd.DataFrame, *, is_fitted: bool) -> NDArray[np.float64] | None:
    """Return what peaks hold that were fitted to the image, else how bright columns are, if there is an image."""
    if is_fitted and "amplitude" in table:
        return fitted_volumes(table)
    return table["intensity"].to_numpy(np.float64) if "intensity" in table else None
