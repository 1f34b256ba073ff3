"""A window that writes a report on located atoms: what to show, where to, and then the text to copy."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_strata.config import ReportConfig
from napari_strata.control import JobControl
from napari_strata.errors import OutputError
from napari_strata.events import JobResult
from napari_strata.jobs.job import Job
from napari_strata.numbers import counted
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.form import ConfigForm, form_layout
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.predict.report_request import ReportRequest, numbered

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

SIZE = (560, 560)
"""Width and height of the window [px]."""
_WHERE = (
    "Gets methods.txt and .md, figure.png, .svg and .pdf, and report.json. Where it holds a report already, the"
    " new one goes to a folder with a number behind its name. A name alone means a folder beside the image."
)


class ReportDialog(QDialog):
    """Writes a methods text and a figure about one frame.

    Parameters
    ----------
    request : ReportRequest
        What to write about.
    """

    def __init__(self, request: ReportRequest, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Report on {request.stack.name}")
        self._request = request
        self._image: Image | None = None
        self._numbered = (request.folder, request.folder)  # what was wanted, and what it became
        self.of_what = QLabel(_of_what(request))
        self.of_what.setWordWrap(True)
        self.settings = ConfigForm(ReportConfig, advanced_title="Advanced: report")
        self.folder = QLineEdit(str(request.folder))
        self.folder.setToolTip(_WHERE)
        self.choose_button = QPushButton("Choose…")
        self.panel = JobPanel(QPushButton("Write report"))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setPlaceholderText(
            "The methods text appears here: how the atoms were located, the lattices with their uncertainties, the"
            " caption of the figure, references, and what is not known and left out."
        )
        self.copy_button = QPushButton("Copy text")
        self.copy_button.setEnabled(False)
        self.close_button = QPushButton("Close")
        self._lay_out()
        self.choose_button.clicked.connect(self._choose)
        self.panel.start_button.clicked.connect(self.panel.guarded(self._start))
        self.panel.brought.connect(self._on_result)
        self.copy_button.clicked.connect(self._copy)
        self.close_button.clicked.connect(self.close)
        self.resize(*SIZE)

    def follow(self, viewer: "Viewer", image: "Image") -> None:
        """Write nothing more once the image is closed; the text stays to be copied."""
        self._image = image
        connect_while_alive(self, self._on_removed, viewer.layers.events.removed)

    def _on_removed(self, event: Any) -> None:
        if self._image is not None and event.value is self._image:
            self.panel.set_obstacle(
                f"The image '{self._image.name}' is closed. For another report open it and press “Report…” again."
            )

    def _lay_out(self) -> None:
        for button in (self.choose_button, self.copy_button, self.close_button, self.panel.start_button):
            button.setAutoDefault(False)  # or Enter in the line of the folder presses one
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(self.choose_button)
        where = form_layout()
        where.addRow(QLabel("Folder"), row)
        below = QHBoxLayout()
        below.addWidget(self.copy_button)
        below.addStretch(1)
        below.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.of_what)
        layout.addWidget(self.settings)
        layout.addLayout(where)
        layout.addWidget(self.panel)
        layout.addWidget(self.text, 1)
        layout.addLayout(below)

    def _choose(self, _checked: bool = False) -> None:
        parent = Path(self.folder.text()).parent
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the report", str(parent))
        if chosen:
            self.folder.setText(chosen)

    def _start(self, _checked: bool = False) -> None:
        typed = self.folder.text().strip()
        if not typed:
            raise OutputError("No folder is named.", remedy="Type one, or choose one.")
        request = self._request
        out = self._free_folder(request.folder.parent / Path(typed).expanduser())  # a name alone: beside the image
        self.folder.setText(str(out))
        config = self.settings.values()
        self.panel.run(
            lambda control: _make_job(control, request, config, out), name=f"Reporting on {request.stack.name}"
        )

    def _free_folder(self, named: Path) -> Path:
        """Return the folder that is named, or one with a number; the next number where it has one from here."""
        wanted, numbered_before = self._numbered
        wanted = wanted if named == numbered_before else named
        self._numbered = wanted, numbered(wanted, is_taken=_holds_report)
        return self._numbered[1]

    def _on_result(self, result: JobResult) -> None:
        self.text.setPlainText(str(result.figures["methods"]))
        self.copy_button.setEnabled(True)
        self.panel.say(
            f"Text, figure and numbers written to {Path(result.paths['report']).parent}. What is not known stands"
            " at the end of the text."
        )

    def _copy(self, _checked: bool = False) -> None:
        QApplication.clipboard().setText(self.text.toPlainText())


def _holds_report(folder: Path) -> bool:
    from napari_strata.jobs.write_report import FILES

    return any((folder / name).exists() for name in FILES)


def _of_what(request: ReportRequest) -> str:
    frame = f", slice {request.frame} of 0 to {request.frames - 1}" if request.frames > 1 else ""
    atoms = counted(int((request.atoms["frame"] == request.frame).sum()), "atom")
    return f"Image: {request.stack.name}{frame}, with {atoms} as they were when this window was opened."


def _make_job(control: JobControl, request: ReportRequest, config: ReportConfig, out: Path) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.write_report import write_report

    return write_report(
        control,
        request.stack,
        request.atoms,
        config,
        out=out,
        source=request.source,
        model=request.model,
        frame=request.frame,
        frames=request.frames,
        origin=request.origin,
    )
