import numpy as np
import pytest
from napari.layers import Image, Labels
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt

from napari_strata.annotation.drawn_labels import DrawnLabels
from napari_strata.config import ClassTable
from napari_strata.io.labels.drawing import DrawnObject
from napari_strata.widgets.doctor.dock import DoctorDock
from napari_strata.widgets.label.dock import LabelDock
from napari_strata.widgets.label_files.imported_layers import add_numbers
from napari_strata.widgets.layers.label_memory import class_table_of, image_of
from napari_strata.widgets.layers.label_target import LabelTarget
from napari_strata.widgets.train.learning_choice import LearningChoice

TABLE = ClassTable.from_names(("coin", "dirt"))
DIRT, COIN = (1, "dirt"), (2, "coin")


@pytest.fixture
def image(bare_viewer) -> Image:
    return bare_viewer.add_image(np.random.default_rng(0).random((12, 16)), name="a", scale=(0.2, 0.2))


@pytest.fixture
def objects(bare_viewer, image) -> Labels:
    """Return 6 pixels of a piece of dirt, number 1, and 4 of a coin, number 2."""
    return add_objects(bare_viewer, image)


def add_objects(viewer, image, *, outside: int = 1) -> Labels:
    numbers = np.zeros(image.data.shape, np.uint16)
    numbers[..., 1:3, 1:4], numbers[..., 5:7, 5:7] = 1, 2
    drawn = tuple((0, DrawnObject(number, name, 4, "", False)) for number, name in (DIRT, COIN))
    return add_numbers(viewer, image, DrawnLabels(numbers, "YX", {}, drawn), TABLE, outside=outside)


def in_window(viewer, dock):
    viewer.window.add_dock_widget(dock)
    return dock


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_objects_are_not_offered_to_learn_from(bare_viewer, objects):
    choice = LearningChoice(bare_viewer)
    assert choice.labels[0].layer is None
    bare_viewer.layers.selection.active = objects
    assert choice.labels[0].layer is None


def test_the_label_dock_says_what_objects_are_and_offers_no_classes_to_paint(bare_viewer, objects):
    dock = in_window(bare_viewer, LabelDock(bare_viewer))
    assert dock.labels.layer is objects
    assert dock.hint.text() == "This layer numbers objects; training takes classes. Press 'Objects to classes'."
    assert dock.classes_button.isVisible()
    assert not dock.editor.isVisible()


def test_objects_become_labels_of_their_classes(qtbot, bare_viewer, image, objects):
    dock = in_window(bare_viewer, LabelDock(bare_viewer))
    click(qtbot, dock.classes_button)
    labels = dock.labels.layer
    assert (labels.name, class_table_of(labels).names) == ("a labels", ("coin", "dirt"))
    assert np.bincount(labels.data.ravel()).tolist() == [0, 12 * 16 - 10, 4, 6]
    assert image_of(labels, bare_viewer.layers) is image
    assert not objects.visible
    assert dock.editor.isVisible()
    assert not dock.classes_button.isVisible()
    assert LearningChoice(bare_viewer).labels[0].layer is labels


def test_what_is_between_objects_is_what_the_import_said(qtbot, bare_viewer, image):
    add_objects(bare_viewer, image, outside=0)
    dock = in_window(bare_viewer, LabelDock(bare_viewer))
    click(qtbot, dock.classes_button)
    assert np.bincount(dock.labels.layer.data.ravel()).tolist() == [12 * 16 - 10, 0, 4, 6]


def test_objects_without_a_class_are_told_and_nothing_is_added(qtbot, bare_viewer, objects):
    objects.data_setitem((np.array([0]), np.array([0])), np.array([9], np.uint16))
    dock = in_window(bare_viewer, LabelDock(bare_viewer))
    before = len(bare_viewer.layers)
    click(qtbot, dock.classes_button)
    assert "a objects holds objects without a class: 9." in notification_manager.records[-1].message
    assert len(bare_viewer.layers) == before


def test_the_label_tools_do_not_work_on_objects(bare_viewer, objects):
    target = LabelTarget(bare_viewer)
    assert target.labels is objects
    assert "Objects to classes" in target.obstacle()


def test_the_doctor_says_that_objects_are_no_labels(qtbot, bare_viewer, objects):
    dock = in_window(bare_viewer, DoctorDock(bare_viewer))
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        click(qtbot, dock.panel.start_button)
    (finding,) = dock.table.findings
    assert (finding.check, finding.severity, finding.place.labels) == ("label-type", "error", "a objects")
    assert "Objects to classes" in finding.remedy
