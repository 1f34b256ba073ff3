"""The docks for labels in a whole window: real clicks, cancelled half-way, closed while they work."""

import threading

import numpy as np
import pytest
from napari.utils.notifications import notification_manager
from qtpy.QtCore import QPoint, Qt, QThreadPool
from qtpy.QtWidgets import QApplication, QInputDialog

from napari_strata.control import JobState
from napari_strata.jobs import examine
from napari_strata.widgets.label.dock import LabelDock
from napari_strata.widgets.label_tools import threshold_page

SQUARES = np.zeros((60, 80), np.float32)
for row, column in ((5, 5), (5, 45), (35, 5)):
    SQUARES[row : row + 20, column : column + 30] = 100 + row + column


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(SQUARES, name="squares")
    yield viewer
    assert QThreadPool.globalInstance().waitForDone(5000), "a worker is still running"


@pytest.fixture
def label(qtbot, viewer):
    dock = LabelDock(viewer)
    viewer.window.add_dock_widget(dock, name="Label")
    press(qtbot, dock.new_button)
    return dock


def press(qtbot, button):
    qtbot.waitUntil(lambda: button.isEnabled() and button.isVisible(), timeout=10_000)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def opened(qtbot, viewer, label, name):
    """Open a dock by its button; return its widget and its frame."""
    press(qtbot, label.links.buttons[name])
    frame, widget = viewer.window.add_plugin_dock_widget("napari-strata", name)
    return widget, frame


def click_canvas(qtbot, viewer, y, x):
    canvas, camera = viewer.window._qt_viewer.canvas.native, viewer.scene.camera
    offset = (np.array((y, x)) - camera.center[-2:]) * camera.zoom
    place = canvas.rect().center() + QPoint(round(offset[1]), round(offset[0]))
    qtbot.mouseMove(canvas, place)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
    QApplication.processEvents()


def hold(monkeypatch, module, name):
    """Hold a function up until released."""
    release, real = threading.Event(), getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args, **kwargs: (release.wait(20), real(*args, **kwargs))[1])
    return release


def gone(qtbot, widget, frame):
    """Close a dock by the cross of its frame, and wait until it is destroyed."""
    ended = []
    widget.destroyed.connect(lambda: ended.append(True))
    frame.destroyOnClose()
    return lambda: qtbot.waitUntil(lambda: bool(ended), timeout=10_000)


def test_clicks_flood_one_square_after_the_other_and_each_is_one_step(qtbot, viewer, label):
    labels = label.labels.layer
    dock, _ = opened(qtbot, viewer, label, "Label tools")
    dock.tool.setCurrentText("Flood fill")
    press(qtbot, dock.panel.start_button)
    before = len(notification_manager.records)
    for number, (y, x) in enumerate(((15, 20), (15, 60), (45, 20)), start=1):
        with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
            click_canvas(qtbot, viewer, y, x)
        assert (labels.data == 2).sum() == number * 600
    assert not any("Error" in record.message for record in notification_manager.records[before:])
    labels.undo()
    assert (labels.data == 2).sum() == 1200


def test_a_tool_is_canceled_half_way_and_closed_while_it_works(qtbot, viewer, label, monkeypatch):
    release = threading.Event()
    real = threshold_page.ThresholdPage.plan

    def plan(self, work, *, all_slices):
        tool, blocks = real(self, work, all_slices=all_slices)
        return lambda codes, image: (release.wait(20), tool(codes, image))[1], blocks

    monkeypatch.setattr(threshold_page.ThresholdPage, "plan", plan)
    labels = label.labels.layer
    dock, frame = opened(qtbot, viewer, label, "Label tools")
    press(qtbot, dock.panel.start_button)
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        press(qtbot, dock.panel.cancel_button)
        release.set()
    assert not labels.data.any()
    release.clear()
    press(qtbot, dock.panel.start_button)
    qtbot.waitUntil(lambda: dock.panel.runner.state is JobState.RUNNING, timeout=10_000)
    is_gone = gone(qtbot, dock, frame)
    release.set()
    is_gone()
    assert not labels.data.any()
    assert [layer.name for layer in viewer.layers] == ["squares", "squares labels"]


def test_a_check_is_canceled_half_way_and_closed_while_it_looks(qtbot, viewer, label, monkeypatch):
    label.labels.layer.data[5:25, 5:35] = 2
    dock, frame = opened(qtbot, viewer, label, "Label doctor")
    release = hold(monkeypatch, examine, "measure_subject")
    press(qtbot, dock.panel.start_button)
    with qtbot.waitSignal(dock.panel.runner.ended, timeout=20_000):
        press(qtbot, dock.panel.cancel_button)
        release.set()
    assert dock.panel.words.text() == "Stopped."
    assert not dock.table.findings
    release.clear()
    press(qtbot, dock.panel.start_button)
    qtbot.waitUntil(lambda: dock.panel.runner.is_busy, timeout=10_000)
    is_gone = gone(qtbot, dock, frame)
    release.set()
    is_gone()


def test_a_state_is_kept_compared_and_restored_by_clicks(qtbot, viewer, label, monkeypatch):
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_kwargs: ("first", True))
    labels = label.labels.layer
    labels.brush_size = 6
    labels.paint((15, 20), 2)
    first = labels.data.copy()
    dock, _ = opened(qtbot, viewer, label, "Label history")
    qtbot.waitUntil(lambda: "saved" in dock.state.text(), timeout=10_000)
    press(qtbot, dock.keep_button)
    qtbot.waitUntil(lambda: (dock.refresh(), dock.versions.rowCount())[1] == 1, timeout=10_000)
    labels.paint((45, 20), 2)
    second = labels.data.copy()
    dock.versions.selectRow(0)
    press(qtbot, dock.compare_button)
    qtbot.waitUntil(lambda: len(viewer.layers) == 3, timeout=10_000)
    assert (viewer.layers[-1].data > 0).sum() == (second != first).sum()
    viewer.layers.remove(viewer.layers[-1])
    dock.versions.selectRow(0)
    press(qtbot, dock.restore_button)
    qtbot.waitUntil(lambda: np.array_equal(labels.data, first), timeout=10_000)
    labels.undo()
    assert np.array_equal(labels.data, second)
