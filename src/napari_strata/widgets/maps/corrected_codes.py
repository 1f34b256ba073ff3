"""Corrected labels in the mask codes of a model."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError, TargetError
from napari_strata.types import BACKGROUND, LabelArray
from napari_strata.widgets.layers.label_memory import (
    check_is_for,
    class_table_of,
    crystal_layer_of,
    group_of,
)
from napari_strata.widgets.layers.numbered_objects import holds_objects
from napari_strata.widgets.layers.targets import frame_of_labels

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer


def check_corrects(labels: "Labels", image: "Image", layer: int, layers: "Iterable[Layer]") -> None:
    """Check that labels can say what is right on a crystal layer of an image.

    Raises
    ------
    LabelsError
        If they number objects, or are of another image or crystal layer.
    """
    if holds_objects(labels):
        raise LabelsError(
            f"{labels.name} number objects.", remedy="Press 'Objects to classes' in the Label dock first."
        )
    check_is_for(labels, image, layers)
    if group_of(labels) and crystal_layer_of(labels) != layer:
        raise LabelsError(
            f"{labels.name} is of crystal layer {crystal_layer_of(labels)}, and layer {layer} is asked.",
            remedy=f"Choose labels of crystal layer {layer}.",
        )


def corrected_codes(labels: "Labels", image: "Image", frame: int, classes: ClassTable) -> LabelArray:
    """Return the labels of a frame in the codes of a model, shape (y, x).

    Classes are told by their names. Labels whose names the model knows none of keep their codes: they come from
    elsewhere, and nobody named their classes.

    Parameters
    ----------
    labels : Labels
        Mask codes with the shape of the image.
    image : Image
        The image.
    frame : int
        Its frame.
    classes : ClassTable
        Those of the model.

    Raises
    ------
    TargetError
        If the labels have another shape, are empty here, or have classes that the model does not know.
    LabelsError
        If they are no mask codes.
    """
    names = class_table_of(labels).names
    codes = frame_of_labels(labels, image, frame).astype(np.intp)
    if not codes.any():
        raise TargetError(
            f"'{labels.name}' has nothing on this slice.", remedy="Paint what is right, also the background."
        )
    lookup = {code: _code(classes, name) for code, name in enumerate(names, start=BACKGROUND + 1)}
    if not any(lookup.values()):
        lookup = {code: code for code in range(BACKGROUND + 1, BACKGROUND + 1 + len(classes.names))}
    used = [int(code) for code in np.unique(codes) if code > BACKGROUND]
    if unknown := [code for code in used if not lookup.get(code)]:
        called = ", ".join(dict(enumerate(names, start=BACKGROUND + 1)).get(code, f"{code}") for code in unknown)
        raise TargetError(
            f"The model knows no class {called}, which '{labels.name}' has on this slice.",
            remedy=f"Its classes are {', '.join(classes.names)}; rename the class, or choose other labels.",
        )
    table = np.arange(max([BACKGROUND, *used]) + 1, dtype=np.uint8)
    table[used] = [lookup[code] for code in used]
    recoded: LabelArray = table[codes]
    return recoded


def _code(classes: ClassTable, name: str) -> int:
    """Return the code of a class; 0 where there is none of that name."""
    return classes.code(name) if name in classes.names else 0
