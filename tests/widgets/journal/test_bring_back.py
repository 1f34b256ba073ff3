"""Labels come back with their last stroke, onto their image and in the classes that their group has by now."""

import shutil

import numpy as np
import pytest

from napari_strata.annotation.provenance import Provenance
from napari_strata.annotation.recoding import drop_class, move_class
from napari_strata.annotation.store import thread
from napari_strata.annotation.store.card import read_card
from napari_strata.annotation.store.home import LabelHome, SetState, list_sets
from napari_strata.annotation.store.journal import Phase
from napari_strata.annotation.store.zarr_labels import LabelArrays
from napari_strata.config import ClassTable
from napari_strata.widgets.journal import journal as viewer_journal
from napari_strata.widgets.journal.bring_back import bring_back, read_layer
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.journal.recovery_line import RecoveryLine
from napari_strata.widgets.journal.version_layers import compare, restore
from napari_strata.widgets.label.class_edits import ClassEdits
from napari_strata.widgets.label_files.imported_layers import add_codes
from napari_strata.widgets.layers.atom_points import new_atoms
from napari_strata.widgets.layers.label_birth import provenance_of, remember_birth
from napari_strata.widgets.layers.label_layers import new_labels, set_class_table
from napari_strata.widgets.layers.label_memory import class_table_of, mates_of

STACK = np.zeros((2, 30, 40), np.float32)
TABLE = ClassTable.from_names(("bubble", "wall"))
PATIENCE = 10_000


@pytest.fixture(autouse=True)
def _shorter_passes(monkeypatch):
    monkeypatch.setattr(thread, "INTERVAL", 0.05)
    monkeypatch.setattr(viewer_journal, "INTERVAL", 50)


@pytest.fixture
def viewer(bare_viewer):
    return bare_viewer


@pytest.fixture
def journal(viewer):
    return journal_of(viewer)


@pytest.fixture
def image(viewer, journal):
    return viewer.add_image(STACK, name="a")


def make_labels(viewer, image, layers=1):
    made = new_labels(viewer, image, layers=layers, table=TABLE)
    for labels in made:
        set_pixels(labels, 0, 2)
        set_pixels(labels, 1, 3)
    return made


def set_pixels(labels, row, code):
    labels.data_setitem((np.zeros(5, int), np.full(5, row), np.arange(5)), code)


def saved(qtbot, journal, labels):
    """Return the label set of labels once all of it is on disk."""
    qtbot.waitUntil(lambda: journal.set_of(labels) is not None, timeout=PATIENCE)
    opened = journal.set_of(labels)
    journal.ask(lambda: opened.journal.save(everything=True))
    assert opened.state.phase is Phase.SAVED
    return opened


def exchange(viewer, labels):
    """Exchange the two classes."""
    edits_of(viewer).apply(labels, move_class(TABLE, 2, by=1))


def edits_of(viewer):
    """Return what changes classes as the Label dock does."""

    def show(one, recoding):
        set_class_table(one, recoding.after, viewer.layers, recoding=recoding)

    return ClassEdits(lambda one: mates_of(one, viewer.layers), show)


def names_at(labels, row):
    """Return the name of the class of a painted row."""
    (code,) = np.unique(labels.data[0, row, :5])
    return class_table_of(labels).names[code - 2]


def sets():
    return {stored.folder: stored for stored in list_sets(LabelHome())}


def earlier_sets(tmp_path, names):
    """Return the folders of labels of napari sessions that ended in the middle, all of the image "a"."""
    from stored_labels import followed, journal, paint

    folders = []
    for name in names:
        kept = journal(layer := followed(np.zeros(STACK.shape, np.uint8), key=name))
        paint(layer, (slice(0, 1), slice(0, 5), slice(0, 5)), 2)
        kept.tick()
        kept._set.release()
        folders.append(kept.state.folder)
    return folders


def test_a_layer_removed_a_moment_ago_comes_back_with_its_last_stroke_and_is_kept_again(
    qtbot, viewer, journal, image
):
    (labels,) = make_labels(viewer, image)
    opened = saved(qtbot, journal, labels)
    set_pixels(labels, 5, 2)
    viewer.layers.remove(labels)
    (back,) = bring_back(viewer, journal, sets()[opened.state.folder])
    assert np.array_equal(back.data, labels.data)
    set_pixels(back, 6, 3)
    opened = saved(qtbot, journal, back)
    (card,) = read_card(opened.state.folder).layers
    assert not card.removed
    assert np.array_equal(LabelArrays(opened.state.folder).read(card.key), back.data)


def test_new_data_are_on_disk_although_the_layer_is_removed_at_once(qtbot, viewer, journal, image):
    (labels,) = make_labels(viewer, image)
    opened = saved(qtbot, journal, labels)
    labels.data = np.full(STACK.shape, 3, np.uint8)
    viewer.layers.remove(labels)
    journal.ask(opened.journal.save)
    (card,) = read_card(opened.state.folder).layers
    assert card.removed
    assert (LabelArrays(opened.state.folder).read(card.key) == 3).all()


def test_two_label_sets_of_one_image_are_both_kept_and_closed(qtbot, viewer, journal, image, tmp_path):
    (labels,) = make_labels(viewer, image)
    first = saved(qtbot, journal, labels)
    folders = earlier_sets(tmp_path, ("x", "y"))
    for folder in folders:
        bring_back(viewer, journal, sets()[folder])
    assert journal.set_of(labels) is first
    assert {one.state.folder for one in journal.sets} == {first.state.folder, *folders}
    journal.look()
    assert [len(one.layers) for one in journal.sets] == [1, 1, 1]
    viewer.close()
    assert all(stored.card.closed for stored in sets().values())


def test_a_damaged_label_set_does_not_keep_the_others_from_coming_back(qtbot, viewer, journal, image, tmp_path):
    whole, damaged = earlier_sets(tmp_path, ("x", "y"))
    (damaged / "labels.zarr" / "labels" / "y" / "0" / "zarr.json").unlink()
    assert {stored.state for stored in sets().values()} == {SetState.CRASHED}
    line = RecoveryLine(viewer)
    qtbot.addWidget(line)
    line.button.click()
    assert [one.state.folder for one in journal.sets if one.layers] == [whole]
    assert not line.isHidden()  # what did not come back stays offered
    line.later.click()
    assert line.isHidden()


def test_labels_come_back_although_their_first_codes_are_lost(qtbot, viewer, journal, image):
    (labels,) = make_labels(viewer, image)
    set_pixels(labels, 5, 2)
    remember_birth(labels, Provenance.MODEL)
    folder = saved(qtbot, journal, labels).state.folder
    viewer.layers.remove(labels)
    journal.look()
    journal.ask(lambda: shutil.rmtree(folder / "labels.zarr" / "born"))
    (back,) = bring_back(viewer, journal, sets()[folder])
    assert np.array_equal(back.data, labels.data)
    assert np.array_equal(provenance_of(back), np.where(labels.data, Provenance.MODEL, 0))


def test_labels_imported_into_empty_ones_can_be_brought_back(qtbot, viewer, journal, image):
    first, second = new_labels(viewer, image, layers=2, table=TABLE)
    set_pixels(first, 0, 2)
    opened = saved(qtbot, journal, second)
    codes = np.zeros(STACK.shape, np.uint8)
    codes[0, 3] = 2
    add_codes(viewer, image, codes, TABLE, crystal_layer=1)
    saved(qtbot, journal, second)
    viewer.layers.remove(second)
    (back,) = bring_back(viewer, journal, sets()[opened.state.folder])
    assert np.array_equal(provenance_of(back), np.where(codes == 2, Provenance.IMPORTED, 0))


def test_classes_that_were_exchanged_correct_nothing_on_disk(qtbot, viewer, journal, image):
    (labels,) = make_labels(viewer, image)
    remember_birth(labels, Provenance.MODEL)
    opened = saved(qtbot, journal, labels)
    exchange(viewer, labels)
    assert names_at(labels, 0) == "bubble"
    saved(qtbot, journal, labels)
    (card,) = read_card(opened.state.folder).layers
    provenance = LabelArrays(opened.state.folder).read(f"{card.key}-provenance")
    assert set(np.unique(provenance)) == {Provenance.NOT_LABELLED, Provenance.MODEL}
    stored = read_layer(opened.state.folder, card)
    assert np.array_equal(stored.birth.codes, labels.data)


def test_a_save_point_from_before_classes_were_exchanged_means_the_same_classes_also_after_undo(
    qtbot, viewer, journal, image
):
    (labels,) = make_labels(viewer, image)
    remember_birth(labels, Provenance.MODEL)
    opened = saved(qtbot, journal, labels)
    version = journal.ask(lambda: opened.journal.save_version("then"))
    exchange(viewer, labels)
    set_pixels(labels, 0, labels.data[0, 1, 0])
    assert [names_at(labels, row) for row in (0, 1)] == ["wall", "wall"]
    (shown,) = compare(viewer, opened, version)
    assert np.count_nonzero(shown.data) == 5
    restore(viewer, journal, opened, version)
    assert [names_at(labels, row) for row in (0, 1)] == ["bubble", "wall"]
    assert set(np.unique(provenance_of(labels))) == {Provenance.NOT_LABELLED, Provenance.MODEL}
    labels.undo()
    assert [names_at(labels, row) for row in (0, 1)] == ["wall", "wall"]


def test_a_removed_layer_comes_back_in_the_classes_that_its_group_has_now(qtbot, viewer, journal, image):
    first, second = make_labels(viewer, image, layers=2)
    remember_birth(second, Provenance.MODEL)
    opened = saved(qtbot, journal, second)
    viewer.layers.remove(second)
    exchange(viewer, first)
    (back,) = bring_back(viewer, journal, sets()[opened.state.folder])
    assert class_table_of(back) == class_table_of(first)
    assert [names_at(back, row) for row in (0, 1)] == ["bubble", "wall"]
    assert set(np.unique(provenance_of(back))) == {Provenance.NOT_LABELLED, Provenance.MODEL}
    saved(qtbot, journal, back)
    card = next(one for one in read_card(opened.state.folder).layers if "layer-1" in one.key)
    assert np.array_equal(LabelArrays(opened.state.folder).read(card.key), back.data)


def test_atoms_of_a_save_point_come_back_with_their_class_although_it_was_renamed(qtbot, viewer, journal, image):
    (atoms,) = new_atoms(viewer, image, layers=1, table=TABLE, group="g")
    atoms.add((0, 3, 4))
    opened = saved(qtbot, journal, atoms)
    version = journal.ask(lambda: opened.journal.save_version("then"))
    set_class_table(atoms, ClassTable.from_names(("hole", "wall")), viewer.layers)
    atoms.add((0, 5, 6))
    restore(viewer, journal, opened, version)
    assert list(atoms.features["species"]) == ["bubble"]
    assert class_table_of(atoms).names == ("bubble", "wall")


@pytest.mark.parametrize("becomes", [1, 2])
def test_a_class_that_a_network_drew_is_not_corrected_by_its_end_nor_by_undo_and_redo(viewer, image, becomes):
    (labels,) = make_labels(viewer, image)
    remember_birth(labels, Provenance.MODEL)
    set_pixels(labels, 0, 3)  # a correction
    edits = edits_of(viewer)
    drawn = provenance_of(labels)
    assert drawn[0, :2, 0].tolist() == [Provenance.CORRECTED, Provenance.MODEL]
    edits.apply(labels, drop_class(TABLE, 3, becomes=becomes))
    assert provenance_of(labels)[0, 1, 0] == Provenance.MODEL
    labels.undo()
    assert class_table_of(labels).names == ("bubble", "wall")
    assert np.array_equal(provenance_of(labels), drawn)
    labels.redo()
    assert provenance_of(labels)[0, 1, 0] == Provenance.MODEL
