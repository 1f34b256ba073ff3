import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

import tiny_sam
from napari_strata.widgets.layers.preview_overlay import NAME


@pytest.fixture
def viewer(make_napari_viewer):
    """Return a viewer that is shown, for only then there is a preview."""
    return make_napari_viewer(show=True)


def preview(qtbot, viewer):
    qtbot.waitUntil(lambda: NAME in viewer.layers)
    return viewer.layers[NAME]


def test_the_preview_is_striped_and_paints_nothing(qtbot, viewer, dock, labels):
    shown = preview(qtbot, viewer)
    assert (shown.data > 0).sum() == 30
    assert set(np.unique(shown.data)) == {0, 1, 2}
    assert not labels.data.any()
    assert viewer.layers.selection.active is labels
    assert not shown.editable
    assert tuple(shown.data_to_world((0, 4, 6))) == tuple(labels.data_to_world((1, 4, 6)))


def test_the_preview_follows_the_slider_and_the_slice(qtbot, viewer, dock):
    preview(qtbot, viewer)
    dock.threshold.value.setValue(dock.threshold.value.minimum())
    qtbot.waitUntil(lambda: (viewer.layers[NAME].data > 0).sum() >= 16 * 24 - 3)
    viewer.dims.set_current_step(0, 2)
    qtbot.waitUntil(lambda: viewer.layers[NAME].translate[0] == 2)


def test_the_preview_goes_with_its_tick_its_tool_and_its_dock(qtbot, viewer, dock):
    preview(qtbot, viewer)
    dock.threshold.shows.setChecked(False)
    qtbot.waitUntil(lambda: NAME not in viewer.layers)
    dock.threshold.shows.setChecked(True)
    preview(qtbot, viewer)
    dock.tool.setCurrentText("Flood fill")
    qtbot.waitUntil(lambda: NAME not in viewer.layers)
    dock.tool.setCurrentText("Threshold")
    preview(qtbot, viewer)
    dock.parentWidget().hide()
    qtbot.waitUntil(lambda: NAME not in viewer.layers)


def test_a_dock_that_goes_takes_its_preview_along(qtbot, viewer, dock):
    preview(qtbot, viewer)
    with qtbot.waitSignal(dock.destroyed):
        viewer.window.remove_dock_widget(dock)
    assert NAME not in viewer.layers


def on_canvas(viewer, y: float, x: float) -> QPoint:
    """Return where a pixel of 0.5 Å is on the canvas."""
    canvas, camera = viewer.window._qt_viewer.canvas.native, viewer.scene.camera
    offset = (np.array([y, x]) * 0.5 - camera.center[-2:]) * camera.zoom
    return canvas.rect().center() + QPoint(round(offset[1]), round(offset[0]))


@pytest.fixture
def segmenting(qtbot, dock, tmp_path):
    dock.tool.setCurrentText("Segment Anything")
    dock.segment.checkpoint.open(tiny_sam.save_sam(tmp_path))
    return dock.segment


def test_clicks_on_the_canvas_reach_the_network(qtbot, viewer, segmenting):
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.mouseClick(segmenting.panel.start_button, Qt.MouseButton.LeftButton)
    for modifier, place in (
        (Qt.KeyboardModifier.NoModifier, (6, 8)),
        (Qt.KeyboardModifier.ShiftModifier, (2, 20)),
    ):
        with qtbot.waitSignal(segmenting.panel.runner.ended, timeout=20_000):
            qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, modifier, on_canvas(viewer, *place))
    assert segmenting.prompts.inside[0] == pytest.approx((6, 8), abs=0.1)
    assert segmenting.prompts.outside[0] == pytest.approx((2, 20), abs=0.1)
    assert NAME in viewer.layers


def test_a_box_dragged_on_the_canvas_reaches_the_network(qtbot, viewer, segmenting):
    canvas = viewer.window._qt_viewer.canvas.native
    qtbot.mouseClick(segmenting.box_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(segmenting.panel.runner.ended, timeout=20_000):
        qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=on_canvas(viewer, 3, 5))
        for y, x in ((5, 9), (10, 15)):
            qtbot.mouseMove(canvas, on_canvas(viewer, y, x))
            qtbot.wait(30)
        qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=on_canvas(viewer, 10, 15))
    assert segmenting.prompts.box == pytest.approx((3, 5, 10, 15), abs=0.2)


def test_another_tool_drops_what_was_proposed(qtbot, viewer, dock, segmenting):
    qtbot.mouseClick(segmenting.panel.start_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(segmenting.panel.runner.ended, timeout=20_000):
        segmenting.picker.clicked.emit((1, 3.0, 4.0))
    dock.tool.setCurrentText("Flood fill")
    assert not segmenting.picker.is_armed
    assert [layer.name for layer in viewer.layers] == ["a", "a labels"]
