"""Labels layers that match an image, and the class table that they carry in their metadata."""

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_strata.annotation.classes import colors_by_code, table_for_codes
from napari_strata.config import ClassTable
from napari_strata.widgets.calibration import METADATA
from napari_strata.widgets.layer_data import check_kind, full_data
from napari_strata.widgets.napari_layers import placement

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

_CLASSES, _GROUP = "classes", "group"
"""Keys in our metadata: the class table, and what the Labels layers of one image have in common."""


def new_labels(viewer: "Viewer", image: "Image", *, layers: int, table: ClassTable) -> "list[Labels]":
    """Add empty Labels layers that lie exactly on an image.

    Parameters
    ----------
    viewer : Viewer
        Where to add them.
    image : Image
        A grey image, (y, x) or (frame, y, x).
    layers : int
        Crystal layers, one Labels layer each.
    table : ClassTable
        Their classes.

    Raises
    ------
    ImageError
        If the image is a colour image or has more than three dimensions.
    """
    check_kind(image)
    group = uuid.uuid4().hex
    added = []
    for layer in range(layers):
        name = f"{image.name} labels" if layers == 1 else f"{image.name} layer {layer} labels"
        data = np.zeros(full_data(image).shape, np.uint8)
        labels = Labels(data, name=name, opacity=0.6, metadata={METADATA: {_GROUP: group}}, **placement(image))
        set_class_table(labels, table)
        viewer.add_layer(labels)
        added.append(labels)
    return added


def class_table_of(labels: Labels) -> ClassTable:
    """Return a Labels layer's class table; labels from elsewhere get one that fits their codes."""
    classes = labels.metadata.get(METADATA, {}).get(_CLASSES)
    if classes is None:
        return table_for_codes(int(np.max(full_data(labels), initial=0)))
    return ClassTable.parse({_CLASSES: classes}, source=f"The class table of {labels.name}")


def set_class_table(labels: Labels, table: ClassTable, layers: "Iterable[Layer]" = ()) -> None:
    """Give a Labels layer a class table and its colours.

    Parameters
    ----------
    labels : Labels
        The layer.
    table : ClassTable
        Its classes.
    layers : iterable of Layer
        The viewer's layers; those made together with this one get the same table.
    """
    for one in mates_of(labels, layers):
        one.metadata.setdefault(METADATA, {})[_CLASSES] = table.model_dump()["classes"]
        one.colormap = DirectLabelColormap(color_dict=colors_by_code(table))


def mates_of(labels: Labels, layers: "Iterable[Layer]") -> "list[Labels]":
    """Return the Labels layers that were made together, one per crystal layer, in that order."""
    group = labels.metadata.get(METADATA, {}).get(_GROUP)
    mates = [one for one in layers if group and one.metadata.get(METADATA, {}).get(_GROUP) == group]
    return mates or [labels]


def add_grey(viewer: "Viewer", image: "Image") -> None:
    """Add the luminance of a colour image as a grey image in the same place."""
    from napari_strata.io.images import luminance

    grey = viewer.add_image(luminance(np.asarray(full_data(image))), name=f"{image.name} grey", **placement(image))
    grey.metadata.update(image.metadata)
    image.visible = False
