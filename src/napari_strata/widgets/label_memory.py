"""What a Labels layer remembers in its metadata: its classes, its image, its crystal layer and its mates."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.annotation.classes import table_for_codes
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.widgets.calibration import IMAGE, METADATA, image_id_of
from napari_strata.widgets.layer_choice import RESULT
from napari_strata.widgets.layer_data import full_data
from napari_strata.widgets.results import ORIGIN

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer

_CLASSES, _GROUP, _LAYER, _IMAGE_NAME = "classes", "group", "crystal_layer", "image_name"
"""Keys in our metadata: the class table, what Labels layers that were made together have in common, which crystal
layer it is, and the image's name, in case that is closed."""


def label_memory(image: "Image", table: ClassTable, *, layer: int, group: str) -> dict[str, Any]:
    """Return the metadata of a new Labels layer.

    Parameters
    ----------
    image : Image
        What it labels.
    table : ClassTable
        Its classes.
    layer : int
        Its crystal layer, from 0.
    group : str
        The same for all that are made together.
    """
    made_for = {IMAGE: image.unique_id, _IMAGE_NAME: image.name}
    return {METADATA: {_CLASSES: _plain(table), _GROUP: group, _LAYER: layer, **made_for}}


def remember_classes(labels: "Labels", table: ClassTable) -> None:
    """Note another class table."""
    labels.metadata[METADATA] = {**_memory(labels), _CLASSES: _plain(table)}


def class_table_of(labels: "Labels") -> ClassTable:
    """Return a Labels layer's class table; labels from elsewhere get one that fits their codes.

    Raises
    ------
    LabelsError
        If they hold more codes than a class table has.
    """
    classes = _memory(labels).get(_CLASSES)
    if classes is None:
        return table_for_codes(int(np.max(full_data(labels), initial=0)), name=labels.name)
    return ClassTable.parse({_CLASSES: classes}, source=f"The class table of {labels.name}")


def mates_of(labels: "Labels", layers: "Iterable[Layer]") -> "list[Labels]":
    """Return the Labels layers that were made together, copies of them too, ordered by crystal layer.

    Of the masks of one prediction these are the ones that somebody edited.
    """
    group = _memory(labels).get(_GROUP)
    mates = [one for one in layers if group and _memory(one).get(_GROUP) == group and not one.metadata.get(RESULT)]
    return sorted(mates, key=_crystal_layer) or [labels]


def others_of(labels: "Labels", layers: "Iterable[Layer]") -> "list[Labels]":
    """Return one mate for each of the other crystal layers, in their order."""
    others = {_crystal_layer(mate): mate for mate in reversed(mates_of(labels, layers))}
    others.pop(_crystal_layer(labels), None)
    return [others[layer] for layer in sorted(others)]


def is_drawn(napari_layer: "Layer") -> bool:
    """Tell a Labels layer that was made to be painted on from others, and from masks that a network drew."""
    return _GROUP in _memory(napari_layer) and ORIGIN not in napari_layer.metadata


def image_of(labels: "Labels", layers: "Iterable[Layer]") -> "Image | None":
    """Return the image that labels were made for; once it is closed, one that was opened again under its name."""
    from napari.layers import Image

    images = [one for one in layers if isinstance(one, Image)]
    made_for = [one for one in images if one.unique_id == image_id_of(labels)]
    namesakes = [one for one in images if one.name == _memory(labels).get(_IMAGE_NAME)]
    return next(iter(made_for + namesakes), None)


def labels_of(image: "Image", layers: "Iterable[Layer]") -> "list[Labels]":
    """Return the Labels layers that were made to be painted on an image, the last made first."""
    layers = list(layers)
    return [one for one in reversed(layers) if is_drawn(one) and image_of(one, layers) == image]


def is_for(labels: "Labels", image: "Image | None", layers: "Iterable[Layer]") -> bool:
    """Return whether labels were made for an image; of labels from elsewhere nobody knows."""
    return image_id_of(labels) is None or image == image_of(labels, layers)


def check_is_for(labels: "Labels", image: "Image", layers: "Iterable[Layer]") -> None:
    """Check that nobody learns from the pixels of another image than the one that was labelled.

    Raises
    ------
    LabelsError
        If the labels were made for another image.
    """
    layers = list(layers)
    if is_for(labels, image, layers):
        return
    owner = image_of(labels, layers)
    name = _memory(labels).get(_IMAGE_NAME) if owner is None else owner.name
    raise LabelsError(
        f"{labels.name} was made for the image {name}, not for {image.name}.",
        remedy=f"{'Open' if owner is None else 'Choose'} {name}, or make labels for {image.name}.",
    )


def _memory(napari_layer: "Layer") -> dict[str, Any]:
    memory: dict[str, Any] = napari_layer.metadata.get(METADATA, {})
    return memory


def _crystal_layer(labels: "Labels") -> int:
    return int(_memory(labels).get(_LAYER, 0))


def _plain(table: ClassTable) -> Any:
    return table.model_dump()["classes"]
