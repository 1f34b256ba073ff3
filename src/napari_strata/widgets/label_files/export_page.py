"""The Export page of the Label files dock: writes Labels layers as files of other programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Labels
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_strata.annotation.tracing import LabelImage
from napari_strata.control import JobControl
from napari_strata.events import JobResult
from napari_strata.io.labels.formats import FORMATS
from napari_strata.jobs.export_labels import ExportRequest, export_labels
from napari_strata.jobs.job import Job
from napari_strata.widgets.label_files.label_images import label_images
from napari_strata.widgets.layers.label_memory import is_drawn
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.layer_choice import RESULT

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

_NO_LABELS = "Make labels in the Label dock first."
_LIST_HEIGHT = 120
_PART, _CLASS = "each connected part", "each class as a whole"


class LabelExportPage(QWidget):
    """Writes the ticked Labels layers into a folder that is asked for.

    Parameters
    ----------
    viewer : Viewer
        Whose labels to offer.
    """

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layers: list[Labels] = []
        self._unticked: set[object] = set()
        self.labels = QListWidget()
        self.format = ChoiceBox()
        self.one_annotation = ChoiceBox()
        self.outlines = QCheckBox("Outlines, which can be edited, in place of masks")
        self.overwrite = QCheckBox("Replace files of the same names")
        self.panel = JobPanel(QPushButton("Export…"))
        self.format.addItems([one.title for one in FORMATS.values()])
        self.one_annotation.addItems([_PART, _CLASS])
        self._lay_out()
        self._connect()
        self._refresh()

    @property
    def chosen(self) -> list[Labels]:
        """The ticked layers."""
        return [
            layer
            for row, layer in enumerate(self._layers)
            if self.labels.item(row).checkState() == Qt.CheckState.Checked
        ]

    def export(self, folder: Path) -> None:
        """Write the ticked labels into a folder.

        Raises
        ------
        LabelsError
            If nothing is ticked, or what is cannot be exported.
        """
        images, classes = label_images(self._viewer, self.chosen)
        request = ExportRequest(
            list(FORMATS)[self.format.currentIndex()],
            folder,
            classes,
            self.one_annotation.currentText() == _PART,
            self.outlines.isChecked(),
            self.overwrite.isChecked(),
            tuple(Path(one.source.path) for one in self._viewer.layers if one.source.path),
        )
        self.panel.run(lambda control: _make_job(control, images, request), name="Exporting labels")

    def _lay_out(self) -> None:
        self.labels.setMaximumHeight(_LIST_HEIGHT)
        self.labels.setToolTip(
            "Labels of several crystal layers of one image go into a folder for each, objects into another."
        )
        self.one_annotation.setToolTip("What becomes one annotation; numbered objects are one annotation each.")
        self.outlines.setToolTip("Both have the very same pixels. Formats that know no masks get outlines anyway.")
        self.panel.start_button.setToolTip("Asks for a folder and writes into it.")
        rows = QFormLayout()
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows.addRow("Labels", self.labels)
        rows.addRow("Format", self.format)
        rows.addRow("One annotation", self.one_annotation)
        layout = QVBoxLayout(self)
        layout.addLayout(rows)
        for widget in (self.outlines, self.overwrite, self.panel):
            layout.addWidget(widget)
        layout.addStretch(1)

    def _connect(self) -> None:
        events = self._viewer.layers.events
        connect_while_alive(self, self._refresh, events.inserted, events.removed, events.renamed, events.reordered)
        self.labels.itemChanged.connect(self._on_ticked)
        self.panel.start_button.clicked.connect(self.panel.guarded(self._ask_where))
        self.panel.brought.connect(self._on_result)

    def _refresh(self, _event: object = None) -> None:
        self._layers = [one for one in reversed(self._viewer.layers) if _is_offered(one)]
        blocked = self.labels.blockSignals(True)
        self.labels.clear()
        for layer in self._layers:
            item = QListWidgetItem(layer.name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            is_ticked = is_drawn(layer) if layer.unique_id not in self._unticked else False
            item.setCheckState(Qt.CheckState.Checked if is_ticked else Qt.CheckState.Unchecked)
            self.labels.addItem(item)
        self.labels.blockSignals(blocked)
        self.panel.set_obstacle("" if self._layers else _NO_LABELS)

    def _on_ticked(self, item: QListWidgetItem) -> None:
        layer = self._layers[self.labels.row(item)]
        if item.checkState() == Qt.CheckState.Checked:
            self._unticked.discard(layer.unique_id)
        else:
            self._unticked.add(layer.unique_id)

    def _ask_where(self, _checked: bool = False) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder to export into")
        if folder:
            self.export(Path(folder))

    def _on_result(self, result: JobResult) -> None:
        written = sum(result.figures["annotations"].values())
        images, files = result.figures["images"], len(result.paths)
        place = next(iter(result.paths.values()))
        where = f"{files} files, {place} first" if files > 1 else place
        self.panel.say(f"Wrote {written:,} annotations of {images} image{'s' * (images != 1)} to {where}.")


def _make_job(control: JobControl, images: Sequence[LabelImage], request: ExportRequest) -> Job:
    return export_labels(control, images, len(images), request)


def _is_offered(napari_layer: "Layer") -> bool:
    return isinstance(napari_layer, Labels) and not napari_layer.metadata.get(RESULT)
