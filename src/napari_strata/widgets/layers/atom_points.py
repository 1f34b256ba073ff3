"""Atoms as napari's points: one Points layer per crystal layer, a species per point, and the masks they make."""

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Points

from napari_strata.annotation.classes import FIRST_CLASS, UNKNOWN_COLOR
from napari_strata.annotation.recoding import Recoding
from napari_strata.annotation.spots import draw_atoms
from napari_strata.config import ClassTable
from napari_strata.errors import CalibrationError, LabelsError
from napari_strata.types import AnyArray, LabelArray
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.label_memory import (
    class_table_of,
    label_memory,
    merged_of,
    remember_merged,
    spots_of,
)
from napari_strata.widgets.layers.layer_data import check_kind, full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.world import between, from_world

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

SPECIES = "species"
"""Feature that holds the name of each atom's class."""
_SIZE_UNKNOWN = 8.0
"""Diameter of a marker where the pixel size is not known [px]."""


def new_atoms(viewer: "Viewer", image: "Image", *, layers: int, table: ClassTable, group: str) -> "list[Points]":
    """Add empty Points layers, one per crystal layer, that lie exactly on an image.

    Parameters
    ----------
    viewer : Viewer
        Where to add them.
    image : Image
        A grey image, (y, x) or (frame, y, x).
    layers : int
        Crystal layers, one Points layer each.
    table : ClassTable
        The species.
    group : str
        The group that they belong to.

    Raises
    ------
    ImageError
        If the image is a colour image or has more than three dimensions.
    """
    check_kind(image)
    added = []
    for layer in range(layers):
        points = Points(
            np.empty((0, image.ndim)),
            name=f"{image.name} atoms" if layers == 1 else f"{image.name} layer {layer} atoms",
            features={SPECIES: np.empty(0, object)},
            border_color="black",
            border_width=0.06,
            opacity=0.8,
            metadata=label_memory(image, table, layer=layer, group=group),
            **placement(image),
        )
        points.feature_defaults = {SPECIES: table.names[0]}
        show_species(points, table, table)
        viewer.add_layer(points)
        fit_markers(points, image)
        added.append(points)
    return added


def show_species(
    points: "Points", before: ClassTable, after: ClassTable, recoding: Recoding | None = None
) -> None:
    """Name and colour atoms by another class table.

    Parameters
    ----------
    points : Points
        The atoms.
    before, after : ClassTable
        Their classes until now, and from now on.
    recoding : Recoding, optional
        Which class became which; by default the one in the same place. Atoms of a class that is no more keep its
        name.
    """
    codes = range(FIRST_CLASS, FIRST_CLASS + len(before.classes)) if recoding is None else recoding.codes
    names = {
        old: after.names[code - FIRST_CLASS]
        for old, code in zip(before.names, codes, strict=False)
        if FIRST_CLASS <= code < FIRST_CLASS + len(after.classes)
    }
    present, default = points.features, str(points.feature_defaults[SPECIES].iloc[0])
    species = np.array([names.get(name, name) for name in present[SPECIES]], object)
    if recoding is not None:
        _divide_again(points, species, [name for name in after.names if name not in names.values()])
        _note_merged(
            points, [old for old, new in names.items() if list(names.values()).count(new) > 1 and old != new]
        )
    points.features = present.assign(**{SPECIES: species})
    points.feature_defaults = {SPECIES: names.get(default, after.names[0])}
    # given as a dictionary, colours belong to names and not to the order in which those come
    points.face_color_cycle = {None: UNKNOWN_COLOR, **{one.name: one.color for one in after.classes}}
    points.face_color = SPECIES


def fit_markers(points: "Points", image: "Image") -> None:
    """Make markers as large as the spots that atoms become."""
    pixel_size = calibration_of(image).value
    diameter = _SIZE_UNKNOWN if pixel_size is None else 2 * spots_of(points).radius / pixel_size
    points.size = diameter
    points.current_size = diameter


def choose_species(points: "Points", name: str) -> None:
    """Give the next atom a class; and those that are selected, except while atoms are added.

    Then the one that was added last is selected, which keeps its class when another one is chosen for the next.
    """
    if points.mode == "add":
        points.selected_data = set()
    points.current_properties = {SPECIES: np.array([name], object)}


def codes_of_atoms(points: "Points") -> LabelArray:
    """Return the mask code of each atom.

    Raises
    ------
    LabelsError
        If an atom's class is not in the table.
    """
    table = class_table_of(points)
    species = [str(name) for name in points.features[SPECIES]]
    strange = sorted({name for name in species if name not in table.names})
    if strange:
        raise LabelsError(
            f"{points.name} has atoms of the class {', '.join(strange)}, which is not in its class table.",
            remedy="Select them and choose a row of the class table, or add that class.",
        )
    return np.array([table.code(name) for name in species], np.uint8)


def draw_mask(points: "Points", image: "Image") -> LabelArray:
    """Draw atoms into a mask on an image's pixels.

    Parameters
    ----------
    points : Points
        The atoms of one crystal layer.
    image : Image
        The image.

    Returns
    -------
    ndarray of uint8, shape (frame, y, x)
        Mask codes; nothing is labelled in slices without an atom.

    Raises
    ------
    CalibrationError
        If the pixel size is not known.
    LabelsError
        If an atom's class is not in the table.
    """
    pixel_size = calibration_of(image).value
    if pixel_size is None:
        raise CalibrationError(
            f"The pixel size of {image.name} is not known, and the radius of an atom is in Å.",
            remedy="Type the length of one pixel in Å in the Train dock.",
        )
    config, codes, shape = spots_of(points), codes_of_atoms(points), full_data(image).shape
    mask = np.zeros(shape if len(shape) == 3 else (1, *shape), np.uint8)
    frame_of, places = _places(points, image)
    for frame in frames_with_atoms(points, image):
        here = frame_of == frame
        mask[frame] = draw_atoms(places[here], codes[here], shape[-2:], config, pixel_size=pixel_size)
    return mask


def frames_with_atoms(points: "Points", image: "Image") -> list[int]:
    """Return the slices of an image in which there is an atom."""
    depth = 1 if image.ndim == 2 else len(full_data(image))
    return [int(frame) for frame in np.unique(_places(points, image)[0]) if 0 <= frame < depth]


def _places(points: "Points", image: "Image") -> tuple[Any, Any]:
    """Return the slice of each atom, shape (atom,), and its position in the image's pixels, shape (atom, 2)."""
    if not len(points.data):
        return np.empty(0, np.int64), np.empty((0, 2))
    places = between(points, image, points.data)
    frames = np.zeros(len(places), np.int64) if image.ndim == 2 else np.rint(places[:, 0]).astype(np.int64)
    return frames, places[:, -2:]


def count_atoms(points: "Points", viewer: "Viewer") -> tuple[Any, Any]:
    """Return the number of atoms by code, shape (256,), in the shown slice and in all slices."""
    names = class_table_of(points).names
    codes = np.array(
        [names.index(n) + FIRST_CLASS if n in names else 0 for n in points.features[SPECIES]], np.int64
    )
    here = np.ones(len(codes), bool)
    if points.ndim > 2:
        shown = np.rint(from_world(points, viewer, viewer.dims.point)[0])
        here = np.rint(points.data[:, 0]) == shown
    return np.bincount(codes[here], minlength=256), np.bincount(codes, minlength=256)


def _note_merged(points: "Points", classes: list[str]) -> None:
    """Note where the atoms of classes lie that go into others: napari cannot undo what happens to points."""
    places = {name: points.data[np.array(points.features[SPECIES] == name, bool)].tolist() for name in classes}
    remember_merged(points, {**merged_of(points), **places})


def _divide_again(points: "Points", species: AnyArray, classes: list[str]) -> None:
    """Give atoms the classes that come back, where they lie as they did before those were merged."""
    merged = merged_of(points)
    for name in classes:
        for place in merged.pop(name, []):
            species[(points.data == place).all(axis=1)] = name
    remember_merged(points, merged)
