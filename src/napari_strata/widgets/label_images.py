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
from napari_strata.widgets.label_memory import class_table_of, crystal_layer_of, image_of
from napari_strata.widgets.layer_data import full_data
from napari_strata.widgets.numbered_objects import holds_objects

if TYPE_CHECKING:
    from napari.viewer import Viewer


def label_images(viewer: "Viewer", chosen: Sequence[Labels]) -> tuple[list[LabelImage], tuple[FileClass, ...]]:
    """Copy Labels layers for an export, under the names of their images, and return their classes.

    Labels of several crystal layers of one image go into a folder for each crystal layer.

    Raises
    ------
    LabelsError
        If nothing is chosen, a layer has more than three dimensions, or one image has two layers for the same
        crystal layer.
    """
    if not chosen:
        raise LabelsError("No labels are chosen.", remedy="Tick the labels to export.")
    names = [_image_name(labels, viewer) for labels in chosen]
    several = any(count > 1 for count in Counter(names).values())
    images = [
        _label_image(labels, name, f"layer-{crystal_layer_of(labels)}" if several else "")
        for labels, name in zip(chosen, names, strict=True)
    ]
    clash = next((key for key, n in Counter((one.folder, one.name) for one in images).items() if n > 1), None)
    if clash is not None:
        raise LabelsError(
            f"Two of the chosen layers are labels of the same crystal layer of {clash[1]}.",
            remedy="Choose one of them, or export them one after the other.",
        )
    tables = [class_table_of(labels) for labels in chosen if not is_numbered(labels)]
    return images, tuple(FileClass(one.name, one.color) for table in tables for one in table.classes)


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
