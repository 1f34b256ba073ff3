"""Masks to learn from, drawn from an atom table."""

from typing import TYPE_CHECKING

import numpy as np

from napari_strata.annotation.spots import draw_atoms
from napari_strata.config import ClassTable, SpotConfig
from napari_strata.errors import CalibrationError, LabelsError
from napari_strata.types import ImageStack, LabelArray

if TYPE_CHECKING:
    from pandas import DataFrame


def draw_table(
    table: "DataFrame", stack: ImageStack, *, layers: int, classes: ClassTable, config: SpotConfig, name: str
) -> LabelArray:
    """Draw the atoms of one image.

    Parameters
    ----------
    table : DataFrame
        An atom table (`napari_strata.types.ATOM_COLUMNS`); atoms of other images are left out.
    stack : ImageStack
        The image.
    layers : int
        Crystal layers of the network.
    classes : ClassTable
        The species.
    config : SpotConfig
        How atoms become a mask.
    name : str
        Where the table comes from, for messages.

    Returns
    -------
    ndarray of uint8, shape (frame, layer, y, x)
        Mask codes; nothing is labelled in a frame of a layer that has no atom there.

    Raises
    ------
    LabelsError
        If there is no atom of this image, or one of another frame, crystal layer or species.
    CalibrationError
        If the pixel size is not known.
    """
    atoms = table[table["image"] == stack.name]
    if atoms.empty:
        raise LabelsError(f"{name} has no atoms of the image {stack.name}.", remedy="Check its column image.")
    if stack.pixel_size is None:
        raise CalibrationError(
            f"The pixel size of {stack.name} is not known, and the radius of an atom is in Å.",
            remedy="Set data.image_pixel_size in the configuration.",
        )
    frames, *shape = stack.data.shape
    for column, limit in (("frame", frames), ("layer", layers)):
        if atoms[column].max() >= limit:
            raise LabelsError(
                f"{name} has atoms of {column} {atoms[column].max()} of {stack.name}, which has {limit}, from 0.",
                remedy="Mend that column, or set model.layers to the number of crystal layers.",
            )
    strange = sorted(set(atoms["species"]) - set(classes.names))
    if strange:
        raise LabelsError(
            f"{name} has the species {', '.join(strange)}.", remedy="Name them in data.classes, or leave them out."
        )
    masks = np.zeros((frames, layers, *shape), np.uint8)
    for (frame, layer), some in atoms.groupby(["frame", "layer"]):
        codes = np.array([classes.code(species) for species in some["species"]], np.uint8)
        positions = some[["y_px", "x_px"]].to_numpy(np.float64)
        drawn = draw_atoms(positions, codes, (shape[0], shape[1]), config, pixel_size=stack.pixel_size)
        masks[int(frame), int(layer)] = drawn
    return masks
