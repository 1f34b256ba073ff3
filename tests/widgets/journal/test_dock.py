import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QInputDialog

from napari_strata.annotation.provenance import Provenance
from napari_strata.annotation.store import thread
from napari_strata.annotation.store.home import LabelHome, list_sets
from napari_strata.annotation.store.journal import Phase
from napari_strata.annotation.store.lock import FolderLock
from napari_strata.annotation.store.versions import list_versions
from napari_strata.config import ClassTable
from napari_strata.widgets.journal import journal as viewer_journal
from napari_strata.widgets.journal.dock import HistoryDock
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.journal.version_layers import ADDED, OTHER_CLASS, TAKEN_AWAY
from napari_strata.widgets.layers.label_layers import new_labels, set_class_table
from napari_strata.widgets.layers.label_memory import class_table_of, image_of

STACK = np.random.default_rng(0).random((3, 60, 80)).astype(np.float32)
PLACE = {"scale": (1, 0.2, 0.1), "translate": (0, 3, 4), "units": ("pixel", "nm", "nm")}
TABLE = ClassTable.from_names(("bubble",))
PATIENCE = 10_000


@pytest.fixture(autouse=True)
def _shorter_passes(monkeypatch):
    monkeypatch.setattr(thread, "INTERVAL", 0.05)
    monkeypatch.setattr(viewer_journal, "INTERVAL", 50)


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def dock(viewer):
    dock = HistoryDock(viewer)
    viewer.window.add_dock_widget(dock)
    return dock


@pytest.fixture
def labels(qtbot, viewer, dock):
    """Return labels with a stroke that is on disk."""
    (labels,) = new_labels(viewer, viewer.add_image(STACK, name="a", **PLACE), layers=1, table=TABLE)
    labels.brush_size = 8
    labels.paint((1, 30, 40), 2)
    qtbot.waitUntil(lambda: journal_of(viewer).sets[0].state.phase is Phase.SAVED, timeout=PATIENCE)
    qtbot.waitUntil(lambda: "are saved" in dock.state.text(), timeout=PATIENCE)
    return labels


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def keep(qtbot, dock, monkeypatch, name):
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_kwargs: (name, True))
    click(qtbot, dock.keep_button)


def cell(table, row, column) -> str:
    return table.item(row, column).text()


def last_words() -> str:
    return notification_manager.records[-1].message


def test_the_dock_says_that_there_is_nothing_and_then_that_all_is_saved(qtbot, dock, viewer):
    assert dock.state.text().startswith("Nothing to keep yet")
    assert not dock.keep_button.isEnabled()
    (labels,) = new_labels(viewer, viewer.add_image(STACK, name="a"), layers=1, table=TABLE)
    labels.paint((1, 30, 40), 2)
    qtbot.waitUntil(lambda: dock.state.text() == "The labels of a are saved.", timeout=PATIENCE)
    assert dock.keep_button.isEnabled()
    assert cell(dock.sets, 0, 0) == "a"
    assert cell(dock.sets, 0, 2) == "open here"


def test_a_save_point_is_listed_with_its_name_and_what_is_painted(qtbot, monkeypatch, dock, labels):
    number = int((labels.data == 2).sum())
    keep(qtbot, dock, monkeypatch, "first strokes")
    assert (cell(dock.versions, 0, 1), cell(dock.versions, 0, 2)) == ("first strokes", f"bubble {number}")


def test_compare_shows_what_became_of_each_pixel(qtbot, monkeypatch, viewer, dock, labels):
    keep(qtbot, dock, monkeypatch, "then")
    before = labels.data.copy()
    labels.paint((0, 10, 10), 1)
    labels.data_setitem((np.array([1]), np.array([30]), np.array([40])), 0)
    labels.data_setitem((np.array([1]), np.array([31]), np.array([40])), 1)
    click(qtbot, dock.compare_button)
    shown = viewer.layers[-1]
    assert shown.name.startswith("Changed since")
    assert (shown.data[0] == ADDED).sum() == (labels.data[0] == 1).sum()
    assert (shown.data[1, 30, 40], shown.data[1, 31, 40]) == (TAKEN_AWAY, OTHER_CLASS)
    assert np.array_equal(shown.data != 0, labels.data != before)
    assert tuple(shown.data_to_world((1, 2, 3))) == tuple(labels.data_to_world((1, 2, 3)))
    assert shown.units == labels.units


def test_compare_says_so_where_nothing_has_changed(qtbot, monkeypatch, viewer, dock, labels):
    keep(qtbot, dock, monkeypatch, "then")
    click(qtbot, dock.compare_button)
    assert last_words().startswith("No pixel has changed since")


def test_restore_is_one_undo_step_and_keeps_the_present_state_first(qtbot, monkeypatch, viewer, dock, labels):
    keep(qtbot, dock, monkeypatch, "then")
    then = labels.data.copy()
    labels.paint((0, 10, 10), 1)
    labels.paint((1, 30, 40), 1)
    now = labels.data.copy()
    set_class_table(labels, ClassTable.from_names(("hole",)), viewer.layers)
    click(qtbot, dock.restore_button)
    assert np.array_equal(labels.data, then)
    assert class_table_of(labels).names == ("bubble",)
    assert [cell(dock.versions, row, 1) for row in range(2)] == ["before a restore", "then"]
    labels.undo()
    assert np.array_equal(labels.data, now)


def test_undo_of_a_restore_brings_back_each_later_stroke_of_slices_that_changed_unequally(
    qtbot, monkeypatch, dock, labels
):
    keep(qtbot, dock, monkeypatch, "then")
    then = labels.data.copy()
    labels.data_setitem(tuple(np.mgrid[0:1, 10:13, 10:17].reshape(3, -1)), 2)  # 21 pixels, nothing there before
    labels.paint((1, 30, 43), 1)  # over a part of the first stroke and beside it
    labels.data_setitem((np.full(5, 2), np.full(5, 50), np.arange(5)), 1)
    now = labels.data.copy()
    changed = (now != then).sum(axis=(1, 2))
    assert changed[0] == 21
    assert changed[2] == 5
    assert changed[1] not in (0, 5, 21)
    click(qtbot, dock.restore_button)
    assert np.array_equal(labels.data, then)
    labels.undo()
    assert np.array_equal(labels.data, now)
    labels.redo()
    assert np.array_equal(labels.data, then)


def test_a_layer_that_was_removed_comes_back_with_its_save_point(qtbot, monkeypatch, viewer, dock, labels):
    keep(qtbot, dock, monkeypatch, "then")
    viewer.layers.remove(labels)
    click(qtbot, dock.restore_button)
    assert np.array_equal(viewer.layers["a labels"].data, labels.data)


def test_the_provenance_layer_lies_on_the_labels(qtbot, viewer, dock, labels):
    click(qtbot, dock.provenance_button)
    shown = viewer.layers[-1]
    assert np.array_equal(shown.data, np.where(labels.data == 0, 0, Provenance.HUMAN))
    assert shown.scale.tolist() == labels.scale.tolist()


def test_removed_labels_are_brought_back_onto_their_image_and_kept_again(qtbot, viewer, dock, labels):
    viewer.layers.remove(labels)
    qtbot.waitUntil(lambda: list_sets(LabelHome())[0].card.layers[0].removed, timeout=PATIENCE)
    dock.refresh()
    dock.sets.selectRow(0)
    click(qtbot, dock.bring_button)
    back = viewer.layers["a labels"]
    assert np.array_equal(back.data, labels.data)
    assert image_of(back, viewer.layers) == viewer.layers["a"]
    assert tuple(back.data_to_world((1, 2, 3))) == tuple(labels.data_to_world((1, 2, 3)))
    assert back.units == labels.units
    assert class_table_of(back) == class_table_of(labels)
    (opened,) = journal_of(viewer).sets
    qtbot.waitUntil(lambda: not list_sets(LabelHome())[0].card.layers[0].removed, timeout=PATIENCE)
    back.paint((2, 10, 10), 2)
    qtbot.waitUntil(
        lambda: sum(opened.journal.painted.popitem()[1].values()) == np.count_nonzero(back.data), timeout=PATIENCE
    )


def test_labels_that_are_all_open_are_not_brought_back_twice(qtbot, viewer, dock, labels):
    dock.refresh()
    dock.sets.selectRow(0)
    click(qtbot, dock.bring_button)
    assert "are open already" in last_words()
    assert [layer.name for layer in viewer.layers] == ["a", "a labels"]


def test_labels_that_another_napari_has_open_come_as_copies(qtbot, viewer, dock, labels, make_closed_set):
    folder = make_closed_set
    other = FolderLock(folder)
    other.acquire()
    dock.refresh()
    row = next(row for row in range(dock.sets.rowCount()) if cell(dock.sets, row, 0) == "b")
    assert cell(dock.sets, row, 2) == "open in another napari"
    dock.sets.selectRow(row)
    click(qtbot, dock.bring_button)
    assert any("These are copies." in record.message for record in notification_manager.records)
    copy = viewer.layers["a labels [1]"]
    opened = journal_of(viewer).set_of(copy)
    qtbot.waitUntil(lambda: opened.state.phase is Phase.SAVED, timeout=PATIENCE)
    assert opened.state.folder != folder
    other.release()


@pytest.fixture
def make_closed_set(models_home):
    """Return the folder of labels of an earlier session, of an image "b"."""
    from napari_strata.annotation.store.card import ImageCard
    from stored_labels import followed, journal, paint

    layer = followed(np.zeros((3, 60, 80), np.uint8))
    kept = journal(layer)
    kept._image = ImageCard(name="b")
    paint(layer, (slice(0, 1), slice(0, 5), slice(0, 5)), 2)
    kept.tick()
    kept.close()
    return kept.state.folder


def test_labels_of_an_earlier_session_come_back_without_their_image_and_say_so(
    qtbot, viewer, make_closed_set, dock
):
    dock.sets.selectRow(0)
    assert cell(dock.sets, 0, 2) == "closed"
    click(qtbot, dock.bring_button)
    (back,) = viewer.layers
    assert np.count_nonzero(back.data) == 25
    assert any("Open the image b, too" in record.message for record in notification_manager.records)
    qtbot.waitUntil(lambda: len(list_versions(make_closed_set)) == 1, timeout=PATIENCE)
    assert [card.what for _, card in list_versions(make_closed_set)] == ["when opened"]


def test_the_place_of_labels_is_chosen_and_shown(qtbot, monkeypatch, tmp_path, viewer, dock, labels):
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(project))
    click(qtbot, dock.folder_button)
    assert dock.place.text() == "project"
    assert dock.place.toolTip() == str(project / "strata-labels")
    assert journal_of(viewer).sets[0].state.folder.parent == project / "strata-labels"
    click(qtbot, dock.cache_button)
    assert dock.place.text() == "a folder of your own on this computer"
    assert journal_of(viewer).sets[0].state.folder.parent == LabelHome().folder


def test_a_project_that_another_napari_has_open_is_refused_in_words(qtbot, monkeypatch, tmp_path, dock, labels):
    project = tmp_path / "project"
    project.mkdir()
    other = LabelHome(project)
    other.enter()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(project))
    click(qtbot, dock.folder_button)
    assert "is open in another napari" in last_words()
    assert dock.place.text() == "a folder of your own on this computer"
    other.leave()
