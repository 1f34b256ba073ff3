"""Labels layers as they are exported: copies of their data, and what their values mean."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels

from napari_strata.annotation.classes import FIRST_CLASS, LAST_CLASS
from napari_strata.annotation.tracing import LabelImage, Meaning
from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import FileClass
from napari_strata.widgets.layers.label_memory import class_table_of, crystal_layer_of, image_of
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.numbered_objects import holds_objects

if TYPE_CHECKING:
    from napari.viewer import Viewer

_OBJECTS = "objects"
"""Folder of numbered objects beside mask codes of the same image."""


def label_images(viewer: "Viewer", chosen: Sequence[Labels]) -> tuple[list[LabelImage], tuple[FileClass, ...]]:
    """Copy Labels layers for an export, under the names of their images, and return their classes.

    Labels of several crystal layers of one image go into a folder for each crystal layer, objects beside them into
    one of their own.

    Raises
    ------
    LabelsError
        If nothing is chosen, a layer has more than three dimensions, or one image has two layers for the same
        crystal layer, or two that number objects.
    """
    if not chosen:
        raise LabelsError("No labels are chosen.", remedy="Tick the labels to export.")
    names = [_image_name(labels, viewer) for labels in chosen]
    folders = _folders(chosen, names)
    images = [_label_image(*one) for one in zip(chosen, names, folders, strict=True)]
    clash = next((key for key, n in Counter((one.folder, one.name) for one in images).items() if n > 1), None)
    if clash is not None:
        what = "number the objects" if clash[0] == _OBJECTS else "are labels of the same crystal layer"
        raise LabelsError(
            f"Two of the chosen layers {what} of {clash[1]}.",
            remedy="Choose one of them, or export them one after the other.",
        )
    tables = [class_table_of(labels) for labels in chosen if not is_numbered(labels)]
    return images, tuple(FileClass(one.name, one.color) for table in tables for one in table.classes)


def _folders(chosen: Sequence[Labels], names: Sequence[str]) -> list[str]:
    """Return the folder for each of the chosen layers; none where each image has one layer."""
    numbered = [is_numbered(labels) for labels in chosen]
    of_codes = [name for name, is_object in zip(names, numbered, strict=True) if not is_object]
    objects = _OBJECTS if _has_twice(names) else ""
    in_layers = _has_twice(of_codes)
    return [
        objects if is_object else f"layer-{crystal_layer_of(labels)}" if in_layers else ""
        for labels, is_object in zip(chosen, numbered, strict=True)
    ]


def _has_twice(names: Sequence[str]) -> bool:
    return len(set(names)) < len(names)


def is_numbered(labels: Labels) -> bool:
    """Tell Labels layers whose values number objects from those that hold mask codes."""
    return holds_objects(labels) or int(np.max(full_data(labels), initial=0)) > LAST_CLASS


def _label_image(labels: Labels, name: str, folder: str) -> LabelImage:
    data = np.array(full_data(labels))
    if data.ndim not in (2, 3):
        raise LabelsError(
            f"{labels.name} has {data.ndim} dimensions.", remedy="Export (y, x) or (frame, y, x) labels."
        )
    if is_numbered(labels):
        return LabelImage(name, data, "instance", _objects(labels), folder)
    codes = enumerate(class_table_of(labels).names, start=FIRST_CLASS)
    return LabelImage(name, data, "semantic", {code: Meaning(one) for code, one in codes}, folder)


def _objects(labels: Labels) -> dict[int, Meaning]:
    features = labels.features
    if not {"index", "class"} <= set(features):
        return {}
    return {
        int(row["index"]): Meaning(str(row["class"]), str(row.get("source", "")), bool(row.get("occluded", False)))
        for row in features.to_dict("records")
    }


def _image_name(labels: Labels, viewer: "Viewer") -> str:
    """Return the file name of the image, or the name of its layer with an ending."""
    image = image_of(labels, viewer.layers)
    if image is None:
        return f"{labels.name}.tif"
    return Path(image.source.path).name if image.source.path else f"{image.name}.tif"
