"""What Labels and Points layers remember in their metadata: classes, image, crystal layer, mates and notes."""

import json
import uuid
from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.annotation.classes import table_for_codes
from napari_strata.annotation.provenance import Birth
from napari_strata.config import ClassTable, SpotConfig
from napari_strata.errors import LabelsError
from napari_strata.widgets.layers.calibration import IMAGE, METADATA, image_id_of
from napari_strata.widgets.layers.drawn_pixels import DrawnPixels
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.results import ORIGIN
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer

_CLASSES, _GROUP, _LAYER, _IMAGE_NAME = "classes", "group", "crystal_layer", "image_name"
"""Keys in our metadata: the class table, what Labels layers that were made together have in common, which crystal
layer it is, and the image's name, in case that is closed."""
BIRTH = "birth"
"""Key of how the labels began; without it they began empty: `label_birth`."""
DIVIDED = "divided"
"""Key of the first codes before each merge or deletion of a class, with that change, the last one last."""
_SPOTS = "spots"
"""Key of how points become a mask."""
_NOTES = "of_maps"
"""Key of what was painted, or marked to be corrected, after maps of explanations, the first first."""
_DRAWN = "drawn_with_notes"
"""Key of the pixels that were drawn with these notes, by the note's place among them."""
_MERGED = "merged"
"""Key of the positions of atoms by the class that they had before it was merged into another one."""


def memory_of(napari_layer: "Layer") -> dict[str, Any]:
    """Return what a layer remembers, by our keys."""
    memory: dict[str, Any] = napari_layer.metadata.get(METADATA, {})
    return memory


def remember(napari_layer: "Layer", values: dict[str, Any]) -> None:
    """Note something, and let napari tell those who follow the metadata."""
    napari_layer.metadata = {**napari_layer.metadata, METADATA: {**memory_of(napari_layer), **values}}


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


def new_group() -> str:
    """Return what layers that are made together have in common, and no others."""
    return uuid.uuid4().hex


def remember_classes(labels: "Layer", table: ClassTable) -> None:
    """Note another class table."""
    remember(labels, {_CLASSES: _plain(table)})


def remember_spots(points: "Layer", config: SpotConfig) -> None:
    """Note how points become a mask."""
    remember(points, {_SPOTS: config.model_dump()})


def spots_of(points: "Layer") -> SpotConfig:
    """Return how points become a mask."""
    return SpotConfig.parse(memory_of(points).get(_SPOTS, {}), source=f"The spots of {points.name}")


def remember_merged(points: "Layer", merged: dict[str, list[list[float]]]) -> None:
    """Note where the atoms of merged classes lie, by class, so that undo finds them."""
    remember(points, {_MERGED: merged})


def merged_of(points: "Layer") -> dict[str, list[list[float]]]:
    """Return where the atoms of merged classes lie, by class."""
    return dict(memory_of(points).get(_MERGED, {}))


def remember_crystal_layer(labels: "Layer", layer: int) -> None:
    """Note which crystal layer labels or points belong to."""
    remember(labels, {_LAYER: layer})


def join(labels: "Layer", mate: "Layer", *, layer: int) -> None:
    """Take labels or points into the group of others, for its image, as a crystal layer of it.

    What they remembered of a network that drew them is forgotten, or nobody would let them be painted on.
    """
    shared = {key: value for key, value in memory_of(mate).items() if key in (_GROUP, IMAGE, _IMAGE_NAME)}
    remember(labels, {**shared, _LAYER: layer})
    labels.metadata = {key: value for key, value in labels.metadata.items() if key not in (RESULT, ORIGIN)}


def class_table_of(labels: "Layer") -> ClassTable:
    """Return the class table of labels or points; labels from elsewhere get one that fits their codes.

    Raises
    ------
    LabelsError
        If they hold more codes than a class table has.
    """
    classes = memory_of(labels).get(_CLASSES)
    if classes is None:
        return table_for_codes(int(np.max(full_data(labels), initial=0)), name=labels.name)
    return ClassTable.parse({_CLASSES: classes}, source=f"The class table of {labels.name}")


def members_of(labels: "Layer", layers: "Iterable[Layer]") -> "list[Any]":
    """Return the Labels and Points layers that were made together, copies of them too, ordered by crystal layer.

    Of the masks of one prediction these are the ones that somebody edited.
    """
    group = group_of(labels)
    mates = [
        one for one in layers if group and memory_of(one).get(_GROUP) == group and not one.metadata.get(RESULT)
    ]
    return sorted(mates, key=crystal_layer_of) or [labels]


def mates_of(labels: "Layer", layers: "Iterable[Layer]") -> "list[Any]":
    """Return those of the group that are of the same kind, Labels or Points."""
    return [one for one in members_of(labels, layers) if isinstance(one, labels.__class__)]


def others_of(labels: "Layer", layers: "Iterable[Layer]") -> "list[Any]":
    """Return one mate of the same kind for each of the other crystal layers, in their order."""
    others = {crystal_layer_of(mate): mate for mate in reversed(mates_of(labels, layers))}
    others.pop(crystal_layer_of(labels), None)
    return [others[layer] for layer in sorted(others)]


def crystal_layer_of(labels: "Layer") -> int:
    """Return the crystal layer that labels or points belong to, 0 where nobody noted it."""
    return int(memory_of(labels).get(_LAYER, 0))


def group_of(napari_layer: "Layer") -> str:
    """Return what a layer has in common with those made together with it; empty for layers from elsewhere."""
    return str(memory_of(napari_layer).get(_GROUP, ""))


def is_drawn(napari_layer: "Layer") -> bool:
    """Tell labels and points that were made to be worked on from others, and from what a network drew."""
    return _GROUP in memory_of(napari_layer) and ORIGIN not in napari_layer.metadata


def image_of(labels: "Layer", layers: "Iterable[Layer]") -> "Image | None":
    """Return the image that labels were made for; once it is closed, one that was opened again under its name."""
    from napari.layers import Image

    images = [one for one in layers if isinstance(one, Image)]
    made_for = [one for one in images if one.unique_id == image_id_of(labels)]
    namesakes = [one for one in images if one.name == memory_of(labels).get(_IMAGE_NAME)]
    return next(iter(made_for + namesakes), None)


def image_name_of(labels: "Layer") -> str:
    """Return the name of the image that labels were made for."""
    return str(memory_of(labels).get(_IMAGE_NAME, "image"))


def labels_of(image: "Image", layers: "Iterable[Layer]") -> "list[Any]":
    """Return the layers that were made to label an image, Labels before Points, the last made first."""
    from napari.layers import Points

    layers = list(layers)
    drawn = [one for one in reversed(layers) if is_drawn(one) and image_of(one, layers) == image]
    return sorted(drawn, key=lambda one: isinstance(one, Points))


def is_for(labels: "Layer", image: "Image | None", layers: "Iterable[Layer]") -> bool:
    """Return whether labels were made for an image; of labels from elsewhere nobody knows."""
    return image_id_of(labels) is None or image == image_of(labels, layers)


def check_is_for(labels: "Layer", image: "Image", layers: "Iterable[Layer]") -> None:
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
    name = image_name_of(labels) if owner is None else owner.name
    raise LabelsError(
        f"{labels.name} was made for the image {name}, not for {image.name}.",
        remedy=f"{'Open' if owner is None else 'Choose'} {name}, or make labels for {image.name}.",
    )


def note_map(labels: "Layer", note: dict[str, Any], drawn: DrawnPixels) -> None:
    """Note what was drawn after the map of an explanation; ready for JSON, it stays with the labels.

    Parameters
    ----------
    labels : Labels
        The labels that it concerns.
    note : dict
        What was done.
    drawn : DrawnPixels
        What was drawn, in these labels or beside them: the note counts as long as that is there.
    """
    notes = [*memory_of(labels).get(_NOTES, ()), note]
    remember(labels, {_NOTES: notes, _DRAWN: {**memory_of(labels).get(_DRAWN, {}), len(notes) - 1: drawn}})


def forget_undone(labels: "Layer", drawn_in: "Labels") -> None:
    """Forget notes of what undo took out of a layer in which something else is about to be drawn.

    No redo brings that back, and what will be drawn may lie on the same pixels.
    """
    notes, drawn = memory_of(labels).get(_NOTES, ()), memory_of(labels).get(_DRAWN, {})
    kept = [place for place in range(len(notes)) if place not in drawn or not drawn[place].is_lost_in(drawn_in)]
    if len(kept) < len(notes):
        still_drawn = {new: drawn[old] for new, old in enumerate(kept) if old in drawn}
        remember(labels, {_NOTES: [notes[place] for place in kept], _DRAWN: still_drawn})


def map_notes_of(labels: "Layer") -> list[dict[str, Any]]:
    """Return what was done in labels after maps of explanations, and was not undone."""
    notes, drawn = memory_of(labels).get(_NOTES, ()), memory_of(labels).get(_DRAWN, {})
    return [note for place, note in enumerate(notes) if place not in drawn or drawn[place].are_there]


def lasting_memory(napari_layer: "Layer") -> dict[str, Any]:
    """Return what a layer remembers, as far as it means anything in another session."""
    passing = (IMAGE, BIRTH, DIVIDED, _DRAWN)
    lasting = {key: value for key, value in memory_of(napari_layer).items() if key not in passing}
    if _NOTES in lasting:
        lasting[_NOTES] = map_notes_of(napari_layer)
    memory: dict[str, Any] = json.loads(json.dumps(lasting, default=lambda _value: None))
    return memory


def recalled_memory(memory: dict[str, Any], image: Hashable, birth: Birth) -> dict[str, Any]:
    """Return the metadata of a layer of an earlier session, now of an image with this `unique_id`."""
    began = {} if birth.codes is None else {BIRTH: birth}
    return {METADATA: {**memory, IMAGE: image, **began}}


def _plain(table: ClassTable) -> Any:
    return table.model_dump()["classes"]
