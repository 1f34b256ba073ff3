"""The Label files dock: labels of other programs in, labels for other programs out."""

from napari.viewer import Viewer
from qtpy.QtWidgets import QTabWidget

from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.label_files.export_page import LabelExportPage
from napari_strata.widgets.label_files.import_page import LabelImportPage
from napari_strata.widgets.parts.dock import Dock


class LabelFilesDock(Dock):
    """Imports and exports labels.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose images and labels to work with.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        journal_of(viewer)  # which keeps what is painted, also without the Label dock
        self.importing = LabelImportPage(viewer)
        self.exporting = LabelExportPage(viewer)
        pages = QTabWidget()
        pages.addTab(self.importing, "Import")
        pages.addTab(self.exporting, "Export")
        self.scroll(pages)

    def _end(self) -> None:
        self.importing.preview.remove()
        super()._end()
