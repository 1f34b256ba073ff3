from importlib.resources import files

import numpy as np
import pytest
import yaml
from atom_drag import drag
from napari.layers import Labels
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QApplication, QColorDialog, QWidget

from napari_strata.widgets.label.dock import LabelDock
from napari_strata.widgets.layers.calibration import METADATA, set_pixel_size
from napari_strata.widgets.layers.label_memory import class_table_of, mates_of

STACK = np.random.default_rng(0).random((3, 16, 24))


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


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


def test_a_pixel_size_typed_for_the_grey_copy_scales_the_colour_image_too(qtbot, viewer, dock):
    colour = viewer.add_image(np.zeros((8, 9, 3)), rgb=True)
    other = viewer.add_image(np.zeros((8, 9)))
    dock.image.choose(colour)
    click(qtbot, dock.grey_button)
    set_pixel_size(dock.image.layer, 0.2, viewer.layers)
    assert colour.scale.tolist() == [0.2, 0.2]
    assert colour.units == dock.image.layer.units != other.units


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


def counts(dock: LabelDock, column: int) -> list[str]:
    return [dock.classes.item(row, column).text() for row in range(dock.classes.rowCount())]


def fill(labels: Labels, frame: int, code: int) -> None:
    y, x = np.indices(labels.data.shape[-2:]).reshape(2, -1)
    labels.data_setitem((np.full(y.size, frame), y, x), code)


def test_a_class_is_merged_into_another_with_its_pixels_in_all_crystal_layers(qtbot, viewer, dock):
    viewer.add_image(STACK)
    dock.layers.setValue(2)
    click(qtbot, dock.new_button)
    click(qtbot, dock.add_button)
    first, second = mates_of(dock.labels.layer, viewer.layers)
    fill(first, 0, 2)
    fill(second, 1, 3)
    dock.classes.setCurrentCell(2, 2)
    dock.editor.merge_button.choose("into class 2")
    assert names(dock)[2:] == ["class 2"]
    assert (first.data.max(), second.data.max()) == (2, 2)
    assert dock.classes.code == first.selected_label == 2
    first.undo()
    assert names(dock)[2:] == ["class 1", "class 2"]
    assert (first.data.max(), second.data.max()) == (2, 3)


def test_classes_change_their_places_and_what_cannot_be_pressed_is_off(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    assert not any(b.isEnabled() for b in (dock.editor.up_button, dock.editor.down_button))
    assert not dock.editor.delete_button.isEnabled()
    click(qtbot, dock.add_button)
    fill(dock.labels.layer, 0, 3)
    assert not dock.editor.down_button.isEnabled()
    click(qtbot, dock.editor.up_button)
    assert names(dock)[2:] == ["class 2", "class 1"]
    assert (dock.labels.layer.data[0] == 2).all()
    assert dock.classes.code == 2


def test_a_class_with_pixels_is_deleted_only_with_a_choice_of_what_they_become(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    click(qtbot, dock.add_button)
    fill(dock.labels.layer, 0, 3)
    dock.editor.delete_button.choose("its 384 px become background: they teach what is no class")
    assert names(dock)[2:] == ["class 1"]
    assert (dock.labels.layer.data[0] == 1).all()
    dock.labels.layer.undo()
    dock.classes.setCurrentCell(2, 2)
    dock.editor.delete_button.choose("nothing is painted of it: delete")
    assert names(dock)[2:] == ["class 2"]
    assert (dock.labels.layer.data[0] == 2).all()


def test_a_class_of_atoms_is_merged_but_not_deleted(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.atoms_button)
    atoms = dock.labels.layer
    click(qtbot, dock.add_button)
    atoms.add((0, 5, 5))
    dock.editor.delete_button.choose("nothing is painted of it: delete")
    assert "has 1 atoms of class 2. Delete them or give them another class first" in last_words()
    dock.editor.merge_button.choose("into class 1")
    assert list(atoms.features["species"]) == ["class 1"]


def test_what_is_painted_is_shown_of_the_slice_and_of_the_stack(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    viewer.dims.set_point(0, 0)
    fill(dock.labels.layer, 0, 2)
    fill(dock.labels.layer, 1, 1)
    qtbot.waitUntil(lambda: counts(dock, 4) == ["384", "384", "384"])
    assert counts(dock, 3) == ["–", "–", "384"]
    assert dock.classes.item(2, 4).toolTip() == "384 px in all slices, 50.0% of what is painted"
    viewer.dims.set_point(0, 1)
    qtbot.waitUntil(lambda: counts(dock, 3) == ["–", "384", "–"])


def test_a_single_image_has_one_column_of_pixels(qtbot, viewer, dock):
    viewer.add_image(STACK[0])
    click(qtbot, dock.new_button)
    qtbot.waitUntil(lambda: counts(dock, 3) == ["384", "–", "–"])
    assert dock.classes.isColumnHidden(4)


def canvas(viewer) -> QWidget:
    return next(w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop")


@pytest.mark.canvas
def test_alt_and_a_digit_pick_a_class_also_from_the_canvas_until_the_dock_is_closed(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    labels = dock.labels.layer
    canvas(viewer).setFocus()
    for digit, code in ((Qt.Key.Key_1, 1), (Qt.Key.Key_2, 2), (Qt.Key.Key_9, 2), (Qt.Key.Key_0, 0)):
        qtbot.keyClick(canvas(viewer), digit, Qt.KeyboardModifier.AltModifier)
        assert (labels.selected_label, dock.classes.code) == (code, code)
    labels.mode = "pan_zoom"
    ended = []
    dock.destroyed.connect(lambda *_: ended.append(True))
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: bool(ended))
    qtbot.keyClick(canvas(viewer), Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert (labels.selected_label, labels.mode) == (0, "pan_zoom")


def test_the_class_table_shows_which_digit_picks_which_class(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    heading = dock.classes.horizontalHeaderItem(1)
    assert heading.text() == "Alt+"
    assert "Alt and this digit picks the class, 0 to 9" in heading.toolTip()
    for row, name in enumerate(("not labelled (eraser)", "background", "class 1")):
        assert [dock.classes.item(row, column).text() for column in (1, 2)] == [str(row), name]
        assert dock.classes.item(row, 2).toolTip().endswith(f"Alt+{row} picks it.")


def test_alt_and_a_digit_pick_a_class_also_while_the_dock_has_the_focus(qtbot, viewer):
    viewer.add_image(STACK)
    dock = LabelDock(viewer)
    qtbot.addWidget(dock)
    click(qtbot, dock.new_button)
    with qtbot.waitActive(dock):
        dock.show()
        dock.activateWindow()
    qtbot.keyClick(dock.classes, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert dock.labels.layer.selected_label == 1


def test_new_atoms_are_ready_to_be_clicked_and_get_the_class_of_the_row(qtbot, viewer, dock):
    viewer.add_image(STACK, name="a")
    dock.layers.setValue(2)
    click(qtbot, dock.atoms_button)
    atoms = viewer.layers["a layer 0 atoms"]
    assert (viewer.layers.selection.active, atoms.mode) == (atoms, "add")
    assert dock.hint.text().startswith("Choose a row and click atoms")
    click(qtbot, dock.add_button)
    atoms.add((0, 3, 3))
    dock.classes.setCurrentCell(2, 2)
    atoms.add((0, 9, 9))
    assert list(atoms.features["species"]) == ["class 2", "class 1"]
    qtbot.waitUntil(lambda: counts(dock, 4) == ["–", "–", "1", "1"])


def test_an_atom_clicked_beside_the_image_is_taken_away_with_a_word(qtbot, viewer, dock):
    image = viewer.add_image(np.random.default_rng(0).random((3, 30, 40)), name="a", translate=(0, 5, 7))
    click(qtbot, dock.atoms_button)
    atoms = dock.labels.layer
    for place in ((1, 10, 20), (1, 30, 20), (3, 10, 20), (1, 29, 39)):
        atoms.add(place)
    assert atoms.data.tolist() == [[1, 10, 20], [1, 29, 39]]
    said = f"No atom was added there: it is outside of the image {image.name}. Click inside it."
    assert [record.message for record in notification_manager.records].count(said) == 2
    drag(atoms, {0}, (1, 10, 20), (1, 30, 20))
    assert atoms.data.tolist() == [[1, 10, 20], [1, 29, 39]]
    assert notification_manager.records[-1].message.startswith("The atom is back in place: the drag ended outside")


def test_new_atoms_join_the_chosen_labels(qtbot, viewer, dock):
    viewer.add_image(STACK, name="a")
    dock.layers.setValue(2)
    click(qtbot, dock.new_button)
    dock.layers.setValue(1)
    click(qtbot, dock.atoms_button)
    assert [dock.group.list.item(row).text() for row in range(4)] == [
        "0   labels   a layer 0 labels",
        "0   atoms   a layer 0 atoms",
        "1   labels   a layer 1 labels",
        "1   atoms   a layer 1 atoms",
    ]


@pytest.mark.canvas
def test_atoms_are_drawn_into_the_labels_of_their_crystal_layer(qtbot, viewer, dock):
    viewer.add_image(STACK, name="a", scale=(1, 0.5, 0.5), units=("pixel", "angstrom", "angstrom"))
    dock.layers.setValue(2)
    click(qtbot, dock.new_button)
    viewer.layers["a layer 1 labels"].data[1] = 2
    click(qtbot, dock.atoms_button)
    viewer.layers["a layer 0 atoms"].add((1, 5, 5))
    dock.atoms.form.set_value("radius", 1.0)
    dock.atoms.button.click()
    labels = viewer.layers["a layer 0 labels"]
    assert [(frame == 2).sum() for frame in labels.data] == [0, 13, 0]
    assert [(frame == 1).sum() for frame in labels.data] == [0, 384 - 13, 0]
    assert viewer.layers["a layer 0 atoms"].size.tolist() == [4]
    assert (viewer.layers["a layer 1 labels"].data[1] == 2).all()
    labels.undo()
    assert not labels.data.any()


@pytest.mark.canvas
def test_without_background_atoms_leave_what_was_painted(qtbot, viewer, dock):
    viewer.add_image(STACK, name="a", scale=(1, 0.5, 0.5), units=("pixel", "angstrom", "angstrom"))
    click(qtbot, dock.atoms_button)
    viewer.layers["a atoms"].add((1, 5, 5))
    dock.atoms.form.set_value("background", False)
    dock.atoms.form.set_value("radius", 0.5)
    dock.atoms.button.click()
    labels = viewer.layers["a labels"]
    assert np.bincount(labels.data[1].ravel()).tolist() == [379, 0, 5]


@pytest.mark.canvas
def test_atoms_without_a_pixel_size_say_what_to_type(qtbot, viewer, dock):
    viewer.add_image(STACK, name="a")
    click(qtbot, dock.atoms_button)
    viewer.layers["a atoms"].add((1, 5, 5))
    dock.atoms.button.click()
    assert "The pixel size of a is not known" in last_words()
    assert "a labels" not in viewer.layers


@pytest.mark.canvas
def test_shapes_become_labels_of_the_selected_class(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    labels = dock.labels.layer
    box = np.array([(0, 1, 1), (0, 1, 5), (0, 5, 5), (0, 5, 1)]) - (0, 0.5, 0.5)
    viewer.add_shapes([box], shape_type="rectangle")
    dock.classes.setCurrentCell(1, 2)
    click(qtbot, dock.shapes.button)
    assert (labels.data[0, 1:5, 1:5] == 1).all()
    assert labels.data.sum() == 16


def test_the_group_says_which_layer_is_which_and_swaps_and_copies(qtbot, viewer, dock):
    viewer.add_image(STACK, name="a")
    dock.layers.setValue(2)
    click(qtbot, dock.new_button)
    first, second = mates_of(dock.labels.layer, viewer.layers)
    fill(first, 0, 2)
    dock.group.copy_button.choose("a layer 1 labels")
    assert (second.data == first.data).all()
    dock.group.swap_button.choose("crystal layer 1")
    assert mates_of(first, viewer.layers) == [second, first]
    assert dock.group.words.text().startswith("All lie on the image, pixel on pixel.")


def test_labels_that_do_not_lie_on_their_image_are_told_in_the_hint_without_unfolding_anything(
    qtbot, viewer, dock
):
    image = viewer.add_image(STACK, name="a")
    click(qtbot, dock.new_button)
    labels = dock.labels.layer
    assert dock.hint.text().startswith("Choose a row and paint")
    labels.translate = (0, 1, 0)
    assert dock.hint.text().startswith("a labels does not lie on a:")
    assert dock.hint.text().endswith("'Align' is under 'Crystal layers of the group'.")
    labels.translate = (0, 0, 0)
    assert dock.hint.text().startswith("Choose a row and paint")
    image.scale = (1, 2, 2)
    assert dock.hint.text().startswith("a labels does not lie on a:")


def test_align_gives_the_image_the_pixel_size_that_only_the_labels_have_and_says_so(qtbot, viewer, dock):
    image = viewer.add_image(STACK, name="a")
    click(qtbot, dock.new_button)
    labels = dock.labels.layer
    labels.scale, labels.units = (1, 0.5, 0.5), ("pixel", "angstrom", "angstrom")
    dock.group.align_button.click()
    assert image.scale.tolist() == labels.scale.tolist() == [1, 0.5, 0.5]
    assert last_words() == "a has the pixel size of a labels now: it had none of its own."
    assert dock.hint.text().startswith("Choose a row and paint")


@pytest.mark.canvas
def test_a_layer_of_the_group_that_was_moved_is_told_and_aligned(qtbot, viewer, dock):
    viewer.add_image(STACK, name="a")
    click(qtbot, dock.new_button)
    dock.labels.layer.translate = (0, 3, 0)
    dock.group.refresh()
    assert dock.group.words.text().startswith("a labels does not lie on a:")
    click(qtbot, dock.group.align_button)
    assert dock.labels.layer.translate.tolist() == [0, 0, 0]
    assert dock.group.words.text().startswith("All lie on the image")


def test_every_link_opens_a_dock_that_there_is(dock):
    manifest = yaml.safe_load(files("napari_strata").joinpath("napari.yaml").read_text())
    known = {widget["display_name"] for widget in manifest["contributions"]["widgets"]}
    assert set(dock.links.buttons) <= known


@pytest.mark.canvas
def test_a_merge_can_be_undone_after_the_dock_was_closed(qtbot, viewer, dock):
    viewer.add_image(STACK)
    click(qtbot, dock.new_button)
    click(qtbot, dock.add_button)
    labels = dock.labels.layer
    fill(labels, 0, 3)
    dock.editor.merge_button.choose("into class 1")
    ended = []
    dock.destroyed.connect(lambda *_: ended.append(True))
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(lambda: bool(ended))
    labels.undo()
    assert class_table_of(labels).names == ("class 1", "class 2")
    assert (labels.data[0] == 3).all()
