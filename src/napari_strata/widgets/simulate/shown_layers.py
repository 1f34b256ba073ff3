"""A simulated image and its truth as napari layers, beside what is there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels, Points
from napari.utils.colormaps import DirectLabelColormap

from napari_strata.annotation.provenance import Provenance
from napari_strata.config import ClassTable
from napari_strata.types import BACKGROUND, LabelArray
from napari_strata.widgets.layers.calibration import MADE_WITH, METADATA
from napari_strata.widgets.layers.colours import HUES, label_colours
from napari_strata.widgets.layers.label_birth import remember_birth
from napari_strata.widgets.layers.label_memory import label_memory, new_group
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.results import tag

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_strata.jobs.preview_simulation import Preview

ANGSTROM = "angstrom"
ATOM_DIAMETER = 0.7
"""Diameter of an atom's marker [Å]."""
APART = 0.05
"""Distance to what is there, in parts of the simulated image's width."""
_BY = "simulator"


@dataclass(frozen=True, slots=True)
class WorldUnits:
    """The units in which an image layer lies in napari's world.

    Attributes
    ----------
    unit : pint.Unit or str
        A length, or the pixel.
    per_angstrom : float
        How many of these are an Å.
    """

    unit: Any
    per_angstrom: float


def units_of(napari_layer: "Image", pixel_size: float) -> WorldUnits:
    """Return the units of an image layer whose pixels are so large [Å/px], whatever the layer itself states."""
    return WorldUnits(napari_layer.units[-1], float(napari_layer.scale[-1]) / pixel_size)


def add_simulated(viewer: "Viewer", preview: "Preview", name: str, units: WorldUnits | None = None) -> "Image":
    """Add a simulated image to the right of all images, with the masks of its layers and its atoms, both hidden.

    What is true is tagged like what a network finds: no dock takes it for labels that somebody drew.

    Parameters
    ----------
    viewer : Viewer
        Where to add them.
    preview : Preview
        What was simulated.
    name : str
        Name of the image.
    units : WorldUnits, optional
        Those of the image that it is put beside, Å by default.
    """
    pixel_size = preview.parameters["pixel_size"]
    units = units or WorldUnits(ANGSTROM, 1.0)
    scale = pixel_size * units.per_angstrom
    image: Image = viewer.add_image(
        preview.image,
        name=name,
        scale=(scale, scale),
        units=(units.unit, units.unit),
        axis_labels=("y", "x"),
        translate=_free_place(viewer, preview.image.shape[1] * scale, units.unit),
        metadata={METADATA: {"parameters": preview.parameters, MADE_WITH: pixel_size}},
    )
    table, group = ClassTable.from_names(preview.classes), new_group()
    truth = [
        _masks(image, codes, table, layer, len(preview.labels), group)
        for layer, codes in enumerate(preview.labels)
    ]
    for one in (*truth, _atoms(preview, image)):
        viewer.add_layer(one)
    viewer.layers.selection.active = image
    return image


def _masks(image: "Image", codes: LabelArray, table: ClassTable, layer: int, layers: int, group: str) -> Labels:
    colours = {BACKGROUND + 1 + i: colour for i, colour in enumerate(label_colours(table, layers, layer))}
    clear = {None: "transparent", 0: "transparent", BACKGROUND: "transparent"}
    labels = Labels(
        np.ascontiguousarray(codes),
        name=f"{image.name} masks" if layers == 1 else f"{image.name} layer {layer} masks",
        colormap=DirectLabelColormap(color_dict=clear | colours),
        opacity=0.5,
        visible=False,
        metadata=tag("simulated masks", image, _BY, {}, layer=layer)
        | label_memory(image, table, layer=layer, group=group),
        **placement(image),
    )
    remember_birth(labels, Provenance.IMPORTED)
    return labels


def _atoms(preview: "Preview", image: "Image") -> Points:
    table = preview.atoms
    return Points(
        table[["y_px", "x_px"]].to_numpy(dtype=np.float64),
        name=f"{image.name} atoms",
        features={"layer": table["layer"].to_numpy(), "species": table["species"].to_numpy(object)},
        face_color={"color_mode": "cycle", "color_properties": "layer"},
        face_color_cycle=dict(enumerate(HUES[: len(preview.labels)])),
        size=ATOM_DIAMETER / preview.parameters["pixel_size"],
        border_color="black",
        border_width=0.06,
        opacity=0.65,
        visible=False,
        metadata=tag("simulated atoms", image, _BY, {}),
        **placement(image),
    )


def _free_place(viewer: "Viewer", width: float, unit: Any) -> tuple[float, float]:
    """Return where (y, x) [unit] an image lies beside those that are measured in such units."""
    ends: list[tuple[float, float]] = []
    for layer in viewer.layers:
        own: Any = layer.units[-1]
        if own.is_compatible_with(unit):
            factor = float((1 * own).to(unit).magnitude)
            low, high = layer.extent.world[:, -2:] * factor
            ends.append((float(low[0]), float(high[1])))
    if not ends:
        return 0.0, 0.0
    return min(top for top, _ in ends), max(right for _, right in ends) + APART * width
