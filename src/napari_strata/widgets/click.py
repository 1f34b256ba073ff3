"""Takes one click on the canvas before any layer's tool can act on it.

napari calls the viewer's mouse callbacks before those of the active layer, and the latter whatever the former
did. The layer's callbacks are therefore taken away while the press is handed round, and given back at once after.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Qt, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut, QWidget

if TYPE_CHECKING:
    from napari.viewer import Viewer

CURSOR = "crosshair"
SLACK = 4.0
"""A mouse that moves farther than this between press and release drags the view and does not click [screen px]."""
_LEFT = 1


class ClickPicker(QObject):
    """Waits, while armed, for one click on the canvas, whichever layer is active and whatever its tool.

    Dragging still moves the view and the wheel still zooms. Escape disarms, wherever the focus is.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    parent : QWidget
        The widget to whose life the picker is tied.
    """

    clicked = Signal(object)
    """World coordinates of a click, a tuple of floats; the picker stays armed until `disarm`."""
    armed_changed = Signal(bool)

    def __init__(self, viewer: "Viewer", parent: QWidget) -> None:
        super().__init__(parent)
        self._viewer, self._widget = viewer, parent
        self._undo = ExitStack()
        self._armed = False
        self.destroyed.connect(lambda *_, undo=self._undo: undo.close())

    @property
    def is_armed(self) -> bool:
        """Whether the next click is taken."""
        return self._armed

    def arm(self) -> None:
        """Take the next click."""
        if self._armed:
            return
        self._armed = True
        self._catch_clicks()
        self._keep_cursor()
        self._listen_to_escape()
        self.armed_changed.emit(True)

    def disarm(self) -> None:
        """Leave clicks to napari again."""
        if not self._armed:
            return
        self._armed = False
        self._undo.close()
        self.armed_changed.emit(False)

    def _catch_clicks(self) -> None:
        callbacks, catch = self._viewer.mouse_drag_callbacks, self._on_press
        callbacks.insert(0, catch)
        self._undo.callback(callbacks.remove, catch)

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        if event.button != _LEFT:
            return
        with _without_tools(viewer.layers.selection.active):
            yield
        start, moved = np.asarray(event.pos), False
        while event.type == "mouse_move":
            moved = moved or bool(np.hypot(*(event.pos - start)) > SLACK)
            yield
        if not moved and self._armed:
            self.clicked.emit(tuple(event.position))

    def _keep_cursor(self) -> None:
        """Show cross-hairs, and the cursor that napari wanted meanwhile when it is over."""
        cursor = self._viewer.cursor
        wanted = [cursor.style]

        def keep(_event: object = None) -> None:
            if cursor.style != CURSOR:
                wanted[:] = [cursor.style]
                cursor.style = CURSOR

        def restore() -> None:
            cursor.events.style.disconnect(keep)
            cursor.style = wanted[0]

        cursor.style = CURSOR
        cursor.events.style.connect(keep)
        self._undo.callback(restore)

    def _listen_to_escape(self) -> None:
        shortcut = QShortcut(QKeySequence(Qt.Key.Key_Escape), self._widget.window())
        shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
        shortcut.activated.connect(self.disarm)
        shortcut.activatedAmbiguously.connect(self.disarm)
        self._undo.callback(_delete, shortcut)


@contextmanager
def _without_tools(napari_layer: Any) -> Iterator[None]:
    """Take a layer's mouse callbacks away for a while."""
    callbacks: list[Callable[..., Any]] = [] if napari_layer is None else napari_layer.mouse_drag_callbacks
    taken = list(callbacks)
    callbacks.clear()
    try:
        yield
    finally:
        callbacks[:0] = [callback for callback in taken if callback not in callbacks]


def _delete(shortcut: QShortcut) -> None:
    if isalive(shortcut):
        shortcut.setEnabled(False)
        shortcut.deleteLater()
