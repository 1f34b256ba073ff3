"""Works napari as a person does: opens a viewer and the docks, clicks, waits, takes pictures.

Shared by the demo and by the pictures of the documentation.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import napari
from napari.viewer import Viewer
from PIL import Image
from qtpy.QtCore import QEventLoop, QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPushButton, QWidget

from napari_strata.widgets.parts.workspace import open_workspace

PLUGIN = "napari-strata"
WINDOW = (1600, 1000)
"""Size of the window [px]."""
_POLL = 50
"""Time between two looks at a condition [ms]."""


def open_viewer() -> Viewer:
    """Open a viewer with the docks of the main job."""
    viewer = napari.Viewer(title=PLUGIN)
    viewer.window.resize(*WINDOW)
    open_workspace(viewer)
    return viewer


def show_dock(viewer: Viewer, name: str) -> Any:
    """Bring one dock of the plugin to the front and return its widget."""
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    dock.show()
    dock.raise_()
    pause(0.3)
    return widget


@contextmanager
def dock_alone(viewer: Viewer, name: str, width: int) -> Iterator[Any]:
    """Open one dock of the plugin in the whole height of the window, and close it at the end.

    Parameters
    ----------
    viewer : Viewer
        The viewer; its other docks are hidden meanwhile.
    name : str
        Title of the dock.
    width : int
        Its width [px].

    Yields
    ------
    QWidget
        The dock's widget.
    """
    frame, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    others = [other.parent() for other in viewer.window.dock_widgets.values() if other is not widget]
    for other in others:
        other.hide()
    frame.parent().resizeDocks([frame], [width], Qt.Orientation.Horizontal)
    pause(0.5)
    yield widget
    frame.destroyOnClose()
    for other in others:
        other.show()


def click(button: QPushButton) -> None:
    """Press a button with the mouse as soon as it can be pressed.

    Raises
    ------
    TimeoutError
        If it cannot be pressed.
    """
    what = f"enabling the button {button.text()!r}"
    wait_until(lambda: button.isVisible() and button.isEnabled(), seconds=10, what=what)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def click_canvas(viewer: Viewer, widget: QWidget, world: tuple[float, float]) -> None:
    """Click a place of the canvas.

    Parameters
    ----------
    viewer : Viewer
        The viewer, in 2D.
    widget : QWidget
        Any widget in the viewer's window.
    world : tuple of float
        World coordinates (y, x) of the place, in the units of the viewer.
    """
    children = widget.window().findChildren(QWidget)
    canvas = next(child for child in children if type(child).__name__ == "CanvasBackendDesktop")
    centre, zoom = viewer.scene.camera.center[-2:], viewer.scene.camera.zoom
    y, x = (
        round(side / 2 + (at - middle) * zoom)
        for side, at, middle in zip((canvas.height(), canvas.width()), world, centre, strict=True)
    )
    QTest.mouseMove(canvas, QPoint(x, y))
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(x, y))


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Let the GUI live until something is true.

    Raises
    ------
    TimeoutError
        If it does not come true in time.
    """
    loop = QEventLoop()
    poll = QTimer(interval=_POLL)
    poll.timeout.connect(lambda: loop.quit() if condition() else None)
    limit = QTimer(singleShot=True, interval=round(1000 * seconds))
    limit.timeout.connect(loop.quit)
    if not condition():
        poll.start()
        limit.start()
        loop.exec()
        poll.stop()
    if not condition():
        raise TimeoutError(f"{what} took longer than {seconds:.0f} s")


def pause(seconds: float) -> None:
    """Let the GUI live for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def take_picture(viewer: Viewer, path: Path) -> None:
    """Save a picture of the whole window as a small PNG of 256 colours."""
    QApplication.processEvents()
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    Image.fromarray(pixels[..., :3]).quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1).save(path, optimize=True)
