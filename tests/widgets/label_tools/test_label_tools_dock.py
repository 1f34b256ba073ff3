import threading

import numpy as np
import pytest
from bright_stack import BRIGHT, SHAPE
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt

from napari_strata.widgets.label_tools import dock as module
from napari_strata.widgets.label_tools.dock import LabelToolsDock


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def apply(qtbot, dock):
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        click(qtbot, dock.panel.start_button)
    return dock.panel.words.text()


def click_at(dock, qtbot, y, x):
    """Click on a pixel of the shown slice; the canvas itself is tested with the picker."""
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        dock.picker.clicked.emit((dock.target.frame, y * 0.5, x * 0.5))


def choose(dock, tool):
    dock.tool.setCurrentText(tool)


def last_words():
    return notification_manager.records[-1].message


def test_the_proposed_threshold_paints_the_shown_slice_in_one_step(qtbot, dock, labels):
    assert apply(qtbot, dock) == "Class 1: 30 pixels painted."
    assert (labels.data[1, *BRIGHT] == 2).all()
    assert labels.data.sum() == 60
    labels.undo()
    assert not labels.data.any()
    labels.redo()
    assert labels.data.sum() == 60


def test_all_slices_are_painted_if_ticked_and_taken_back_at_once(qtbot, dock, labels):
    dock.all_slices.setChecked(True)
    assert apply(qtbot, dock) == "Class 1: 90 pixels painted."
    labels.undo()
    assert not labels.data.any()


@pytest.mark.parametrize("keep", [True, False])
def test_paint_is_safe_where_only_unlabelled_pixels_are_painted(qtbot, dock, labels, keep):
    labels.data[1, 4, 6] = 1
    if keep:
        dock.target.keep.click()
    apply(qtbot, dock)
    assert labels.data[1, 4, 6] == (1 if keep else 2)


def test_the_tick_is_napari_s_preserve_labels_both_ways(qtbot, viewer, dock, labels):
    dock.target.keep.click()
    assert labels.preserve_labels
    labels.preserve_labels = False
    assert not dock.target.keep.isChecked()
    labels.preserve_labels = True
    assert dock.target.keep.isChecked()
    viewer.add_labels(np.zeros(SHAPE, np.uint8), name="others")
    assert not dock.target.keep.isChecked()


def test_the_class_is_that_of_the_brush_both_ways(dock, labels):
    labels.selected_label = 1
    assert dock.target.classes.currentText() == "1  background"
    dock.target.classes.setCurrentIndex(1)
    dock.target.classes.activated.emit(1)
    assert labels.selected_label == 2


def test_the_eraser_is_no_class_to_paint(dock, labels):
    labels.selected_label = 0
    assert dock.panel.words.text() == "Choose a class."
    assert not dock.panel.start_button.isEnabled()
    labels.selected_label = 2
    assert dock.panel.start_button.isEnabled()
    assert dock.panel.words.text().startswith("Move the slider")


def test_the_other_side_of_the_threshold_can_be_painted(qtbot, dock, labels):
    dock.threshold.side.setCurrentIndex(1)
    assert apply(qtbot, dock) == "Class 1: 354 pixels painted."


def test_the_local_rule_finds_a_bright_spot_on_a_slope(qtbot, viewer, dock, labels, image):
    image.data[1] = np.linspace(0, 1000, 24)
    image.data[1, 8, 3] += 300
    dock.threshold.window.setValue(5)
    dock.threshold.rule.setCurrentText("Local: uneven light")
    dock.threshold.value.setValue(150)
    assert apply(qtbot, dock) == "Class 1: 1 pixel painted."
    assert labels.data[1, 8, 3] == 2


def test_a_click_floods_the_connected_region(qtbot, dock, labels):
    choose(dock, "Flood fill")
    assert dock.flood.tolerance.value() == pytest.approx(9, abs=0.5)
    click(qtbot, dock.panel.start_button)
    assert dock.picker.is_armed
    click_at(dock, qtbot, 5, 7)
    assert dock.panel.words.text() == "Class 1: 30 pixels painted."
    assert (labels.data[1, *BRIGHT] == 2).all()
    assert dock.picker.is_armed
    labels.undo()
    assert not labels.data.any()
    dock.all_slices.setChecked(True)
    click_at(dock, qtbot, 5, 7)
    assert dock.panel.words.text() == "Class 1: 90 pixels painted."
    click(qtbot, dock.panel.start_button)
    assert not dock.picker.is_armed


def test_a_click_beside_the_image_is_told(dock):
    choose(dock, "Flood fill")
    dock.picker.arm()
    dock.picker.clicked.emit((1.0, -5.0, 3.0))
    assert "beside a" in dock.panel.words.text()


def test_another_tool_disarms_the_click(dock):
    choose(dock, "Flood fill")
    dock.picker.arm()
    choose(dock, "Threshold")
    assert not dock.picker.is_armed
    assert dock.panel.start_button.text() == "Apply"


def test_strokes_grow_to_the_edges(qtbot, dock, labels):
    choose(dock, "Watershed from strokes")
    labels.data[1, 6, 8] = 2
    labels.data[1, 0, 0] = 1
    labels.selected_label = 0  # no class is needed
    words = apply(qtbot, dock)
    painted = (labels.data[1] == 2).sum()
    assert (labels.data[1, 5:8, 7:11] == 2).all()
    assert labels.data[1].all()
    assert words == f"Background: {384 - painted - 1} pixels painted. Class 1: {painted - 1} pixels painted."
    labels.undo()
    assert (labels.data > 0).sum() == 2


def test_one_stroke_is_too_few_for_a_watershed(qtbot, dock, labels):
    choose(dock, "Watershed from strokes")
    labels.data[1, 6, 8] = 2
    assert "at least two of background and the classes" in apply(qtbot, dock)


def test_a_class_grows_by_angstrom_where_the_pixel_size_is_known(qtbot, dock, labels):
    choose(dock, "Grow, shrink or smooth")
    labels.data[1, 8, 8] = 2
    labels.data[1, 8, 9] = 1
    dock.outline.radius.unit.setCurrentText("Å")
    assert dock.outline.radius.box.value() == 1
    dock.outline.radius.box.setValue(0.5)
    assert apply(qtbot, dock) == "Class 1: 3 pixels painted."
    assert labels.data[1, 8, 9] == 1
    dock.outline.over.setChecked(True)
    apply(qtbot, dock)
    assert labels.data[1, 8, 9] == 2


def test_without_a_pixel_size_only_pixels_are_offered(dock, image):
    choose(dock, "Grow, shrink or smooth")
    dock.outline.radius.unit.setCurrentText("Å")
    image.units = ("pixel", "pixel", "pixel")
    choose(dock, "Threshold")
    choose(dock, "Grow, shrink or smooth")
    assert dock.outline.radius.unit.currentText() == "px"
    assert not dock.outline.radius.unit.isEnabled()
    assert dock.outline.radius.box.value() == 2


def test_shrinking_takes_paint_away_only_if_that_is_allowed(qtbot, dock, labels):
    choose(dock, "Grow, shrink or smooth")
    labels.data[1, 4:9, 4:9] = 2
    dock.outline.action.setCurrentText("Shrink")
    dock.outline.radius.box.setValue(1)
    dock.target.keep.click()
    assert dock.panel.words.text().startswith("Untick 'Paint only where unlabelled'")
    assert not dock.panel.start_button.isEnabled()
    dock.target.keep.click()
    assert apply(qtbot, dock) == "16 pixels erased."
    dock.outline.becomes.setCurrentText("background")
    assert apply(qtbot, dock) == "Background: 8 pixels painted."


def test_a_class_is_filled_between_two_painted_slices(qtbot, viewer, dock, labels):
    choose(dock, "Fill between slices")
    labels.data[[0, 2], 4:9, 4:9] = 2
    labels.data[1, 6, 6] = 1
    assert apply(qtbot, dock) == "Class 1: 24 pixels painted."
    labels.undo()
    viewer.dims.set_current_step(0, 0)
    click(qtbot, dock.panel.start_button)
    assert "Slice 0 does not lie between two slices" in dock.panel.words.text()
    dock.all_slices.setChecked(True)
    assert apply(qtbot, dock) == "Class 1: 24 pixels painted."


def test_a_single_image_has_no_slices_between(viewer, dock):
    viewer.add_image(np.zeros((8, 9)), name="single")
    viewer.add_labels(np.zeros((8, 9), np.uint8)).selected_label = 1
    dock.target.image_choice.choose(viewer.layers["single"])
    choose(dock, "Fill between slices")
    assert dock.panel.words.text() == "This needs a stack of at least three slices."


def test_specks_go_and_holes_are_filled(qtbot, dock, labels):
    choose(dock, "Remove specks, fill holes")
    labels.data[1, 2:8, 2:8] = 2
    labels.data[1, 4, 4] = 0
    labels.data[1, 12, 20] = 2
    assert apply(qtbot, dock) == "1 pixel erased."
    assert labels.data[1, 12, 20] == 0
    dock.specks.action.setCurrentIndex(1)
    assert apply(qtbot, dock) == "Class 1: 1 pixel painted."
    assert labels.data[1, 4, 4] == 2


def test_nothing_to_change_is_said(qtbot, dock, labels):
    choose(dock, "Remove specks, fill holes")
    assert apply(qtbot, dock) == "No pixel changed."


@pytest.fixture
def held(monkeypatch):
    """Hold the threshold up until released."""
    release = threading.Event()
    real = module.ThresholdPage.plan

    def plan(self, work, *, all_slices):
        tool, blocks = real(self, work, all_slices=all_slices)
        return lambda codes, image: (release.wait(20), tool(codes, image))[1], blocks

    monkeypatch.setattr(module.ThresholdPage, "plan", plan)
    yield release
    release.set()


def test_what_is_painted_while_a_tool_works_stays(qtbot, dock, labels, held):
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        click(qtbot, dock.panel.start_button)
        labels.data_setitem((np.array([1]), np.array([4]), np.array([6])), np.uint8(1))
        held.set()
    assert labels.data[1, 4, 6] == 1
    assert (labels.data == 2).sum() == 29


def test_a_canceled_tool_paints_nothing(qtbot, dock, labels, held):
    dock.all_slices.setChecked(True)
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        click(qtbot, dock.panel.start_button)
        qtbot.waitUntil(dock.panel.cancel_button.isEnabled)
        click(qtbot, dock.panel.cancel_button)
        held.set()
    assert not labels.data.any()
    assert dock.panel.words.text() == "Stopped."


def test_labels_that_were_removed_meanwhile_are_not_painted(qtbot, viewer, dock, labels, held):
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        click(qtbot, dock.panel.start_button)
        viewer.layers.remove(labels)
        held.set()
    assert "a labels was removed or replaced meanwhile" in last_words()


def test_the_journal_hears_of_the_pixels_after_they_are_written(qtbot, dock, labels):
    heard = []
    labels.events.set_data.connect(lambda _event: heard.append(int((labels.data == 2).sum())))
    apply(qtbot, dock)
    assert heard[-1] == 30


def test_the_dock_says_what_is_missing(qtbot, viewer):
    dock = LabelToolsDock(viewer)
    qtbot.addWidget(dock)
    assert dock.panel.words.text() == "Open an image."
    image = viewer.add_image(np.random.default_rng(0).random((8, 9)), name="a")
    assert dock.panel.words.text() == "Make labels first: 'New labels' in the Label dock."
    viewer.add_labels(np.zeros((4, 4), np.uint8), name="small")
    assert "small has shape (4, 4), a (8, 9)" in dock.panel.words.text()
    viewer.layers.remove("small")
    viewer.add_labels(np.zeros((8, 9), np.uint8))
    assert dock.panel.words.text().startswith("Move the slider")
    viewer.layers.remove(image)
    assert dock.panel.words.text() == "Open an image."


def test_labels_are_chosen_with_their_image(qtbot, viewer, dock, labels):
    second = viewer.add_image(np.random.default_rng(1).random(SHAPE), name="b")
    assert dock.panel.words.text().startswith("Make labels first")
    viewer.layers.selection.active = labels
    assert dock.target.image.name == "a"
    assert dock.target.labels is labels
    viewer.layers.remove(second)
