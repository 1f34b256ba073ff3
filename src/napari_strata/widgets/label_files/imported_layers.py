"""Imported labels as napari layers that lie exactly on their image and belong to the label system."""

import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels

from napari_strata.annotation.classes import join_tables
from napari_strata.annotation.drawn_labels import DrawnLabels
from napari_strata.annotation.provenance import Provenance
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.types import LabelArray
from napari_strata.widgets.layers.calibration import IMAGE, METADATA
from napari_strata.widgets.layers.label_birth import remember_birth
from napari_strata.widgets.layers.label_layers import set_class_table
from napari_strata.widgets.layers.label_memory import (
    class_table_of,
    crystal_layer_of,
    join,
    label_memory,
    labels_of,
    mates_of,
)
from napari_strata.widgets.layers.label_step import slices_of, write_step
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.numbered_objects import CLASS, NUMBER, object_memory

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer


def add_codes(
    viewer: "Viewer", image: "Image", codes: LabelArray, table: ClassTable, *, crystal_layer: int | None
) -> Labels:
    """Add imported mask codes as labels to be worked on.

    Parameters
    ----------
    viewer : Viewer
        Where to add them.
    image : Image
        The image that was annotated.
    codes : ndarray of uint8, shape (y, x) or (frame, y, x)
        Mask codes.
    table : ClassTable
        What they mean.
    crystal_layer : int or None
        Which crystal layer of the image's group they are; None makes a group of their own. Classes that the group
        has not yet are added to it.

    Raises
    ------
    LabelsError
        If the group has labels in this crystal layer already.
    """
    codes = codes.reshape(full_data(image).shape)
    mates = [] if crystal_layer is None else labels_of(image, viewer.layers)
    if not mates:
        return _add_group(viewer, image, codes, table, crystal_layer)
    assert crystal_layer is not None, "only labels of a crystal layer have mates"
    joint, lookup = join_tables(class_table_of(mates[0]), table)
    present = _labels_in(mates[0], crystal_layer, viewer)
    if present is not None and np.any(full_data(present)):
        raise LabelsError(
            f"{present.name} holds labels already.",
            remedy="Choose another crystal layer, or remove that layer first; nothing was overwritten.",
        )
    labels = present if present is not None else _empty(viewer, image, crystal_layer, mates[0])
    set_class_table(mates[0], joint, viewer.layers)
    write_step(labels, ((place, lookup[codes[place]]) for place, _ in slices_of(labels)))
    remember_birth(labels, Provenance.IMPORTED)
    return labels


def add_numbers(
    viewer: "Viewer", image: "Image", drawn: DrawnLabels, table: ClassTable, *, outside: int
) -> Labels:
    """Add numbered objects as a Labels layer whose features tell the class of each number.

    Parameters
    ----------
    viewer : Viewer
        Where to add them.
    image : Image
        The image that was annotated.
    drawn : DrawnLabels
        The objects.
    table : ClassTable
        The classes of the import.
    outside : int
        Mask code of what lies between the objects: background or not labelled.
    """
    features = {
        NUMBER: [one.number for _, one in drawn.objects],
        CLASS: [one.label for _, one in drawn.objects],
        "source": [one.source for _, one in drawn.objects],
        "occluded": [one.occluded for _, one in drawn.objects],
    }
    labels = Labels(
        drawn.data.reshape(full_data(image).shape),
        name=f"{image.name} objects",
        features=features,
        metadata={METADATA: {IMAGE: image.unique_id}, **object_memory(table, outside)},
        **placement(image),
    )
    remember_birth(labels, Provenance.IMPORTED)
    viewer.add_layer(labels)
    return labels


def _add_group(
    viewer: "Viewer", image: "Image", codes: LabelArray, table: ClassTable, crystal_layer: int | None
) -> Labels:
    name = f"{image.name} labels" if crystal_layer is None else f"{image.name} layer {crystal_layer} labels"
    metadata = label_memory(image, table, layer=crystal_layer or 0, group=uuid.uuid4().hex)
    labels = Labels(codes, name=name, opacity=0.6, metadata=metadata, **placement(image))
    set_class_table(labels, table)
    remember_birth(labels, Provenance.IMPORTED)
    viewer.add_layer(labels)
    return labels


def _empty(viewer: "Viewer", image: "Image", crystal_layer: int, mate: "Layer") -> Labels:
    """Add the empty labels of one more crystal layer of a group."""
    name = f"{image.name} layer {crystal_layer} labels"
    labels = Labels(np.zeros(full_data(image).shape, np.uint8), name=name, opacity=0.6, **placement(image))
    join(labels, mate, layer=crystal_layer)
    viewer.add_layer(labels)
    return labels


def _labels_in(mate: "Layer", crystal_layer: int, viewer: "Viewer") -> Any:
    same = [one for one in mates_of(mate, viewer.layers) if crystal_layer_of(one) == crystal_layer]
    return next((one for one in same if isinstance(one, Labels)), None)
