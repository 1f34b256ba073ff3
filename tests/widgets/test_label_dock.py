import numpy as np
import pytest
from napari.layers import Labels
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog

from napari_strata.widgets.calibration import METADATA, set_pixel_size
from napari_strata.widgets.label_dock import LabelDock
from napari_strata.widgets.label_memory import class_table_of, mates_of

STACK = np.random.default_rng(0).random((3, 16, 24))


@pytest.fixture
def dock(qtbot, viewer):
    dock = LabelDock(viewer)
    viewer.window.add_dock_widget(dock)
    return dock


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def names(dock: LabelDock) -> list[str]:
    return [dock.classes.item(row, 2).text() for row in range(dock.classes.rowCount())]


def last_words() -> str:
    return notification_manager.records[-1].message


def test_new_labels_lie_exactly_on_the_image(qtbot, viewer, dock):
    image = viewer.add_image(
        STACK,
        name="a",
        scale=(5, 0.2, 0.1),
        translate=(1, 2, 3),
        rotate=[[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]],
        shear=(0, 0, 0.2),
        affine=np.diag([1, 2, 2, 1]),
        units=("nm", "nm", "nm"),
        axis_labels=("t", "y", "x"),
    )
    click(qtbot, dock.new_button)
    labels = viewer.layers["a labels"]
    assert labels.data.shape == STACK.shape
    assert labels.data.dtype == np.uint8
    assert not labels.data.any()
    corners = [(0, 0, 0), (2, 15, 23), (1, 3, 20)]
    assert [tuple(labels.data_to_world(c)) for c in corners] == [tuple(image.data_to_world(c)) for c in corners]
    assert labels.units == image.units
    assert labels.axis_labels == image.axis_labels


def test_a_painted_stroke_can_be_undone(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    labels = dock.labels.layer
    labels.paint((1, 8, 8), 2)
    assert (labels.data == 2).any()
    labels.undo()
    assert not labels.data.any()


def test_selecting_a_row_makes_the_brush_paint_that_code(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    labels = dock.labels.layer
    assert (labels.selected_label, labels.mode) == (2, "paint")
    viewer.layers.selection.active = viewer.layers[0]
    dock.classes.setCurrentCell(1, 2)
    assert viewer.layers.selection.active == labels
    assert (labels.selected_label, labels.mode) == (1, "paint")
    labels.selected_label = 2
    assert dock.classes.code == 2


def test_the_class_table_starts_with_the_two_fixed_codes_and_grows(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    click(qtbot, dock.add_button)
    assert names(dock) == ["not labelled (eraser)", "background", "class 1", "class 2"]
    assert dock.labels.layer.selected_label == 3
    assert not dock.classes.item(1, 2).flags() & Qt.ItemFlag.ItemIsEditable


def test_a_class_is_renamed_by_typing_and_a_taken_name_is_refused_in_words(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    click(qtbot, dock.add_button)
    dock.classes.item(2, 2).setText("bubble")
    assert class_table_of(dock.labels.layer).names == ("bubble", "class 2")
    dock.classes.item(3, 2).setText("bubble")
    assert "two classes have the same name" in last_words()
    assert names(dock)[2:] == ["bubble", "class 2"]


def test_recolouring_changes_what_is_drawn(qtbot, viewer, dock, monkeypatch):
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_args: QColor("#00ff00"))
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    dock.classes.setCurrentCell(2, 2)
    click(qtbot, dock.color_button)
    labels = dock.labels.layer
    assert labels.colormap.map(2).tolist() == [0, 1, 0, 1]
    assert labels.colormap.map(0)[3] == 0
    assert class_table_of(labels).classes[0].color == "#00ff00"


def test_a_gombnet_gets_one_labels_layer_per_crystal_layer_with_one_class_table(qtbot, viewer, dock):
    viewer.add_image(STACK, name="a")
    dock.layers.setValue(2)
    click(qtbot, dock.new_button)
    first, second = viewer.layers["a layer 0 labels"], viewer.layers["a layer 1 labels"]
    click(qtbot, dock.add_button)
    assert class_table_of(first).names == class_table_of(second).names == ("class 1", "class 2")
    viewer.layers.move(viewer.layers.index(second), 0)
    assert mates_of(second, viewer.layers) == [first, second]


def test_labels_from_elsewhere_get_a_class_for_every_code(viewer, dock):
    viewer.add_labels(np.array([[0, 1], [2, 4]]), name="imported")
    assert names(dock)[2:] == ["class 1", "class 2", "class 3"]


@pytest.mark.parametrize("largest", [255, 500])
def test_labels_with_too_many_codes_leave_an_empty_table_and_the_words(qtbot, viewer, largest):
    viewer.add_image(STACK[0])
    imported = viewer.add_labels(np.array([[0, 1], [2, largest]]), name="imported")
    dock = LabelDock(viewer)
    qtbot.addWidget(dock)
    assert dock.labels.layer == imported
    assert dock.classes.rowCount() == 0
    assert dock.hint.text().startswith(f"imported holds codes up to {largest}")
    assert "convert them to 1 = background" in dock.hint.text()


def test_labels_with_too_many_codes_do_not_get_the_next_name_that_is_typed(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    own = dock.labels.layer
    imported = viewer.add_labels(np.array([[0, 255]]), name="imported")
    assert not dock.add_button.isEnabled()
    viewer.layers.selection.active = own
    dock.classes.item(2, 2).setText("bubble")
    assert class_table_of(own).names == ("bubble",)
    assert not imported.metadata


def test_the_dock_says_what_to_do_next(qtbot, viewer, dock):
    assert dock.hint.text() == dock.new_button.toolTip() == "Open an image."
    viewer.add_image(np.zeros((8, 9, 3)), rgb=True)
    assert dock.hint.text() == "Press 'Convert to grey'."
    click(qtbot, dock.grey_button)
    assert dock.hint.text() == "Press 'New labels' to paint, or 'New atoms' to click atoms."
    click(qtbot, dock.new_button)
    assert dock.hint.text().startswith("Choose a row and paint, also some background; then Train")
    viewer.add_image(STACK)
    assert dock.hint.text() == "Press 'New labels' to paint, or 'New atoms' to click atoms."
    click(qtbot, dock.new_button)
    assert "in three or four slices; then Train, Learn from: My labels." in dock.hint.text()


def test_an_image_brings_its_labels_and_labels_their_image(qtbot, viewer, dock):
    first = viewer.add_image(STACK, name="a")
    click(qtbot, dock.new_button)
    second = viewer.add_image(STACK, name="b")
    click(qtbot, dock.new_button)
    viewer.layers.selection.active = first
    assert dock.labels.layer.name == "a labels"
    viewer.layers.selection.active = viewer.layers["b labels"]
    assert dock.image.layer == second


def test_a_pixel_size_typed_for_the_grey_copy_does_not_mark_the_colour_image(qtbot, viewer, dock):
    colour = viewer.add_image(np.zeros((8, 9, 3)), rgb=True, metadata={METADATA: {"known": [1]}})
    click(qtbot, dock.grey_button)
    grey = dock.image.layer
    grey.metadata[METADATA]["known"].append(2)
    set_pixel_size(grey, 0.2)
    assert colour.metadata == {METADATA: {"known": [1]}}


def test_a_colour_image_is_converted_to_grey_in_the_same_place(qtbot, viewer, dock):
    colour = viewer.add_image(np.random.default_rng(0).random((8, 9, 3)), rgb=True, name="photo", scale=(2, 3))
    assert dock.grey_button.isVisibleTo(dock)
    click(qtbot, dock.new_button)
    assert "Press 'Convert to grey'" in last_words()
    click(qtbot, dock.grey_button)
    grey = viewer.layers["photo grey"]
    assert grey.data.shape == (8, 9)
    assert grey.data[0, 0] == pytest.approx(colour.data[0, 0] @ [0.2125, 0.7154, 0.0721])
    assert grey.scale.tolist() == [2, 3]
    assert not dock.grey_button.isVisibleTo(dock)


def test_four_dimensions_are_refused_in_words(qtbot, viewer, dock):
    viewer.add_image(np.zeros((2, 3, 8, 9)), name="series")
    click(qtbot, dock.new_button)
    assert "series has 4 dimensions" in last_words()
    assert not any(isinstance(layer, Labels) for layer in viewer.layers)


def test_removing_the_layers_leaves_an_empty_dock(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    viewer.layers.clear()
    assert dock.classes.rowCount() == 0
    assert not dock.new_button.isEnabled()
    assert not dock.add_button.isEnabled()
