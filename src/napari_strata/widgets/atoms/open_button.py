"""A button that puts the atoms of a file onto an open image."""

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QMimeData, Signal
from qtpy.QtWidgets import QPushButton, QWidget

from napari_strata.control import JobControl
from napari_strata.events import JobEnded
from napari_strata.io.atoms.formats import ENDINGS
from napari_strata.jobs.job import Job
from napari_strata.widgets.atoms.asking import ask_for_file, ask_for_image
from napari_strata.widgets.atoms.from_file import images_for, place_atoms
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.runner import JobRunner

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.jobs.read_atom_file import AtomFile


class OpenButton(QPushButton):
    """Asks for a file, reads it beside the window, and shows its atoms.

    Parameters
    ----------
    viewer : Viewer
        On whose images.
    """

    opened = Signal(object)
    """The Points layer of atoms that were opened."""
    said = Signal(str)
    """What goes on, in words."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__("Open atoms…", parent)
        self.setToolTip(
            "Put the atoms of a file onto an open image: CSV, Parquet, XYZ, extended XYZ, CIF or GeoJSON."
            " A file can be dropped here, too."
        )
        self._viewer = viewer
        self.runner = JobRunner(self, asked_for=True)
        self.clicked.connect(in_notifications(self._ask, say=self.said.emit))
        self.runner.ended.connect(in_notifications(self._on_read, say=self.said.emit))

    def open(self, path: Path) -> None:
        """Read a file, then show its atoms.

        Raises
        ------
        JobStateError
            If another one is being read.
        """
        self.runner.start(lambda control: _make_job(control, path), name=f"Reading {path.name}")
        self.said.emit(f"Reading {path.name}…")

    def open_dropped(self, data: QMimeData) -> None:
        """Open the first file of atoms that was dropped; what is wrong with it is said."""
        in_notifications(self.open, say=self.said.emit)(atom_files(data)[0])

    def _ask(self, _checked: bool = False) -> None:
        path = ask_for_file(self)
        if path is not None:
            self.open(path)

    def _on_read(self, ended: JobEnded) -> None:
        if ended.error is not None:
            raise ended.error
        self.said.emit("")
        if ended.result is not None:
            self._place(ended.result.value)

    def _place(self, file: "AtomFile") -> None:
        images, active = images_for(self._viewer, file), self._viewer.layers.selection.active
        image = ask_for_image(self, images, active, file.path)
        if image is not None:
            points, words = place_atoms(self._viewer, file, image)
            self._viewer.layers.selection.active = points
            self.opened.emit(points)
            self.said.emit(words)


def atom_files(data: QMimeData) -> list[Path]:
    """Return the files of atoms among what is dragged, by their endings."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in ENDINGS]


def _make_job(control: JobControl, path: Path) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.read_atom_file import read_atom_file

    return read_atom_file(control, path)
