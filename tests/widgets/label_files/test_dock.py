import threading

import numpy as np
import pytest
from cvat_files import BOX, write_cvat
from napari.layers import Labels, Points, Shapes
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QComboBox, QFileDialog

from napari_strata.annotation import drawn_labels
from napari_strata.annotation.provenance import Provenance
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.io.labels.formats import FORMATS
from napari_strata.io.tif import write_tif
from napari_strata.widgets.label_files.dock import LabelFilesDock
from napari_strata.widgets.layers.label_birth import provenance_of
from napari_strata.widgets.layers.label_layers import new_labels
from napari_strata.widgets.layers.label_memory import class_table_of, crystal_layer_of, image_of, mates_of

POINTS = '<points label="void" occluded="0" source="auto" points="2.5,3.5;8.5,9.5" z_order="1"/>'
IMAGE = np.zeros((20, 24))


def in_window(viewer):
    dock = LabelFilesDock(viewer)
    viewer.window.add_dock_widget(dock)
    return dock


@pytest.fixture
def dock(bare_viewer):
    return in_window(bare_viewer)


@pytest.fixture
def napari_dock(viewer):
    return in_window(viewer)


def idle(qtbot, page):
    qtbot.waitUntil(lambda: not page.panel.runner.is_busy, timeout=10_000)


def choose(qtbot, dock, *paths):
    dock.importing.form.files.choose(paths)
    idle(qtbot, dock.importing)


def click(qtbot, dock, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    idle(qtbot, dock.importing)
    idle(qtbot, dock.exporting)


def set_meaning(dock, row: int, meaning: str) -> None:
    box: QComboBox = dock.importing.form.classes.cellWidget(row, 3)
    box.setCurrentText(meaning)
    box.lineEdit().editingFinished.emit()


def cells(table) -> list[list[str]]:
    return [[table.item(row, column).text() for column in range(3)] for row in range(table.rowCount())]


def labels_in(viewer) -> list[Labels]:
    return [layer for layer in viewer.layers if isinstance(layer, Labels)]


def test_labels_of_several_open_images_lie_on_them_and_are_labels_to_work_on(qtbot, viewer, napari_dock, tmp_path):
    images = [viewer.add_image(IMAGE, name=n, scale=(0.2, 0.1), translate=(3, 4), units=("nm",) * 2) for n in "ab"]
    choose(qtbot, napari_dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain"), b=BOX.format("void")))
    click(qtbot, napari_dock, napari_dock.importing.panel.start_button)
    first, second = labels_in(viewer)
    assert (first.name, second.name) == ("a labels", "b labels")
    assert (first.data == 2).sum() == (second.data == 3).sum() == 100
    assert (first.data == 1).sum() == 380
    assert [image_of(one, viewer.layers) for one in (first, second)] == images
    assert tuple(first.data_to_world((5, 7))) == tuple(images[0].data_to_world((5, 7)))
    assert class_table_of(first).names == ("grain", "void")
    assert first.colormap.map(2).tolist() == pytest.approx([0x11 / 255, 0x22 / 255, 0x33 / 255, 1])
    assert (provenance_of(first) == Provenance.IMPORTED).all()
    assert napari_dock.importing.panel.words.text() == "Added a labels, b labels with 200 pixels of grain, void."


def test_the_tables_report_before_anything_is_imported(qtbot, bare_viewer, dock, tmp_path):
    bare_viewer.add_image(IMAGE, name="a")
    bare_viewer.add_image(IMAGE, name="other")
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain"), gone=POINTS))
    form, panel = dock.importing.form, dock.importing.panel
    assert cells(form.matches) == [
        ["gone.png", "no image of this name", "no"],
        ["a.png", "a", "95 %"],
        ["not in the file", "other", ""],
    ]
    assert form.format.currentText() == "find out: CVAT XML 1.1"
    assert cells(form.classes) == [["", "grain", "1"], ["", "void", "1"]]
    assert "1 image is not there: gone.png" in panel.words.text()
    assert not panel.start_button.isEnabled()
    form.leave_out.setChecked(True)
    assert panel.start_button.isEnabled()
    assert labels_in(bare_viewer) == []


def test_an_image_that_is_opened_later_is_found(qtbot, bare_viewer, dock, tmp_path):
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    assert "None of the annotated images is open" in dock.importing.panel.words.text()
    bare_viewer.add_image(IMAGE, name="a")
    assert dock.importing.panel.start_button.isEnabled()
    bare_viewer.layers.clear()
    assert not dock.importing.panel.start_button.isEnabled()


def test_a_file_that_waits_for_the_size_of_its_image_is_read_when_that_is_opened(
    qtbot, bare_viewer, dock, tmp_path
):
    (tmp_path / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    with notification_manager:
        choose(qtbot, dock, tmp_path / "a.txt")
    assert not dock.importing.panel.start_button.isEnabled()
    bare_viewer.add_image(IMAGE, name="a")
    idle(qtbot, dock.importing)
    click(qtbot, dock, dock.importing.panel.start_button)
    assert [(one.data == 2).sum() for one in labels_in(bare_viewer)] == [120]


def test_another_size_is_told(qtbot, bare_viewer, dock, tmp_path):
    bare_viewer.add_image(np.zeros((20, 20)), name="a")
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    assert "20 x 24 px in the file, 20 x 20 px in the image" in dock.importing.panel.words.text()
    assert not dock.importing.panel.start_button.isEnabled()


def test_classes_become_what_the_table_says(qtbot, bare_viewer, dock, tmp_path):
    bare_viewer.add_image(IMAGE, name="a")
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain") + POINTS))
    set_meaning(dock, 0, "matter")
    set_meaning(dock, 1, "not labelled")
    click(qtbot, dock, dock.importing.panel.start_button)
    (labels,) = labels_in(bare_viewer)
    assert class_table_of(labels).names == ("matter",)
    assert np.bincount(labels.data.ravel()).tolist() == [2, 379, 99]


def test_a_reserved_word_is_understood_however_it_is_spelled(qtbot, bare_viewer, dock, tmp_path):
    bare_viewer.add_image(IMAGE, name="a")
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    set_meaning(dock, 1, "Unlabeled")
    assert dock.importing.form.classes.meanings == {"grain": "grain", "void": "not labelled"}


def test_an_empty_meaning_skips_the_class(qtbot, bare_viewer, dock, tmp_path):
    bare_viewer.add_image(IMAGE, name="a")
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    set_meaning(dock, 0, "")
    assert dock.importing.form.classes.meanings["grain"] == "skip"


def test_what_is_outside_may_stay_not_labelled(qtbot, bare_viewer, dock, tmp_path):
    bare_viewer.add_image(IMAGE, name="a")
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    dock.importing.form.outside.setCurrentIndex(1)
    click(qtbot, dock, dock.importing.panel.start_button)
    assert np.unique(labels_in(bare_viewer)[0].data).tolist() == [0, 2]


def test_the_preview_shows_what_will_land_and_goes_again(qtbot, viewer, napari_dock, tmp_path):
    viewer.add_image(IMAGE, name="a")
    image = viewer.add_image(IMAGE, name="b", scale=(2, 2))
    choose(qtbot, napari_dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain"), b=BOX.format("void")))
    napari_dock.importing.form.matches.selectRow(1)
    click(qtbot, napari_dock, napari_dock.importing.form.preview_button)
    (preview,) = labels_in(viewer)
    assert preview.name == "preview: b"
    assert (preview.data == 3).sum() == 100
    assert tuple(preview.scale) == tuple(image.scale)
    assert "nothing is imported yet" in napari_dock.importing.panel.words.text()
    click(qtbot, napari_dock, napari_dock.importing.form.preview_button)
    assert labels_in(viewer) == []
    click(qtbot, napari_dock, napari_dock.importing.form.preview_button)
    click(qtbot, napari_dock, napari_dock.importing.panel.start_button)
    assert [one.name for one in labels_in(viewer)] == ["a labels", "b labels"]


def test_a_stack_gets_its_frames(qtbot, bare_viewer, dock, tmp_path):
    bare_viewer.add_image(np.zeros((3, 20, 24)), name="movie", scale=(5, 1, 1))
    box = '<box frame="{}" outside="0" occluded="0" keyframe="1" xtl="5" ytl="5" xbr="15" ybr="15" z_order="0"/>'
    size = "<original_size><width>24</width><height>20</height></original_size>"
    task = f"<task><size>3</size><mode>interpolation</mode>{size}<source>movie.mp4</source></task>"
    track = f'<track id="0" label="grain">{box.format(1)}{box.format(2)}</track>'
    (tmp_path / "x.xml").write_text(f"<annotations><version>1.1</version><meta>{task}</meta>{track}</annotations>")
    choose(qtbot, dock, tmp_path / "x.xml")
    click(qtbot, dock, dock.importing.panel.start_button)
    (labels,) = labels_in(bare_viewer)
    assert [int((frame == 2).sum()) for frame in labels.data] == [0, 100, 100]


def test_objects_are_numbered_and_their_classes_are_features(qtbot, bare_viewer, dock, tmp_path):
    bare_viewer.add_image(IMAGE, name="a")
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain") + POINTS))
    dock.importing.form.becomes.setCurrentIndex(1)
    click(qtbot, dock, dock.importing.panel.start_button)
    (labels,) = labels_in(bare_viewer)
    assert (labels.name, labels.data.dtype) == ("a objects", np.uint16)
    assert labels.features["class"].tolist() == ["grain", "void"]
    assert [int((labels.data == number).sum()) for number in (1, 2)] == [99, 2]


def test_outlines_are_shapes_and_points_that_can_be_edited(qtbot, bare_viewer, dock, tmp_path):
    image = bare_viewer.add_image(IMAGE, name="a", scale=(0.5, 0.5))
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain") + POINTS))
    dock.importing.form.becomes.setCurrentIndex(2)
    click(qtbot, dock, dock.importing.panel.start_button)
    shapes, points = bare_viewer.layers[1:]
    assert isinstance(shapes, Shapes)
    assert isinstance(points, Points)
    assert shapes.shape_type == ["rectangle"]
    assert shapes.data[0].min(axis=0).tolist() == [4.5, 4.5]
    assert shapes.features["class"].tolist() == ["grain"]
    assert points.data.tolist() == [[3, 2], [9, 8]]
    assert tuple(shapes.scale) == tuple(image.scale)


def test_labels_of_a_crystal_layer_join_the_group_of_their_image(qtbot, bare_viewer, dock, tmp_path):
    image = bare_viewer.add_image(IMAGE, name="a")
    path = write_cvat(tmp_path / "x.xml", a=BOX.format("void"))
    choose(qtbot, dock, path)
    form = dock.importing.form
    form.crystal_layer.setCurrentIndex(1)
    click(qtbot, dock, dock.importing.panel.start_button)
    form.crystal_layer.setCurrentIndex(2)
    click(qtbot, dock, dock.importing.panel.start_button)
    first, second = labels_in(bare_viewer)
    assert [one.name for one in (first, second)] == ["a layer 0 labels", "a layer 1 labels"]
    assert mates_of(first, bare_viewer.layers) == [first, second]
    assert [crystal_layer_of(one) for one in (first, second)] == [0, 1]
    assert image_of(second, bare_viewer.layers) == image
    click(qtbot, dock, dock.importing.panel.start_button)
    assert "a layer 1 labels holds labels already" in dock.importing.panel.words.text()
    assert len(labels_in(bare_viewer)) == 2


def test_empty_labels_of_a_crystal_layer_are_filled_in_the_codes_of_their_group(
    qtbot, bare_viewer, dock, tmp_path
):
    image = bare_viewer.add_image(IMAGE, name="a")
    first, second = new_labels(bare_viewer, image, layers=2, table=ClassTable.from_names(("void",)))
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    dock.importing.form.crystal_layer.setCurrentIndex(2)
    click(qtbot, dock, dock.importing.panel.start_button)
    assert labels_in(bare_viewer) == [first, second]
    assert class_table_of(first).names == ("void", "grain")
    assert (second.data == 3).sum() == 100
    assert (provenance_of(second) == Provenance.IMPORTED).all()
    second.undo()
    assert not second.data.any()


def test_a_colour_image_gets_its_grey_copy_which_is_labelled(qtbot, bare_viewer, dock, tmp_path):
    bare_viewer.add_image(np.zeros((20, 24, 3)), rgb=True, name="a")
    path = write_cvat(tmp_path / "x.xml", a=BOX.format("grain"))
    choose(qtbot, dock, path)
    click(qtbot, dock, dock.importing.panel.start_button)
    assert image_of(bare_viewer.layers["a grey labels"], bare_viewer.layers).name == "a grey"
    choose(qtbot, dock, path)
    assert cells(dock.importing.form.matches) == [["a.png", "a grey", "95 %"]]


def test_images_of_a_folder_are_opened(qtbot, bare_viewer, dock, tmp_path, monkeypatch):
    (tmp_path / "images").mkdir()
    write_tif(tmp_path / "images" / "a.tif", np.zeros((20, 24), np.float32), "YX", pixel_size=0.5)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "images"))
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    dock.importing.form.images.setCurrentIndex(1)
    dock.importing.form.images.activated.emit(1)
    idle(qtbot, dock.importing)
    click(qtbot, dock, dock.importing.panel.start_button)
    assert [layer.name for layer in bare_viewer.layers] == ["a", "a labels"]
    assert bare_viewer.layers["a labels"].scale.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    "content", ["<annotations><image", "nothing known", ""], ids=["damaged", "other", "empty"]
)
def test_a_bad_file_is_told_in_words_and_the_viewer_stays_usable(qtbot, bare_viewer, dock, tmp_path, content):
    bare_viewer.add_image(IMAGE, name="a")
    (tmp_path / "bad.xml").write_text(content)
    choose(qtbot, dock, tmp_path / "bad.xml")
    assert "bad.xml" in dock.importing.panel.words.text()
    assert "bad.xml" in notification_manager.records[-1].message
    assert not dock.importing.panel.start_button.isEnabled()
    assert dock.importing.form.classes.rowCount() == 0
    choose(qtbot, dock, write_cvat(tmp_path / "good.xml", a=BOX.format("grain")))
    click(qtbot, dock, dock.importing.panel.start_button)
    assert len(labels_in(bare_viewer)) == 1


def test_files_may_be_dropped(qtbot, bare_viewer, dock, tmp_path):
    path = write_cvat(tmp_path / "x.xml", a=BOX.format("grain"))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    dock.importing.form.files.dropEvent(QDropEvent(QPointF(5, 5), copy, data, left, none))
    idle(qtbot, dock.importing)
    assert dock.importing.form.paths == (path,)
    assert dock.importing.form.matches.rowCount() == 1


@pytest.fixture
def gate(monkeypatch):
    """Let drawing wait until the gate is opened."""
    opened, original = threading.Event(), drawn_labels.draw_match

    def wait_and_draw(*arguments):
        opened.wait(10)
        return original(*arguments)

    monkeypatch.setattr(drawn_labels, "draw_match", wait_and_draw)
    return opened


def test_cancelling_half_way_adds_nothing(qtbot, bare_viewer, dock, tmp_path, gate):
    for name in "ab":
        bare_viewer.add_image(IMAGE, name=name)
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain"), b=BOX.format("grain")))
    panel = dock.importing.panel
    qtbot.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.words.text().startswith("Drawing a.png"))
    qtbot.mouseClick(panel.cancel_button, Qt.MouseButton.LeftButton)
    gate.set()
    idle(qtbot, dock.importing)
    assert labels_in(bare_viewer) == []
    assert panel.words.text() == "Stopped."
    click(qtbot, dock, panel.start_button)
    assert len(labels_in(bare_viewer)) == 2


def test_a_dock_that_is_closed_while_it_draws_adds_nothing_and_takes_its_preview_along(
    qtbot, viewer, napari_dock, tmp_path, gate
):
    viewer.add_image(IMAGE, name="a")
    choose(qtbot, napari_dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    gate.set()
    click(qtbot, napari_dock, napari_dock.importing.form.preview_button)
    assert len(labels_in(viewer)) == 1
    gate.clear()
    qtbot.mouseClick(napari_dock.importing.panel.start_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(napari_dock.destroyed, timeout=10_000):
        viewer.window.remove_dock_widget(napari_dock)
        gate.set()
    assert labels_in(viewer) == []
    viewer.add_image(IMAGE, name="b")


def test_an_image_that_is_removed_while_it_is_drawn_is_told(qtbot, bare_viewer, dock, tmp_path, gate):
    for name in "ab":
        bare_viewer.add_image(IMAGE, name=name)
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain"), b=BOX.format("grain")))
    qtbot.mouseClick(dock.importing.panel.start_button, Qt.MouseButton.LeftButton)
    bare_viewer.layers.remove("a")
    gate.set()
    idle(qtbot, dock.importing)
    assert [one.name for one in labels_in(bare_viewer)] == ["b labels"]
    assert "An image was removed meanwhile" in dock.importing.panel.words.text()


def test_choices_that_change_while_it_draws_count_for_the_next_time(qtbot, bare_viewer, dock, tmp_path, gate):
    bare_viewer.add_image(IMAGE, name="a")
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    qtbot.mouseClick(dock.importing.panel.start_button, Qt.MouseButton.LeftButton)
    dock.importing.form.becomes.setCurrentIndex(1)
    set_meaning(dock, 0, "matter")
    gate.set()
    idle(qtbot, dock.importing)
    (labels,) = labels_in(bare_viewer)
    assert labels.name == "a labels"
    assert class_table_of(labels).names == ("grain", "void")


def test_exported_labels_come_back_pixel_by_pixel_with_classes_and_colours(
    qtbot, bare_viewer, dock, tmp_path, monkeypatch
):
    bare_viewer.add_image(IMAGE, name="a")
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain") + BOX.format("void")))
    click(qtbot, dock, dock.importing.panel.start_button)
    (labels,) = labels_in(bare_viewer)
    labels.data_setitem((np.array([0, 0]), np.array([0, 1])), 2)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "out"))
    click(qtbot, dock, dock.exporting.panel.start_button)
    assert dock.exporting.panel.words.text().startswith("Wrote 2 annotations of 1 image to ")
    (written,) = (tmp_path / "out").iterdir()
    choose(qtbot, dock, written)
    click(qtbot, dock, dock.importing.panel.start_button)
    again = labels_in(bare_viewer)[1]
    assert (again.data == labels.data).all()
    assert class_table_of(again) == class_table_of(labels)


def test_crystal_layers_of_an_image_are_exported_into_a_folder_each(qtbot, bare_viewer, dock, tmp_path):
    image = bare_viewer.add_image(IMAGE, name="a")
    for labels in new_labels(bare_viewer, image, layers=2, table=ClassTable.from_names(("C",))):
        labels.data_setitem((np.array([3]), np.array([4])), 2)
    dock.exporting.export(tmp_path / "out")
    idle(qtbot, dock.exporting)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["layer-0", "layer-1"]


def test_objects_are_exported_beside_the_labels_of_their_image(qtbot, bare_viewer, dock, tmp_path):
    bare_viewer.add_image(IMAGE, name="a")
    choose(qtbot, dock, write_cvat(tmp_path / "x.xml", a=BOX.format("grain")))
    for becomes in (0, 1):
        dock.importing.form.becomes.setCurrentIndex(becomes)
        click(qtbot, dock, dock.importing.panel.start_button)
        choose(qtbot, dock, tmp_path / "x.xml")
    for row in range(2):
        dock.exporting.labels.item(row).setCheckState(Qt.CheckState.Checked)
    dock.exporting.format.setCurrentIndex(list(FORMATS).index("index-masks"))
    dock.exporting.export(tmp_path / "out")
    idle(qtbot, dock.exporting)
    assert (tmp_path / "out" / "objects").is_dir()
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == ["", ".json", ".png"]


def test_every_format_is_written(qtbot, bare_viewer, dock, tmp_path):
    image = bare_viewer.add_image(IMAGE, name="a")
    (labels,) = new_labels(bare_viewer, image, layers=1, table=ClassTable.from_names(("C",)))
    labels.data_setitem((np.array([3, 3, 4, 4]), np.array([4, 5, 4, 5])), 2)
    for index, name in enumerate(FORMATS):
        dock.exporting.format.setCurrentIndex(index)
        dock.exporting.export(tmp_path / name)
        idle(qtbot, dock.exporting)
        assert "of 1 image to" in dock.exporting.panel.words.text()
        assert any((tmp_path / name).iterdir())


def test_what_was_unticked_is_not_exported(qtbot, bare_viewer, dock, tmp_path):
    image = bare_viewer.add_image(IMAGE, name="a")
    new_labels(bare_viewer, image, layers=1, table=ClassTable.from_names(("C",)))
    dock.exporting.labels.item(0).setCheckState(Qt.CheckState.Unchecked)
    with pytest.raises(LabelsError, match="No labels are chosen"):
        dock.exporting.export(tmp_path / "out")
    bare_viewer.add_image(IMAGE)
    assert dock.exporting.chosen == []
