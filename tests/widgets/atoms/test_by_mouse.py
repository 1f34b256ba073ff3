"""Located atoms are added, moved, deleted and reassigned with mouse and keyboard on a real canvas, and undone."""

import numpy as np
import pytest
from bright_scene import ATOMS, PIXEL_SIZE, add_bright, save_model
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QWidget

from napari_strata.widgets.atoms.dock import AtomsDock

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def viewer(make_napari_viewer_proxy):
    """Return a viewer that is shown, for only then the canvas takes clicks."""
    return make_napari_viewer_proxy(show=True)


def canvas() -> QWidget:
    return next(w for w in QApplication.allWidgets() if type(w).__name__ == "CanvasBackendDesktop")


def at(viewer, y: float, x: float) -> QPoint:
    """Return where a pixel of the image is on the canvas."""
    camera = viewer.scene.camera
    offset = (np.array([y, x]) * PIXEL_SIZE - camera.center[-2:]) * camera.zoom
    return canvas().rect().center() + QPoint(round(offset[1]), round(offset[0]))


def drag(qtbot, viewer, start, end) -> None:
    """Drag from one pixel of the image to another place."""
    qtbot.mousePress(canvas(), LEFT, pos=at(viewer, *start))
    for part in (0.3, 0.6, 1.0):
        qtbot.mouseMove(canvas(), at(viewer, *(start + part * (np.array(end) - start))))
        qtbot.wait(30)
    qtbot.mouseRelease(canvas(), LEFT, pos=at(viewer, *end))


def tool(dock, text):
    return next(button for button in dock.tools.buttons() if button.text() == text)


def test_atoms_are_corrected_with_the_mouse_and_edits_are_undone(qtbot, viewer, models_home):
    add_bright(viewer)
    save_model(models_home, layers=1)
    _frame, predict = viewer.window.add_plugin_dock_widget("napari-strata", "Predict")
    with qtbot.waitSignal(predict.panel.runner.ended, timeout=60_000):
        qtbot.mouseClick(predict.panel.start_button, LEFT)
    qtbot.mouseClick(predict.links.buttons["Atoms"], LEFT)
    dock = next(one for one in QApplication.allWidgets() if isinstance(one, AtomsDock))
    qtbot.wait(100)
    found = len(dock.points.data)

    qtbot.mouseClick(tool(dock, "Add"), LEFT)
    qtbot.mouseClick(canvas(), LEFT, pos=at(viewer, 26, 27))
    assert dock.points.data[-1] == pytest.approx([26, 27], abs=0.2)
    assert dock.points.features.iloc[-1][["edited", "atom", "probability"]].tolist() == ["added", -1, 1.0]

    qtbot.mouseClick(tool(dock, "Select"), LEFT)
    drag(qtbot, viewer, ATOMS[5], ATOMS[5] + (4, 3))
    assert dock.editing.counts() == {"added": 1, "moved": 1}
    assert dock.features.of_what.text() == "The selected atom"

    qtbot.mouseClick(canvas(), LEFT, pos=at(viewer, *ATOMS[0]))
    qtbot.keyClick(canvas(), Qt.Key.Key_Delete)
    assert len(dock.points.data) == found
    assert dock.edits.text().startswith("Edited: 1 added, 1 moved, 1 deleted.")

    drag(qtbot, viewer, ATOMS[1], (-4, 20))
    said = [record.message for record in notification_manager.records]
    assert said == [
        "The atom is back in place: the drag ended outside of the image bright. Press Delete to remove atoms."
    ]
    assert dock.editing.counts() == {"added": 1, "moved": 1, "deleted": 1}
    assert np.hypot(*(dock.points.data - ATOMS[1]).T).min() < 0.2

    for left in ({"added": 1, "moved": 1}, {"added": 1}, {}):
        qtbot.mouseClick(dock.undo_button, LEFT)
        assert dock.editing.counts() == left
    assert len(dock.points.data) == found
