"""Regions in which a model is wrong or unsure, clicked as a microscopist does."""

import re
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from bright_scene import ATOMS, add_bright, save_model
from map_to_labels_hand import CLASSES, click, press, settled, shown

from napari_strata.config import ClassTable
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.layers.label_memory import map_notes_of
from napari_strata.widgets.layers.results import find_results
from napari_strata.widgets.map_to_labels import errors_page, to_correct
from napari_strata.widgets.map_to_labels.to_correct import MARKS
from napari_strata.widgets.predict.dock import PredictDock


@pytest.fixture
def predicted(qtbot, viewer, models_home):
    """Predict masks as the Predict dock does; return labels that say of one atom that it is none."""
    image = add_bright(viewer)
    save_model(models_home, layers=1)
    dock = PredictDock(viewer)
    qtbot.addWidget(dock)
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=60_000):
        dock.panel.start_button.click()
    (masks,) = find_results(viewer, "masks", image)
    names = tuple(masks.features["class"][1:])
    (labels,) = new_labels(viewer, image, layers=1, table=ClassTable.from_names(("other", *names)))
    right = np.where(masks.data > 1, masks.data + 1, masks.data).astype(np.uint8)  # "other" comes first
    y, x = ATOMS[5].astype(int)
    right[y - 5 : y + 6, x - 5 : x + 6] = 1
    labels.data_setitem(np.nonzero(right), right[np.nonzero(right)])
    return labels


def test_a_wrong_region_is_found_explained_and_marked_and_no_paint_is_changed(
    qtbot, viewer, predicted, open_dock, add_map
):
    explained = add_map(method="input-gradient")
    dock, labels, image = open_dock(), predicted, viewer.layers["bright"]
    page = dock.errors
    dock.tabs.setCurrentIndex(1)
    page.labels.choose(labels)
    said = press(qtbot, page.panel, page.panel.start_button)
    assert said == "1 wrong region: choose one."
    (region,) = page.table.regions
    assert region.centre == pytest.approx(tuple(ATOMS[5]), abs=0.6)
    assert page.table.item(0, 2).text() == "background"
    page.table.selectRow(0)
    assert np.allclose(viewer.scene.camera.center[-2:], np.array(ATOMS[5]) * 0.2, atol=0.2)
    before = labels.data.copy()
    for _ in range(2):
        said = press(qtbot, page.panel, page.why_button)
    assert said.startswith("What made it say ")
    assert "rather than background" in said
    heatmap, before_it = find_results(viewer, "heatmap", image)
    assert before_it is explained  # by the same method; it is what the user comes from
    assert not explained.visible
    assert heatmap.metadata["explanation"]["against"]["kind"] == "correction"
    assert heatmap.metadata["explanation"]["score"] > 0
    settled(qtbot, dock)
    assert heatmap.visible
    assert np.allclose(viewer.scene.camera.center[-2:], np.array(ATOMS[5]) * 0.2, atol=0.2)  # on the region
    click(qtbot, page.correct_button)
    assert (
        page.panel.words.text()
        == "Region 1 is marked to be corrected. Your labels say what is right there, and stay."
    )
    (marks,) = shown(viewer, MARKS)
    assert np.count_nonzero(marks.data == 1) == region.pixels
    assert (labels.data == before).all()
    assert viewer.layers.selection.active is labels
    (note,) = map_notes_of(labels)
    assert (note["kind"], note["map"]["method"]) == ("to correct", "input-gradient")
    marks.undo()
    assert not marks.data.any()
    assert page.panel.words.text() == "Undo took the mark away."
    assert map_notes_of(labels) == []


def test_a_running_training_checks_a_marked_region_from_then_on(qtbot, viewer, predicted, open_dock, monkeypatch):
    pinned = []
    live = SimpleNamespace(runs=True, image=viewer.layers["bright"], pin=pinned.append, painted=[predicted])
    monkeypatch.setattr(to_correct, "live_training_of", lambda _viewer: live)
    page = open_dock().errors
    page.labels.choose(predicted)
    press(qtbot, page.panel, page.panel.start_button)
    page.table.selectRow(0)
    click(qtbot, page.correct_button)
    (one,) = pinned
    assert one.box == page.table.regions[0].box
    assert page.panel.words.text().endswith("No map is noted with it: 'Why?' was not asked.")
    shown(viewer, MARKS)[0].undo()
    live.painted = [viewer.add_labels(np.zeros((56, 56), np.uint8))]
    click(qtbot, page.correct_button)
    assert "The training does not learn from these labels" in page.panel.words.text()
    assert len(pinned) == 1


def test_masks_are_compared_with_labels_of_their_crystal_layer(qtbot, viewer, predicted, open_dock):
    viewer.layers.remove(predicted)
    image = viewer.layers["bright"]
    first, _second = new_labels(viewer, image, layers=2, table=CLASSES)
    page = open_dock().errors
    assert page.labels.layer is first
    viewer.layers.remove(first)
    qtbot.waitUntil(lambda: page.labels.layer is None)  # those of the second layer are there
    (back,) = new_labels(viewer, image, layers=1, table=CLASSES)
    qtbot.waitUntil(lambda: page.labels.layer is back)


def test_labels_chosen_by_hand_stay_until_they_are_removed(qtbot, viewer, predicted, open_dock):
    viewer.layers.remove(predicted)
    first, _second, third = new_labels(viewer, viewer.layers["bright"], layers=3, table=CLASSES)
    page = open_dock().errors
    page.labels.setCurrentIndex(page.labels.findText(third.name))
    page.labels.activated.emit(page.labels.currentIndex())
    viewer.add_points([[1, 1]])  # after which it is looked whether they pair
    qtbot.wait(20)
    assert page.labels.layer is third
    viewer.layers.remove(third)  # the one below it is of another layer than the masks, too
    qtbot.waitUntil(lambda: page.labels.layer is first)


def test_regions_of_layers_that_are_no_longer_chosen_are_not_listed(
    qtbot, viewer, predicted, open_dock, monkeypatch
):
    page = open_dock().errors
    release, find = threading.Event(), errors_page.finder

    def slow(*given, **settings):
        found = find(*given, **settings)
        return lambda: release.wait(20) and found()

    monkeypatch.setattr(errors_page, "finder", slow)
    with qtbot.waitSignal(page.panel.runner.ended, timeout=20_000):
        click(qtbot, page.panel.start_button)
        page.labels.setCurrentIndex(0)
        release.set()
    assert "Other layers were chosen meanwhile" in page.panel.words.text()
    assert page.table.rowCount() == 0


def test_without_labels_the_regions_are_listed_in_which_the_model_is_unsure(qtbot, viewer, predicted, open_dock):
    dock = open_dock()
    page = dock.errors
    assert page.labels.layer is None or page.labels.setCurrentIndex(0) is None
    page.below.setValue(0.9)
    page.least.setValue(1)
    said = press(qtbot, page.panel, page.panel.start_button)
    assert "unsure region" in said
    assert page.table.horizontalHeaderItem(2).text() == "Sure"
    assert all(one.sureness < 0.9 for one in page.table.regions)


def test_only_the_largest_regions_are_listed_and_it_is_said_of_how_many(
    qtbot, viewer, predicted, open_dock, monkeypatch
):
    monkeypatch.setattr(errors_page, "MOST_ROWS", 2)
    page = open_dock().errors
    page.labels.setCurrentIndex(0)
    page.below.setValue(1.0)
    page.least.setValue(1)
    said = press(qtbot, page.panel, page.panel.start_button)
    assert re.fullmatch(r"The largest 2 of \d+ unsure regions: choose one\.", said)
    assert page.table.rowCount() == 2


def test_labels_with_a_class_that_the_model_lacks_are_refused_in_words(qtbot, viewer, predicted, open_dock):
    dock = open_dock()
    predicted.data_setitem((np.array([0]), np.array([0])), np.array([2], np.uint8))  # "other"
    dock.errors.labels.choose(predicted)
    click(qtbot, dock.errors.panel.start_button)
    assert "The model knows no class other" in dock.errors.panel.words.text()
