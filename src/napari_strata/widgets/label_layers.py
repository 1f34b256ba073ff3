"""Labels layers that match an image, and the grey copy of an image in colour."""

import uuid
from collections.abc import Iterable
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_strata.annotation.classes import colors_by_code
from napari_strata.config import ClassTable
from napari_strata.widgets.calibration import METADATA
from napari_strata.widgets.label_memory import label_memory, mates_of, remember_classes
from napari_strata.widgets.layer_choice import GREY_OF
from napari_strata.widgets.layer_data import check_kind, full_data
from napari_strata.widgets.napari_layers import placement

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer


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
        metadata = label_memory(image, table, layer=layer, group=group)
        data = np.zeros(full_data(image).shape, np.uint8)
        labels = Labels(data, name=name, opacity=0.6, metadata=metadata, **placement(image))
        set_class_table(labels, table)
        viewer.add_layer(labels)
        added.append(labels)
    return added


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
        remember_classes(one, table)
        one.colormap = DirectLabelColormap(color_dict=colors_by_code(table))


def add_grey(viewer: "Viewer", image: "Image") -> None:
    """Add the luminance of a colour image as a grey image in the same place."""
    from napari_strata.io.images import luminance

    ours = {METADATA: deepcopy(image.metadata.get(METADATA, {})), GREY_OF: image.unique_id}
    grey = luminance(np.asarray(full_data(image)))
    viewer.add_image(grey, name=f"{image.name} grey", metadata={**image.metadata, **ours}, **placement(image))
    image.visible = False
