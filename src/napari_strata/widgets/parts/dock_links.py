"""Buttons that open other docks, which take turns with the one that the buttons are in."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.workspace import open_beside

if TYPE_CHECKING:
    from napari.viewer import Viewer

Link = tuple[str, str, str]
"""Text of a button, display name of the dock that it opens, and what that is for."""


class DockLinks(QWidget):
    """A row of buttons, one per dock.

    Parameters
    ----------
    viewer : Viewer
        Where to open the docks.
    links : sequence of Link
        The buttons.
    """

    def __init__(self, viewer: "Viewer", links: Sequence[Link], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        self.buttons: dict[str, QPushButton] = {}
        """By the display name of the dock."""
        for text, dock, tip in links:
            button = self.buttons[dock] = QPushButton(text)
            button.setToolTip(tip)
            button.clicked.connect(in_notifications(partial(self._open, dock)))
            layout.addWidget(button)

    def _open(self, name: str, _checked: bool = False) -> None:
        open_beside(self._viewer, name, self)
