"""The atoms that are selected on the image, followed and changed."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from napari.layers import Points


class SelectionLink(QObject):
    """Follows the selection of one Points layer at a time.

    Parameters
    ----------
    parent : QObject
        To whose life it is tied.
    """

    changed = Signal()
    """Emitted when a person selected other atoms on the image; once for several changes in a row."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._points: Any = None
        self._selection: Any = None
        self._is_busy = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.changed)
        self.destroyed.connect(lambda *_: self.follow(None))

    @property
    def selected(self) -> set[int]:
        """Numbers of the selected atoms."""
        return set() if self._points is None else {int(one) for one in self._points.selected_data}

    def follow(self, points: "Points | None") -> None:
        """Follow another layer, or none."""
        if self._selection is not None:
            self._selection.events.items_changed.disconnect(self._on_change)
        self._points = points
        self._selection = None if points is None else points.selected_data
        if self._selection is not None:
            self._selection.events.items_changed.connect(self._on_change)

    def select(self, atoms: Iterable[int]) -> None:
        """Select atoms by their numbers, and tell at once."""
        if self._points is None:
            return
        self._points.selected_data = {int(atom) for atom in atoms}
        self._points.refresh()
        self._timer.stop()
        self.changed.emit()

    def _on_change(self, _event: object = None) -> None:
        self._timer.start()
