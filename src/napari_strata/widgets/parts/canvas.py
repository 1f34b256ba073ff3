"""The canvas's OpenGL context, current whenever a layer goes.

When a layer is removed, napari deletes its buffers and textures at once, in whichever context is current then:
mostly that of the window, in which Qt composes it. The canvas's own context goes on pointing at what is gone, and
the next draw may crash; on Mesa it does when an image and points are removed one after the other.
"""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject
from qtpy.QtOpenGLWidgets import QOpenGLWidget

from napari_strata.widgets.parts.connections import connect_while_alive

if TYPE_CHECKING:
    from napari.viewer import Viewer


class CanvasKeeper(QObject):
    """Makes the canvas's context current before a layer is removed, whoever removes it.

    Every list of layers has one, so that one is there as long as any dock is that works on layers.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    parent : QObject
        The object to whose life it is tied.
    """

    def __init__(self, viewer: "Viewer", parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        connect_while_alive(self, self._make_current, viewer.layers.events.removing)

    def _make_current(self, _event: Any) -> None:
        canvas = self._viewer.window.main_menu.window().findChild(QOpenGLWidget)
        if canvas is not None:
            canvas.makeCurrent()
