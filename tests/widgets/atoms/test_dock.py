from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bright_scene import ATOMS, add_bright, save_model
from napari.layers import Points
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt

from napari_strata.atoms.edits import COLUMNS
from napari_strata.widgets.atoms.dock import AtomsDock
from napari_strata.widgets.layers.atom_memory import MEMORY, edits_of, marked_table, memory_of
from napari_strata.widgets.layers.label_memory import class_table_of, crystal_layer_of
from napari_strata.widgets.layers.results import ORIGIN
from napari_strata.widgets.predict.dock import PredictDock
from napari_strata.widgets.train.settings import LABELLED, TrainSettings

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def predict(qtbot, viewer, models_home):
    """Return a function that presses Predict on the image with known atoms and returns what the dock says."""
    add_bright(viewer)
    save_model(models_home)
    docks = []

    def predict() -> str:
        if not docks:
            docks.append(PredictDock(viewer))
            viewer.window.add_dock_widget(docks[0])
        with qtbot.waitSignal(docks[0].panel.runner.ended, timeout=60_000):
            qtbot.mouseClick(docks[0].panel.start_button, LEFT)
        return docks[0].panel.words.text()

    return predict


@pytest.fixture
def dock(qtbot, viewer, predict):
    predict()
    dock = AtomsDock(viewer)
    qtbot.addWidget(dock)
    dock.show()
    return dock


def nearest(points, y, x, layer=0) -> int:
    distance = np.hypot(*(points.data - (y, x)).T) + 1e3 * (points.features["layer"] != layer)
    return int(np.argmin(distance))


def select(points, *atoms):
    points.selected_data = set(atoms)


def rows(dock):
    table = dock.counts
    return [[table.item(row, column).text() for column in range(4)] for row in range(table.rowCount())]


def click(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def test_atoms_are_counted_by_layer_and_species(dock):
    assert rows(dock) == [["0", "C", "16", "–"], ["1", "C", "16", "–"]]
    assert dock.edits.text() == "Nothing edited. Edits are kept when Predict runs again on this image."


def test_without_atoms_the_dock_says_what_to_do(qtbot, viewer):
    dock = AtomsDock(viewer)
    qtbot.addWidget(dock)
    assert dock.atoms.currentText() == "no atoms found yet"
    assert dock.words.text() == "Find atoms in the Predict dock, or open a file of atoms."
    buttons = (dock.undo_button, dock.discard_button, dock.accept_button, dock.labels_button, dock.delete_button)
    assert not any(button.isEnabled() for button in buttons)


def test_tools_are_chosen_and_follow_the_mode(qtbot, viewer, dock):
    viewer.layers.selection.active = viewer.layers["bright"]
    button = next(one for one in dock.tools.buttons() if one.text() == "Add")
    click(qtbot, button)
    assert dock.points.mode == "add"
    assert viewer.layers.selection.active is dock.points
    dock.points.mode = "select"
    assert [one.text() for one in dock.tools.buttons() if one.isChecked()] == ["Select"]


@pytest.mark.parametrize("place", [(-0.6, 20), (20, -3), (1e4, 20)])
def test_an_atom_that_is_added_beside_the_image_is_taken_away_with_a_word(dock, place):
    before = dock.points.data.copy()
    dock.points.add(place)
    said = [record.message for record in notification_manager.records]
    assert said == ["No atom was added there: it is outside of the image bright. Click inside it."]
    np.testing.assert_array_equal(dock.points.data, before)
    assert len(dock.points.features) == len(before)
    assert dock.editing.counts() == {}
    assert not dock.undo_button.isEnabled()
    dock.points.add((-0.4, 20))  # the pixels are squares around whole numbers
    assert dock.editing.counts() == {"added": 1}
    assert len(notification_manager.records) == 1


def test_selected_atoms_get_another_layer_and_species(dock):
    points = dock.points
    select(points, 0, 1)
    assert dock.features.of_what.text() == "The 2 selected atoms"
    dock.features.layer.setCurrentIndex(1)
    dock.features.layer.activated.emit(1)
    dock.features.species.setEditText("Si")
    dock.features.species.lineEdit().returnPressed.emit()
    assert (
        points.features.loc[[0, 1], ["layer", "species", "edited"]].to_numpy().tolist()
        == [[1, "Si", "changed"]] * 2
    )
    assert np.allclose(points.face_color[0], points.face_color[nearest(points, *ATOMS[5], layer=1)])
    assert rows(dock) == [["0", "C", "14", "–"], ["1", "C", "16", "–"], ["1", "Si", "2", "2"]]
    assert dock.edits.text() == "Edited: 2 changed. Kept when Predict runs again on this image."


def test_the_next_atom_has_the_layer_and_species_that_are_chosen(qtbot, dock):
    points = dock.points
    click(qtbot, next(one for one in dock.tools.buttons() if one.text() == "Add"))
    assert dock.features.of_what.text() == "The next atom"
    dock.features.layer.activated.emit(1)
    dock.features.species.setEditText("Si")
    dock.features.species.lineEdit().returnPressed.emit()
    points.add([2.0, 2.0])
    points.add([2.0, 6.0])
    new = points.features.iloc[-2:]
    assert new[["layer", "species", "probability", "edited"]].to_numpy().tolist() == [[1, "Si", 1.0, "added"]] * 2


def test_every_edit_can_be_undone(qtbot, dock):
    points = dock.points
    before = points.data.copy()
    select(points, 3)
    click(qtbot, dock.delete_button)
    points.add([2.0, 2.0])
    select(points, 0)
    dock.editing.assign("species", "Si")
    assert len(points.data) == 32
    for counts in ({"added": 1, "deleted": 1}, {"deleted": 1}, {}):
        click(qtbot, dock.undo_button)
        assert dock.editing.counts() == counts
    assert np.array_equal(points.data, before)
    assert set(points.features["species"]) == {"C"}
    assert not dock.undo_button.isEnabled()


def test_an_atom_that_is_added_after_one_was_deleted_is_not_that_one(qtbot, dock):
    select(dock.points, 5)
    click(qtbot, dock.delete_button)
    dock.points.add([2.0, 2.0])
    assert dock.editing.counts() == {"added": 1, "deleted": 1}


def test_discarded_edits_can_be_brought_back(qtbot, dock):
    points = dock.points
    points.add([2.0, 2.0])
    click(qtbot, dock.discard_button)
    assert len(points.data) == 32
    assert not dock.discard_button.isEnabled()
    click(qtbot, dock.undo_button)
    assert dock.editing.counts() == {"added": 1}


def test_undo_also_brings_back_deletions_of_atoms_that_are_not_found_any_more(qtbot, dock):
    points = dock.points
    gone = pd.DataFrame([dict.fromkeys(COLUMNS, 0.0) | {"edited": "deleted"}])
    points.metadata = {**points.metadata, MEMORY: replace(memory_of(points), left=gone)}
    points.add([2.0, 2.0])
    click(qtbot, dock.discard_button)
    assert dock.editing.counts() == {}
    click(qtbot, dock.undo_button)
    assert dock.editing.counts() == {"added": 1, "deleted": 1}


def test_edits_are_kept_when_predict_runs_again(qtbot, viewer, dock, predict):
    points = dock.points
    moved, changed = nearest(points, *ATOMS[5]), nearest(points, *ATOMS[6])
    points.data = np.vstack([points.data[:moved], points.data[moved] + 1, points.data[moved + 1 :]])
    select(points, changed)
    dock.editing.assign("species", "Si")
    select(points, nearest(points, *ATOMS[0]))
    click(qtbot, dock.delete_button)
    points.add([2.0, 2.0])
    assert predict().endswith("Your edits are kept.")
    (again,) = [layer for layer in viewer.layers if isinstance(layer, Points)]
    assert again is points and not dock.undo_button.isEnabled()
    assert dock.points is again
    assert edits_of(again)["edited"].value_counts().to_dict() == {
        "moved": 1,
        "changed": 1,
        "deleted": 1,
        "added": 1,
    }
    table = marked_table(again)
    assert len(table) == 32
    of = {word: table[table["edited"] == word].iloc[0] for word in ("moved", "changed", "added")}
    assert np.allclose(of["moved"][["y_px", "x_px"]].astype(float), ATOMS[5] + 1, atol=0.2)
    assert np.allclose(of["changed"][["y_px", "x_px"]].astype(float), ATOMS[6], atol=0.2)
    assert of["changed"]["species"] == "Si"
    assert of["added"][["y_px", "x_px"]].tolist() == [2, 2]
    assert dock.edits.text().startswith("Edited: 1 added, 1 moved, 1 changed, 1 deleted.")
    assert predict().endswith("Your edits are kept.")
    assert len([layer for layer in viewer.layers if isinstance(layer, Points)]) == 1


def test_flagged_and_edited_atoms_can_be_selected(dock):
    points = dock.points
    points.features = points.features.assign(flag=["unsure border", "border", *[None] * 30])
    points.data = np.vstack([points.data[:2], points.data[2] + 1, points.data[3:]])
    dock.select_button.choose("2 border")
    assert set(points.selected_data) == {0, 1}
    dock.select_button.choose("1 unsure")
    assert set(points.selected_data) == {0}
    dock.select_button.choose("1 moved")
    assert set(points.selected_data) == {2}


def test_a_click_on_a_row_selects_its_atoms(qtbot, dock):
    where = dock.counts.visualItemRect(dock.counts.item(1, 2)).center()
    qtbot.mouseClick(dock.counts.viewport(), LEFT, pos=where)
    chosen = dock.points.features.iloc[sorted(dock.points.selected_data)]
    assert len(chosen) == 16
    assert set(chosen["layer"]) == {1}


def test_atoms_become_labels_and_follow_later_corrections(qtbot, viewer, dock):
    points = dock.points
    select(points, nearest(points, *ATOMS[0]))
    dock.editing.assign("species", "Si")
    click(qtbot, dock.labels_button)
    labels = [viewer.layers["bright layer 0 atoms"], viewer.layers["bright layer 1 atoms"]]
    assert viewer.layers.selection.active is labels[0]
    assert [crystal_layer_of(one) for one in labels] == [0, 1]
    assert [len(one.data) for one in labels] == [16, 16]
    assert class_table_of(labels[1]).names == ("C", "Si")
    assert (labels[0].features["species"] == "Si").sum() == 1
    select(points, nearest(points, *ATOMS[3], layer=1))
    dock.editing.assign("species", "N")
    select(points, nearest(points, *ATOMS[4], layer=1))
    points.remove_selected()
    click(qtbot, dock.labels_button)
    assert len([layer for layer in viewer.layers if isinstance(layer, Points)]) == 3
    assert len(labels[1].data) == 15
    assert class_table_of(labels[0]).names == ("C", "Si", "N")
    assert sorted(set(labels[1].features["species"])) == ["C", "N"]


def test_a_training_learns_from_atoms_as_they_were_corrected(qtbot, viewer, dock):
    points = dock.points
    select(points, nearest(points, *ATOMS[3], layer=1))
    click(qtbot, dock.delete_button)
    points.add([27.0, 26.0])  # of layer 0, like the atom that was added next to
    click(qtbot, dock.labels_button)
    settings = TrainSettings(viewer)
    qtbot.addWidget(settings)
    settings.source.setCurrentText(LABELLED)
    (labels,) = settings.take().labels
    assert labels.shape == (1, 2, *viewer.layers["bright"].data.shape)
    lower, upper = labels[0]
    there = tuple(ATOMS.astype(int).T)
    assert (lower[there] == 2).all()
    assert (upper[there] == 2).tolist() == [number != 3 for number in range(len(ATOMS))]
    assert (lower[27, 26], upper[27, 26]) == (2, 1)


def test_labels_that_a_person_changed_stay_and_new_ones_are_made(qtbot, viewer, dock):
    click(qtbot, dock.labels_button)
    first = viewer.layers["bright layer 0 atoms"]
    first.add([30.0, 30.0])
    click(qtbot, dock.labels_button)
    assert first.name == "bright layer 0 atoms (edited)"
    assert len(first.data) == 17
    assert len(viewer.layers["bright layer 0 atoms"].data) == 16
    assert "Those you changed stay as 'bright layer 0 atoms (edited)'." in dock.words.text()
    click(qtbot, dock.labels_button)
    assert len([layer for layer in viewer.layers if isinstance(layer, Points)]) == 5


def add_candidate(viewer, y, x):
    features = {"kind": ["missing"], "layer": [0], "species": ["C"], "score": [1.0]}
    key = {"role": "candidates", "image": viewer.layers["bright"].unique_id}
    metadata = {ORIGIN: {"key": key, "provenance": {}}}
    return viewer.add_points([[y, x]], features=features, symbol="ring", metadata=metadata)


def test_undo_after_accepting_candidates_brings_their_markers_back(qtbot, viewer, dock):
    candidates = add_candidate(viewer, 3.0, 3.0)
    before = len(dock.points.data)
    qtbot.mouseClick(dock.accept_button, LEFT)
    assert (len(dock.points.data), len(candidates.data)) == (before + 1, 0)
    qtbot.mouseClick(dock.undo_button, LEFT)
    assert (len(dock.points.data), len(candidates.data)) == (before, 1)
    assert dock.accept_button.isEnabled()
