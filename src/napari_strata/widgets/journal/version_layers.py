"""Save points in the viewer, compared with now and restored; and where each label comes from."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Labels, Points
from napari.utils.colormaps import DirectLabelColormap

from napari_strata.annotation.classes import restore_table
from napari_strata.annotation.provenance import Provenance
from napari_strata.annotation.store.versions import VersionCard, read_version
from napari_strata.errors import LabelsError
from napari_strata.types import NOT_LABELLED, AnyArray, LabelArray
from napari_strata.widgets.journal.bring_back import read_layer
from napari_strata.widgets.journal.cards import StoredLayer, make_layer
from napari_strata.widgets.journal.stored_classes import recode, stored_table, take_group_classes
from napari_strata.widgets.layers.label_birth import provenance_of
from napari_strata.widgets.layers.label_layers import set_class_table
from napari_strata.widgets.layers.label_memory import class_table_of, image_of
from napari_strata.widgets.layers.label_step import write_step
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.napari_layers import placement
from napari_strata.widgets.layers.placing import put_on_image
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.widgets.journal.journal import Journal
    from napari_strata.widgets.journal.open_set import OpenSet

BEFORE_RESTORE = "before a restore"
PROVENANCE_COLORS = {
    Provenance.HUMAN: "#31a354",
    Provenance.IMPORTED: "#3182bd",
    Provenance.MODEL: "#e6550d",
    Provenance.CORRECTED: "#c51b8a",
}
ADDED, TAKEN_AWAY, OTHER_CLASS = 1, 2, 3
DIFFERENCES = {
    ADDED: ("labelled since then", "#31a354"),
    TAKEN_AWAY: ("not labelled any more", "#e6550d"),
    OTHER_CLASS: ("another class now", "#3182bd"),
}


def compare(viewer: "Viewer", opened: "OpenSet", version: Path) -> list[Labels]:
    """Add a layer per Labels layer of a save point that shows which pixels are others now.

    Raises
    ------
    LabelsError
        If the save point is damaged, or nothing has changed since.
    """
    card = read_version(version)
    layers = []
    for stored, layer in _pairs(opened, version, card):
        if isinstance(layer, Labels) and stored.codes is not None and _fits(stored, layer):
            found = differences(_codes_now(stored, layer), np.asarray(full_data(layer)))
            if found.any():
                name = f"Changed since {card.time:%d %b, %H:%M:%S} - {layer.name}"
                layers.append(_shown(found, layer, name, DIFFERENCES))
    if not layers:
        raise LabelsError(
            f"No pixel has changed since {card.time:%d %b, %H:%M:%S}.", remedy="Choose an earlier save point."
        )
    return [viewer.add_layer(layer) for layer in layers]


def differences(before: AnyArray, now: AnyArray) -> LabelArray:
    """Return what became of each pixel, 0 where it is the same: ADDED, TAKEN_AWAY or OTHER_CLASS."""
    changed = np.where(before == NOT_LABELLED, ADDED, np.where(now == NOT_LABELLED, TAKEN_AWAY, OTHER_CLASS))
    return np.where(before == now, 0, changed).astype(np.uint8)


def restore(viewer: "Viewer", journal: "Journal", opened: "OpenSet", version: Path) -> None:
    """Put the layers of a label set back to a save point; the present state gets one of its own first.

    Labels are put back in one undo step per layer.

    Raises
    ------
    LabelsError
        If the save point is damaged.
    OutputError
        If the present state cannot be kept; nothing is then changed.
    """
    card = read_version(version)
    pairs = _pairs(opened, version, card)
    journal.ask(lambda: opened.journal.save_version(BEFORE_RESTORE))
    for stored, layer in pairs:
        if layer is None or not _fits(stored, layer):
            _add(viewer, journal, opened, stored)
        elif isinstance(layer, Labels):
            _put_back(viewer, layer, stored)
        elif stored.points is not None:
            _take_table(viewer, layer, stored)
            layer.data = stored.points.positions
            layer.features = stored.points.features


def show_provenance(viewer: "Viewer", labels: Labels) -> Labels:
    """Add a layer that shows where each label comes from.

    Raises
    ------
    LabelsError
        If nothing is labelled.
    """
    found = provenance_of(labels)
    if not found.any():
        raise LabelsError(f"Nothing is labelled in {labels.name}.", remedy="Paint something first.")
    values = {int(one): (one.words, color) for one, color in PROVENANCE_COLORS.items()}
    layer: Labels = viewer.add_layer(_shown(found, labels, f"Where labels come from - {labels.name}", values))
    return layer


def _pairs(
    opened: "OpenSet", version: Path, card: VersionCard
) -> "list[tuple[StoredLayer, Labels | Points | None]]":
    """Return the layers of a save point with those that are open."""
    layers = opened.layers
    return [(read_layer(version, layer), layers.get(layer.key)) for layer in card.content.present]


def _fits(stored: StoredLayer, napari_layer: "Labels | Points") -> bool:
    return stored.codes is None or stored.codes.shape == full_data(napari_layer).shape


def _put_back(viewer: "Viewer", labels: Labels, stored: StoredLayer) -> None:
    codes = _codes_now(stored, labels)
    _take_table(viewer, labels, stored)
    write_step(labels, ((place, codes[place]) for place in np.ndindex(codes.shape[:-2])))


def _take_table(viewer: "Viewer", napari_layer: "Labels | Points", stored: StoredLayer) -> None:
    if (table := stored_table(stored)) is not None:
        set_class_table(napari_layer, restore_table(class_table_of(napari_layer), table)[0], viewer.layers)


def _codes_now(stored: StoredLayer, labels: Labels) -> AnyArray:
    """Return stored codes as they are in the class table of labels once that has all their classes."""
    codes, table = stored.codes, stored_table(stored)
    assert codes is not None, "a Labels layer is stored with its codes"
    return codes if table is None else recode(codes, restore_table(class_table_of(labels), table)[1])


def _add(viewer: "Viewer", journal: "Journal", opened: "OpenSet", stored: StoredLayer) -> None:
    """Add a layer that is not open any more; it goes on under its key if nothing else does."""
    napari_layer = make_layer(stored, opened.owner)
    take_group_classes(napari_layer, viewer.layers)
    image = image_of(napari_layer, viewer.layers)
    if image is not None:
        put_on_image([napari_layer], image, viewer.layers)
    if stored.card.key not in opened.layers:
        journal.follow(napari_layer, opened, stored.card.key)
    viewer.add_layer(napari_layer)


def _shown(data: LabelArray, labels: Labels, name: str, values: dict[int, tuple[str, str]]) -> Labels:
    """Make a layer in the place of labels, with a colour and a name per value."""
    colors: dict[int | None, str] = {code: color for code, (_, color) in values.items()}
    return Labels(
        data,
        name=name,
        colormap=DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", **colors}),
        features={"index": list(values), "meaning": [words for words, _ in values.values()]},
        opacity=0.8,
        metadata={RESULT: True},
        **placement(labels),
    )
