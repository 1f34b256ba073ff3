import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QWidget

from napari_strata.widgets.parts.click import ClickPicker


@pytest.fixture
def viewer(make_napari_viewer):
    """Return a viewer that is shown, for only then its canvas takes clicks."""
    viewer = make_napari_viewer(show=True)
    viewer.add_image(np.random.default_rng(0).random((40, 40)), scale=(2, 2), name="image")
    return viewer


@pytest.fixture
def canvas(viewer):
    return viewer.window._qt_viewer.canvas.native


@pytest.fixture
def picker(viewer):
    dock = QWidget()
    viewer.window.add_dock_widget(dock)
    return ClickPicker(viewer, dock)


def middle(canvas) -> QPoint:
    return canvas.rect().center()


def click(qtbot, canvas, where: QPoint | None = None, *keys) -> None:
    """Click, and let the picker tell of it."""
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, *keys, pos=where or middle(canvas))
    QApplication.processEvents()


def drag(qtbot, canvas, by: QPoint) -> None:
    """Press in the middle, move, release; each move waits until napari has let it pass."""
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle(canvas))
    for step in (1, 2):
        qtbot.mouseMove(canvas, middle(canvas) + by * step / 2)
        qtbot.wait(30)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle(canvas) + by)
    QApplication.processEvents()


def test_a_click_is_told_in_world_coordinates(qtbot, viewer, canvas, picker):
    clicks = []
    picker.clicked.connect(clicks.append)
    picker.arm()
    click(qtbot, canvas)
    assert len(clicks) == 1
    assert np.allclose(clicks[0], viewer.scene.camera.center[-2:], atol=1)


def test_the_keys_that_are_held_at_a_click_are_known(qtbot, canvas, picker):
    picker.arm()
    click(qtbot, canvas, None, Qt.KeyboardModifier.ShiftModifier)
    assert picker.held == {"Shift"}
    click(qtbot, canvas)
    assert picker.held == set()


def test_unarmed_it_leaves_clicks_alone(qtbot, viewer, canvas, picker):
    clicks = []
    picker.clicked.connect(clicks.append)
    picker.arm()
    picker.disarm()
    labels = viewer.add_labels(np.zeros((40, 40), int), scale=(2, 2))
    labels.mode = "paint"
    click(qtbot, canvas)
    assert clicks == []
    assert labels.data.any()


def test_no_tool_of_a_labels_layer_acts_on_the_click(qtbot, viewer, canvas, picker):
    labels = viewer.add_labels(np.full((40, 40), 2), scale=(2, 2))
    for mode in ("paint", "erase", "fill", "pick", "polygon"):
        labels.mode = mode
        picker.arm()
        with qtbot.waitSignal(picker.clicked):
            click(qtbot, canvas)
        assert (labels.data == 2).all()
        assert labels.selected_label == 1
        assert labels.mode == mode
        picker.disarm()
    assert viewer.layers.selection.active is labels


def test_painting_works_again_after_the_click(qtbot, viewer, canvas, picker):
    labels = viewer.add_labels(np.zeros((40, 40), int), scale=(2, 2))
    labels.mode = "paint"
    callbacks = list(labels.mouse_drag_callbacks)
    picker.arm()
    click(qtbot, canvas)
    picker.disarm()
    assert labels.mouse_drag_callbacks == callbacks
    click(qtbot, canvas)
    assert labels.data.any()


def test_no_point_is_added_and_no_shape_is_begun(qtbot, viewer, canvas, picker):
    points = viewer.add_points(np.zeros((0, 2)))
    points.mode = "add"
    picker.arm()
    click(qtbot, canvas)
    assert len(points.data) == 0
    shapes = viewer.add_shapes(ndim=2)
    shapes.mode = "add_rectangle"
    drag(qtbot, canvas, QPoint(3, 0))
    assert shapes.nshapes == 0


def test_a_drag_moves_the_view_and_is_no_click(qtbot, viewer, canvas, picker):
    clicks = []
    picker.clicked.connect(clicks.append)
    picker.arm()
    before = viewer.scene.camera.center
    drag(qtbot, canvas, QPoint(60, 30))
    assert clicks == []
    assert viewer.scene.camera.center != before
    click(qtbot, canvas)
    assert len(clicks) == 1


def test_a_drag_does_not_paint(qtbot, viewer, canvas, picker):
    labels = viewer.add_labels(np.zeros((40, 40), int), scale=(2, 2))
    labels.mode = "paint"
    picker.arm()
    drag(qtbot, canvas, QPoint(60, 30))
    assert not labels.data.any()


def test_the_other_buttons_are_left_alone(qtbot, canvas, picker):
    clicks = []
    picker.clicked.connect(clicks.append)
    picker.arm()
    qtbot.mouseClick(canvas, Qt.MouseButton.RightButton, pos=middle(canvas))
    assert clicks == []


@pytest.mark.parametrize("focus", ["canvas", "dock"])
def test_escape_disarms_wherever_the_focus_is(qtbot, viewer, canvas, picker, focus):
    labels = viewer.add_labels(np.zeros((40, 40), int), scale=(2, 2))
    labels.mode = "polygon"  # binds Escape itself
    told = []
    picker.armed_changed.connect(told.append)
    picker.arm()
    widget = canvas if focus == "canvas" else picker.parent()
    widget.setFocus()
    qtbot.keyClick(widget, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not picker.is_armed)
    assert told == [True, False]


def test_escape_reaches_napari_only_when_disarmed(qtbot, viewer, canvas, picker):
    pressed = []
    viewer.bind_key("Escape", lambda _viewer: pressed.append("Escape"))
    picker.arm()
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert pressed == []
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert pressed == ["Escape"]


def test_the_cursor_is_a_cross_whatever_layer_and_tool_is_chosen(viewer, picker):
    labels = viewer.add_labels(np.zeros((40, 40), int))
    labels.mode = "paint"
    assert viewer.cursor.style == "circle"
    picker.arm()
    assert viewer.cursor.style == "crosshair"
    viewer.layers.selection.active = viewer.layers["image"]
    assert viewer.cursor.style == "crosshair"
    viewer.layers.selection.active = labels
    labels.mode = "fill"
    assert viewer.cursor.style == "crosshair"
    picker.disarm()
    assert viewer.cursor.style == "cross"


def test_it_works_without_any_layer(qtbot, viewer, canvas, picker):
    viewer.layers.clear()
    viewer.add_image(np.ones((9, 9)))
    viewer.layers.selection.clear()
    picker.arm()
    with qtbot.waitSignal(picker.clicked):
        click(qtbot, canvas)


def test_a_dock_that_goes_gives_the_mouse_back(qtbot, viewer, picker):
    before = len(viewer.mouse_drag_callbacks)
    picker.arm()
    assert len(viewer.mouse_drag_callbacks) == before + 1
    with qtbot.waitSignal(picker.destroyed):
        picker.parent().deleteLater()
    assert len(viewer.mouse_drag_callbacks) == before
    assert viewer.cursor.style == "standard"


def test_a_viewer_closed_while_armed_ends_cleanly(qtbot, viewer, picker):
    picker.arm()
    with qtbot.waitSignal(picker.destroyed, raising=False, timeout=500):
        viewer.close()


def test_a_listener_may_let_the_window_live_while_the_mouse_moves_on(qtbot, canvas, picker):
    def listen(_position):
        qtbot.mouseMove(canvas, middle(canvas) + QPoint(9, 9))
        QApplication.processEvents()
        heard.append(True)

    heard = []
    picker.clicked.connect(listen)
    picker.arm()
    for _ in range(3):
        click(qtbot, canvas)
    assert len(heard) == 3
