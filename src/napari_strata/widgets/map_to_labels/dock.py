"""The Map to labels dock: look at a map in several ways, make labels of it, and find out why a region is wrong."""

from typing import TYPE_CHECKING

from napari.viewer import Viewer
from qtpy.QtCore import QEvent
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.map_to_labels.errors_page import ErrorsPage
from napari_strata.widgets.map_to_labels.map_view import MapViewForm
from napari_strata.widgets.map_to_labels.proposal_page import ProposalPage
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.dock_links import DockLinks

if TYPE_CHECKING:
    from napari.layers import Image

_LINKS = (
    ("Explain", "Explain", "Make a map of an atom, a pixel or a region."),
    ("Label", "Label", "Make labels of the image, and choose a class."),
    ("Corrections", "Corrections", "What a running training makes of what you correct."),
)


class MapToLabelsDock(Dock):
    """Turns maps into labels, and errors into questions.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        journal_of(viewer)  # which keeps what is painted, also without the Label dock
        self.view = MapViewForm(viewer)
        self.proposal = ProposalPage(viewer, self.view)
        self.errors = ErrorsPage(viewer)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.proposal, "Make labels")
        self.tabs.addTab(self.errors, "Wrong regions")
        self.links = DockLinks(viewer, _LINKS)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addWidget(self.view)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(self.links)
        self.scroll(content)
        self.errors.explained.connect(self._on_explained)

    def came_to_front(self, is_in_front: bool) -> None:
        """Take the stripes away when the dock goes; a proposal that is not sent is none."""
        if not is_in_front:
            self.proposal.drop()

    def event(self, event: QEvent) -> bool:
        """Show all layers again when napari lets go of the dock: nobody else knows which were hidden."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.view.end_mode()
        return bool(super().event(event))

    def showEvent(self, event: QShowEvent) -> None:
        """Show the map as the rows say."""
        super().showEvent(event)
        self.view.follow()

    def hideEvent(self, event: QHideEvent) -> None:
        """End what shows a map elsewhere: nobody would find what to press; a minimised window hides nothing."""
        if not event.spontaneous():
            self.view.end_mode()
        super().hideEvent(event)

    def _on_explained(self, map_layer: "Image") -> None:
        """Show an answer on the image: the view is on the error, and what lies beside the image is out of it."""
        self.view.end_mode()
        self.view.map.choose(map_layer)
        self.view.follow()
