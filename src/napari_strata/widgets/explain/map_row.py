"""Rows for what follows on a map: to ask it again, and the docks that go on from it."""

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.widgets.maps.asked import MapChoice
from napari_strata.widgets.parts.dock_links import DockLinks, Link

if TYPE_CHECKING:
    from napari.viewer import Viewer

LINKS: tuple[Link, ...] = (
    ("Compare…", "Compare maps", "See maps of several methods side by side, and whether they can be trusted."),
    ("What if…", "What if", "Change a part of the image, and see the prediction and the score change."),
    ("Labels…", "Map to labels", "Turn the map into a proposal for labels, or send a region to be corrected."),
    ("Many…", "Explain many", "A map for every slice of a stack, and figures for every selected atom."),
    ("Inside…", "Inside the network", "See feature maps, kernels, and what a channel responds to."),
)


class MapRow(QWidget):
    """Offers the maps in the viewer.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    asked_again = Signal(object)
    """The map layer that shall be asked again."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_busy = False
        self.map = MapChoice(viewer)
        self.again_button = QPushButton("Ask again")
        self.links = DockLinks(viewer, LINKS)
        self.map.setToolTip("A heatmap in the viewer; follows the active layer.")
        self.again_button.setToolTip(
            "Compute this map once more, with the model as it is now and all settings as they were: see what the"
            " model has learned since."
        )
        row = QHBoxLayout()
        row.addWidget(QLabel("Map"))
        row.addWidget(self.map, 1)
        row.addWidget(self.again_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.links)
        self.map.chosen.connect(self._on_map)
        self.again_button.clicked.connect(lambda _checked=False: self.asked_again.emit(self.map.layer))
        self._on_map(self.map.layer)

    def set_busy(self, is_busy: bool) -> None:
        """Ask nothing again while something is asked."""
        self._is_busy = is_busy
        self._on_map(self.map.layer)

    def _on_map(self, layer: object) -> None:
        self.again_button.setEnabled(layer is not None and not self._is_busy)
