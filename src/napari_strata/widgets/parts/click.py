"""Takes one click on the canvas before any layer's tool can act on it.

napari calls the viewer's mouse callbacks before those of the active layer, and the latter whatever the former
did. The layer's callbacks are therefore taken away while the press is handed round, and given back at once after.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from napari.viewer import Viewer

CURSOR = "crosshair"
SLACK = 4.0
"""A mouse that moves farther than this between press and release drags the view and does not click [screen px]."""
MODIFIERS = ("Shift", "Alt")
"""Keys that a click may be told apart by; they do not move the view."""
_LEFT = 1
_KEYS = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)


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
    _released = Signal(object)

    def __init__(self, viewer: "Viewer", parent: QWidget) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._undo = ExitStack()
        self._armed = False
        self._held: frozenset[str] = frozenset()
        self.destroyed.connect(lambda *_, undo=self._undo: undo.close())
        # Whoever hears of a click may let the window live (napari does when a job starts), and the next movement
        # of the mouse would enter napari's callbacks a second time: so a click is told when they have ended.
        self._released.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    @property
    def is_armed(self) -> bool:
        """Whether the next click is taken."""
        return self._armed

    @property
    def held(self) -> frozenset[str]:
        """Which of `MODIFIERS` were held down at the last click."""
        return self._held

    def arm(self) -> None:
        """Take the next click."""
        if self._armed:
            return
        self._armed = True
        self._catch_clicks()
        self._keep_cursor()
        QApplication.instance().installEventFilter(self)
        self.armed_changed.emit(True)

    def disarm(self) -> None:
        """Leave clicks to napari again."""
        if not self._armed:
            return
        self._armed = False
        QApplication.instance().removeEventFilter(self)
        self._undo.close()
        self.armed_changed.emit(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let Escape disarm and do nothing else."""
        escapes = event.type() in _KEYS and event.key() == Qt.Key.Key_Escape
        if escapes and event.type() == QEvent.Type.KeyPress:
            self.disarm()
        elif escapes:
            event.accept()  # no shortcut, but a key press: it comes next
        return escapes

    def _catch_clicks(self) -> None:
        callbacks, catch = self._viewer.mouse_drag_callbacks, self._on_press
        callbacks.insert(0, catch)
        self._undo.callback(callbacks.remove, catch)

    def _on_press(self, viewer: Any, event: Any) -> Iterator[None]:
        if event.button != _LEFT:
            return
        start, moved = np.array(event.pos), False
        with _without_tools(viewer.layers.selection.active):
            yield
        while event.type == "mouse_move":
            moved = moved or bool(np.hypot(*(event.pos - start)) > SLACK)
            yield
        if not moved and self._armed:
            held = frozenset(key for key in MODIFIERS if key in event.modifiers)
            self._released.emit((tuple(event.position), held))

    def _tell(self, click: tuple[tuple[float, ...], frozenset[str]]) -> None:
        if self._armed:
            position, self._held = click
            self.clicked.emit(position)

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
