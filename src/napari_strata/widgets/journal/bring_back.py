"""Brings labels of earlier sessions back into a viewer, onto their image."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from napari.utils.notifications import show_info, show_warning

from napari_strata.annotation.provenance import EMPTY, Birth, Provenance
from napari_strata.annotation.store.card import ImageCard, LayerCard, read_card
from napari_strata.annotation.store.home import LabelHome, StoredSet
from napari_strata.annotation.store.label_set import LabelSet
from napari_strata.annotation.store.lock import LockedError
from napari_strata.annotation.store.points import read_points
from napari_strata.annotation.store.zarr_labels import LabelArrays
from napari_strata.errors import LabelsError
from napari_strata.widgets.journal.cards import StoredLayer, make_layer
from napari_strata.widgets.journal.open_set import OpenSet
from napari_strata.widgets.journal.stored_classes import take_group_classes
from napari_strata.widgets.layers.placing import fits, lies_on, put_on_image, take_place
from napari_strata.widgets.layers.stated_size import is_calibrated
from napari_strata.widgets.layers.world import same_view

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Image, Labels, Layer, Points
    from napari.viewer import Viewer

    from napari_strata.widgets.journal.journal import Journal

OPENED = "when opened"


def bring_back(viewer: "Viewer", journal: "Journal", stored: StoredSet) -> "list[Layer]":
    """Add the layers of a label set to a viewer, and go on keeping them there.

    Where another napari has it open, copies are added, and kept apart from it as soon as that is possible.

    Parameters
    ----------
    viewer : Viewer
        Where to add them; their image is opened again if it is not open.
    journal : Journal
        The viewer's journal.
    stored : StoredSet
        The label set; of one that is open here the layers come back that were removed.

    Returns
    -------
    list of Layer
        What was added.

    Raises
    ------
    LabelsError
        If it is damaged, or all of it is open here.
    """
    opened = journal.set_in(stored.folder)
    cards = stored.card.present
    if opened is not None:
        journal.ask(opened.journal.save)  # the last strokes on a layer that was removed a moment ago
        cards = tuple(card for card in read_card(stored.folder).layers if card.key not in opened.layers)
    if not cards:
        raise LabelsError(
            f"The labels of {stored.card.image.name} are open already.", remedy="See the layer list on the left."
        )
    layers = [read_layer(stored.folder, card) for card in cards]
    is_open = _open_image(viewer, stored.card.image.name) is not None
    image = _find_image(viewer, stored.card.image)
    owner: Hashable = str(stored.folder) if image is None else image.unique_id
    if opened is None:
        opened = _go_on(journal, stored, owner)
    made = [make_layer(layer, owner) for layer in layers]
    if image is not None:
        _lay_on(image, made, viewer, is_open=is_open)
    added: list[Layer] = []
    for layer, napari_layer in zip(layers, made, strict=True):
        is_recoded = take_group_classes(napari_layer, viewer.layers)
        if opened is not None:
            journal.follow(napari_layer, opened, layer.card.key, is_written=layer.is_whole and not is_recoded)
        added.append(viewer.add_layer(napari_layer))
    if opened is not None:
        kept = opened.journal
        journal.call(lambda: kept.save_version(OPENED))
    journal.look()
    return added


def read_layer(folder: "Path", card: LayerCard) -> StoredLayer:
    """Read one layer from the folder of a label set or of a save point.

    Raises
    ------
    LabelsError
        If it is damaged.
    """
    if card.kind == "points":
        return StoredLayer(card, None, read_points(folder, card.key), EMPTY)
    arrays = LabelArrays(folder)
    codes = arrays.read(card.key)
    if card.born is Provenance.HUMAN:
        return StoredLayer(card, codes, None, EMPTY)
    try:
        return StoredLayer(card, codes, None, Birth(card.born, arrays.read_born(card.key)))
    except LabelsError as error:  # the labels themselves are there: they shall come back
        show_warning(f"{card.name}: it is not known any more what a hand corrected. {error.message}")
        return StoredLayer(card, codes, None, Birth(card.born, codes.copy()), is_whole=False)


def _go_on(journal: "Journal", stored: StoredSet, image: Hashable) -> OpenSet | None:
    """Take a label set over; None where another napari has it."""
    home = journal.home if stored.folder.parent == journal.home.folder else LabelHome()
    try:
        if home is journal.home:
            journal.ask(home.enter)
        label_set = journal.ask(lambda: LabelSet.claim(stored.folder))
    except LockedError as error:
        show_warning(f"{error} These are copies.")
        return None
    return journal.go_on(label_set, home, image, stored.card.image.name)


def _lay_on(image: "Image", made: "list[Labels | Points]", viewer: "Viewer", *, is_open: bool) -> None:
    """Have labels lie on the pixels of their image, which gets back the place it had if it was opened for them."""
    source = next((one for one in made if fits(one, image)), None)
    is_known_better = source is not None and is_calibrated(image) and not is_calibrated(source)
    with same_view(viewer, image):
        if source is not None and not (is_open or is_known_better or lies_on(source, image)):
            take_place(image, source, viewer.layers)
        words = put_on_image(made, image, viewer.layers)
    if words and is_open:
        show_info(words)


def _find_image(viewer: "Viewer", card: ImageCard) -> "Image | None":
    """Return the image that was labelled, opened again if need be; None where that is not possible."""
    image = _open_image(viewer, card.name)
    if image is None and card.path:
        try:
            viewer.open(card.path, plugin=card.plugin or None)
        except Exception as error:  # noqa: BLE001 (readers are plugins, and raise whatever they like)
            show_warning(f"{card.name} cannot be opened again ({error}).")
        image = _open_image(viewer, card.name)
    if image is None:
        show_info(f"Open the image {card.name}, too: the labels belong on it.")
    return image


def _open_image(viewer: "Viewer", name: str) -> "Image | None":
    from napari.layers import Image

    return next((one for one in viewer.layers if isinstance(one, Image) and one.name == name), None)
