"""Labels layers that match an image, and the grey copy of an image in colour."""

from collections.abc import Iterable
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_strata.annotation.classes import colors_by_code
from napari_strata.annotation.recoding import Recoding
from napari_strata.config import ClassTable
from napari_strata.widgets.layers.atom_points import show_species
from napari_strata.widgets.layers.calibration import METADATA
from napari_strata.widgets.layers.label_birth import let_birth_follow
from napari_strata.widgets.layers.label_memory import (
    class_table_of,
    label_memory,
    members_of,
    new_group,
    remember_classes,
)
from napari_strata.widgets.layers.layer_data import check_kind, full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.parts.layer_choice import GREY_OF

if TYPE_CHECKING:
    from napari.layers import Image, Layer, Points
    from napari.viewer import Viewer


def new_labels(
    viewer: "Viewer", image: "Image", *, layers: int, table: ClassTable, group: str = ""
) -> "list[Labels]":
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
    group : str
        The group that they belong to; empty makes another one.

    Raises
    ------
    ImageError
        If the image is a colour image or has more than three dimensions.
    """
    check_kind(image)
    group = group or new_group()
    return [add_labels(viewer, image, layer, layers=layers, table=table, group=group) for layer in range(layers)]


def add_labels(
    viewer: "Viewer", image: "Image", layer: int, *, layers: int, table: ClassTable, group: str
) -> Labels:
    """Add the empty Labels layer of one of several crystal layers; parameters as in `new_labels`."""
    name = f"{image.name} labels" if layers == 1 else f"{image.name} layer {layer} labels"
    metadata = label_memory(image, table, layer=layer, group=group)
    data = np.zeros(full_data(image).shape, np.uint8)
    labels = Labels(data, name=name, opacity=0.6, metadata=metadata, **placement(image))
    set_class_table(labels, table)
    viewer.add_layer(labels)
    return labels


def set_class_table(
    labels: "Labels | Points",
    table: ClassTable,
    layers: "Iterable[Layer]" = (),
    *,
    recoding: Recoding | None = None,
) -> None:
    """Give labels or atoms, and all that were made together with them, a class table and its colours.

    Parameters
    ----------
    labels : Labels or Points
        The layer.
    table : ClassTable
        Its classes.
    layers : iterable of Layer
        The viewer's layers; those made together with this one get the same table.
    recoding : Recoding, optional
        Which class became which, where that is not the one with the same code; pixels have followed it already.
    """
    for one in members_of(labels, layers):
        if isinstance(one, Labels):
            one.colormap = DirectLabelColormap(color_dict=colors_by_code(table))
            if recoding is not None:
                let_birth_follow(one, recoding)
        else:
            show_species(one, class_table_of(one), table, recoding)
        remember_classes(one, table)


def add_grey(viewer: "Viewer", image: "Image") -> None:
    """Add the luminance of a colour image as a grey image in the same place."""
    from napari_strata.io.images import luminance

    ours = {METADATA: deepcopy(image.metadata.get(METADATA, {})), GREY_OF: image.unique_id}
    grey = luminance(np.asarray(full_data(image)))
    viewer.add_image(grey, name=f"{image.name} grey", metadata={**image.metadata, **ours}, **placement(image))
    image.visible = False
