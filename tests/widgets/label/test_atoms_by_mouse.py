"""Atoms are added, moved and deleted with the mouse and the keyboard on a real canvas, and become labels."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QWidget

from napari_strata.widgets.label.dock import LabelDock

PIXEL_SIZE = 0.1
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def viewer(make_napari_viewer_proxy):
    """Return a viewer that is shown, for only then the canvas takes clicks."""
    return make_napari_viewer_proxy(show=True)


@pytest.fixture
def dock(viewer):
    dock = LabelDock(viewer)
    viewer.window.add_dock_widget(dock)
    return dock


def canvas(viewer) -> QWidget:
    return next(w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop")


def at(viewer, y: float, x: float) -> QPoint:
    """Return where a pixel of the image is on the canvas."""
    camera = viewer.scene.camera
    offset = (np.array([y, x]) * PIXEL_SIZE - camera.center[-2:]) * camera.zoom
    return canvas(viewer).rect().center() + QPoint(round(offset[1]), round(offset[0]))


def drag(qtbot, viewer, start, end):
    qtbot.mousePress(canvas(viewer), LEFT, pos=at(viewer, *start))
    for part in (0.3, 0.6, 1.0):
        place = np.add(start, part * np.subtract(end, start))
        qtbot.mouseMove(canvas(viewer), at(viewer, *place))
        qtbot.wait(30)
    qtbot.mouseRelease(canvas(viewer), LEFT, pos=at(viewer, *end))


def test_atoms_are_clicked_dragged_deleted_and_drawn_with_a_soft_rim(qtbot, viewer, dock):
    units = ("pixel", "angstrom", "angstrom")
    stack = np.random.default_rng(0).random((3, 40, 60))
    viewer.add_image(stack, name="a", scale=(1, PIXEL_SIZE, PIXEL_SIZE), units=units)
    viewer.dims.set_current_step(0, 1)
    qtbot.mouseClick(dock.atoms_button, LEFT)
    atoms = dock.labels.layer
    qtbot.mouseClick(dock.add_button, LEFT)  # a second class, whose row is chosen then
    assert dock.classes.code == 3
    qtbot.mouseClick(canvas(viewer), LEFT, pos=at(viewer, 10, 20))
    qtbot.keyClick(canvas(viewer), Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    qtbot.mouseClick(canvas(viewer), LEFT, pos=at(viewer, 30, 40))
    assert list(atoms.features["species"]) == ["class 2", "class 1"]
    # A click hits a whole pixel of the screen, which is a part of one of the image that depends on the canvas.
    assert atoms.data == pytest.approx(np.array([[1, 10, 20], [1, 30, 40]]), abs=0.2)

    atoms.mode = "select"
    drag(qtbot, viewer, (10, 20), (15, 26))
    assert atoms.data == pytest.approx(np.array([[1, 15, 26], [1, 30, 40]]), abs=0.2)
    assert list(atoms.features["species"]) == ["class 2", "class 1"]

    qtbot.mouseClick(canvas(viewer), LEFT, pos=at(viewer, 30, 40))
    qtbot.keyClick(canvas(viewer), Qt.Key.Key_Delete)
    assert atoms.data == pytest.approx(np.array([[1, 15, 26]]), abs=0.2)

    atoms.data = np.array([[1.0, 15, 26]])  # whole pixels, for numbers by hand
    dock.atoms.form.editor("spot").setCurrentText("gaussian")
    qtbot.mouseClick(dock.atoms.button, LEFT)
    labels = viewer.layers["a labels"]
    drawn = labels.data[1, 15, 26:40]
    assert drawn.tolist() == [3] * 6 + [0] * 4 + [1] * 4  # a radius of 5 px, and a rim up to 9.1 px
    assert not labels.data[[0, 2]].any()
