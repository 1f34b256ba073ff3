"""The Predict dock: masks of every layer, atoms of every layer, and the atoms as a file."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from napari.viewer import Viewer
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.config import AtomsConfig, InferenceConfig, ModelCard
from napari_strata.control import JobControl
from napari_strata.errors import CalibrationError, TableError
from napari_strata.events import JobResult
from napari_strata.io.atoms.formats import CSV_WITH_UNITS
from napari_strata.jobs.job import Job
from napari_strata.types import ValuePrediction
from napari_strata.widgets.journal.journal import journal_of
from napari_strata.widgets.layers.atom_memory import memory_of
from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.located_size import check_located_size
from napari_strata.widgets.layers.napari_layers import mask_layers, probability_layers, value_layers
from napari_strata.widgets.layers.results import find_results, hide_earlier, role_of, show_results
from napari_strata.widgets.layers.source import Source, SourceForm
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.dock_links import DockLinks
from napari_strata.widgets.parts.form import ConfigForm, Page
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.parts.removal_stop import RemovalStop
from napari_strata.widgets.predict.atom_export import atom_table
from napari_strata.widgets.predict.atom_files import ask_for_atom_file
from napari_strata.widgets.predict.found_atoms import show_atoms
from napari_strata.widgets.predict.report_dialog import ReportDialog
from napari_strata.widgets.predict.report_request import request_report
from napari_strata.widgets.predict.words import in_words

if TYPE_CHECKING:
    from napari.layers import Points

    from napari_strata.types import Prediction

LINKS = (
    ("Edit atoms…", "Atoms", "Add, delete and move atoms, and change their layer or species."),
    ("Lattice…", "Lattice", "Measure the lattice of each layer, and map strain, stacking and more."),
)
"""The docks that are opened from here."""


class PredictDock(Dock):
    """Applies a trained model to an image; works beside a running training.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    library : ModelLibrary, optional
        Whose models to offer; by default a library of its own on the usual folder.
    """

    def __init__(self, viewer: Viewer, library: ModelLibrary | None = None) -> None:
        super().__init__()
        journal_of(viewer)  # which keeps what is painted, also without the Label dock
        self._viewer = viewer
        self._source: Source | None = None
        self._started = 0.0
        self.source = SourceForm(viewer, library or ModelLibrary())
        self.find_atoms = QCheckBox("Find atoms")
        self.atoms = ConfigForm(AtomsConfig, advanced_title="Advanced: atoms")
        self.inference = ConfigForm(InferenceConfig, advanced_title="Advanced: prediction")
        self.panel = JobPanel(QPushButton("Predict"))
        self._removal = RemovalStop(viewer, self.panel)
        self.export_button = QPushButton("Export atoms…")
        self.report_button = QPushButton("Report…")
        self.links = DockLinks(viewer, LINKS)
        self._lay_out()
        self.source.image.chosen.connect(self._on_image)
        self.source.changed.connect(self._on_source)
        self.source.model.chosen.connect(self._propose_atoms)
        self.find_atoms.toggled.connect(self.atoms.setVisible)
        self.panel.start_button.clicked.connect(self.panel.guarded(self._start))
        self.panel.brought.connect(self._on_result)
        self.export_button.clicked.connect(self.panel.guarded(self._ask_where_to_export))
        self.report_button.clicked.connect(self.panel.guarded(self._open_report))
        events = viewer.layers.events
        connect_while_alive(self, self._on_layers, events.inserted, events.removed)
        self._propose_atoms()
        self._on_source()

    def export(self, path: Path, *, units: bool = False) -> None:
        """Write the atoms that are shown to a file, whose ending chooses the format.

        Parameters
        ----------
        path : Path
            The file; .csv where it has no ending.
        units : bool
            State units in lines before the header of a CSV table.

        Raises
        ------
        TableError
            If there are none.
        CalibrationError
            If the format needs positions in Å, and the pixel size is not known; or if it is not that at which the
            atoms were located.
        ExtraError
            If the format needs a package that is not installed.
        OutputError
            If the file cannot be written.
        """
        from napari_strata.io.atom_tables import write_atoms

        points = self._shown_atoms()
        if points is None:
            raise TableError("There are no atoms of this image.", remedy="Predict with 'Find atoms' ticked first.")
        check_located_size(points, self.source.image.layer)
        path = path if path.suffix else path.with_suffix(".csv")
        table, memory = atom_table(points, self.source.image.layer), memory_of(points)
        write_atoms(table, path, units=units, origin=None if memory is None else memory.origin)
        self.panel.say(f"{len(table)} atoms of '{points.name}' written to {path}.")

    def _lay_out(self) -> None:
        self.find_atoms.setToolTip("Locate the atoms of every layer; needs the pixel size.")
        self.export_button.setToolTip(
            "Write the atoms as the Points layer shows them, your own corrections included."
        )
        self.report_button.setToolTip("Write a methods text and a figure about them, for a paper.")
        settings = QWidget()
        form = QVBoxLayout(settings)
        form.setContentsMargins(0, 0, 0, 0)
        for widget in (self.source, self.find_atoms, self.atoms, self.inference):
            form.addWidget(widget)
        form.addStretch(1)
        below = QHBoxLayout()
        below.setSpacing(3)
        below.addWidget(self.export_button)
        below.addWidget(self.report_button)
        below.addWidget(self.links)
        layout = QVBoxLayout(self)
        layout.addWidget(Page(settings), 1)
        layout.addWidget(self.panel)  # in view however low the window is
        layout.addLayout(below)

    def _on_image(self, _image: object) -> None:
        self.panel.forget_told()
        self._on_source()  # which says what the new image lacks

    def _on_source(self) -> None:
        entry = self.source.model.entry
        gives_values = entry is not None and entry.card.model.output == "values"
        self.find_atoms.setEnabled(self.source.pixel_size is not None and not gives_values)
        self.panel.set_obstacle(self.source.obstacle)
        self._on_layers()
        self.panel.outdate(self._why_outdated())

    def _on_layers(self, _event: object = None) -> None:
        has_atoms = self._shown_atoms() is not None
        self.export_button.setEnabled(has_atoms)
        self.report_button.setEnabled(has_atoms)

    def _why_outdated(self) -> str:
        """Say why the atoms that are shown are not those of the image as it is now; empty where they are."""
        points, image = self._shown_atoms(), self.source.image.layer
        if points is None or image is None:
            return ""
        try:
            check_located_size(points, image)
        except CalibrationError as error:
            return str(error)
        return ""

    def _propose_atoms(self, _entry: object = None) -> None:
        """Tick 'Find atoms' for models that work at a pixel size and give classes: theirs are atoms."""
        entry = self.source.model.entry
        self.find_atoms.setChecked(entry is None or _gives_atoms(entry.card))
        self.atoms.setVisible(self.find_atoms.isChecked())

    def _start(self, _checked: bool = False) -> None:
        source = self.source.take()
        inference = self.inference.values()
        atoms = self.atoms.values() if self.find_atoms.isChecked() and self.find_atoms.isEnabled() else None
        self._source, self._started = source, time.monotonic()
        self.panel.run(
            lambda control: _make_job(control, source, inference, atoms), name=f"Predicting {source.stack.name}"
        )
        self._removal.watch(source.origin.image)

    def _on_result(self, result: JobResult) -> None:
        source, self._source = self._source, None
        assert source is not None, "a job ended that was never started"
        if dropped := source.why_dropped(self._viewer):
            self.panel.say(dropped)
            return
        from napari_strata.jobs.locate_atoms import AtomsFound

        found = result.value
        if isinstance(found, tuple) and isinstance(found[0], ValuePrediction):
            self._show_values(source, found[0])
            return
        atoms = found if isinstance(found, AtomsFound) else None
        prediction = found[0] if atoms is None else atoms.predictions[0]
        done, wanted = len(prediction.probabilities), len(source.stack.data)
        words = in_words(prediction, atoms, time.monotonic() - self._started)
        hidden = self._show(source, prediction, is_whole=done == wanted)
        if atoms is None:
            words += hidden
        else:
            words += show_atoms(self._viewer, source.origin, atoms, self.atoms.values(), is_whole=done == wanted)
        self.panel.say(words if done == wanted else f"Stopped after {done} of {wanted} slices. {words}")

    def _show(self, source: Source, prediction: "Prediction", *, is_whole: bool) -> str:
        """Show masks in place of earlier ones, or beside them where some slices are missing.

        They go below the atoms of the same model, but on top of all that another one found, which are
        hidden; that is returned in words.
        """
        layers = [*probability_layers(prediction, source.origin), *mask_layers(prediction, source.origin)]
        own = find_results(self._viewer, "atoms", source.origin.image, model=source.origin.model)
        shown = show_results(self._viewer, layers, below="atoms" if own else None, keep_earlier=not is_whole)
        masks = [layer for layer in shown if role_of(layer) == "masks"]
        tell_made(self._viewer, masks[-1])
        if not is_whole or not hide_earlier(self._viewer, "masks", source.origin.image, masks):
            return ""
        for layer in masks:
            layer.visible = True
        return " Earlier masks of this image are hidden: switch them on with the eye in the layer list."

    def _show_values(self, source: Source, prediction: ValuePrediction) -> None:
        done, wanted = len(prediction.values), len(source.stack.data)
        layers = value_layers(prediction, source.origin)
        show_results(self._viewer, layers, keep_earlier=done != wanted)
        seconds = time.monotonic() - self._started
        stopped = "" if done == wanted else f"Stopped after {done} of {wanted} slices. "
        self.panel.say(f"{stopped}Values ({seconds:.1f}\N{NO-BREAK SPACE}s).")

    def _shown_atoms(self) -> "Points | None":
        """Return the atoms to export: the selected ones where there are several, else the uppermost."""
        if self.source.image.layer is None:
            return None
        layers = find_results(self._viewer, "atoms", self.source.image.layer)
        selected = [layer for layer in layers if layer in self._viewer.layers.selection]
        return (selected or layers or [None])[-1]

    def _ask_where_to_export(self, _checked: bool = False) -> None:
        points = self._shown_atoms()
        assert points is not None, "the button works only where there are atoms"
        check_located_size(points, self.source.image.layer)
        asked = ask_for_atom_file(self, f"{self.source.image.layer.name}_atoms")
        if asked is not None:
            path, chosen = asked
            self.export(path, units=chosen is CSV_WITH_UNITS)

    def _open_report(self, _checked: bool = False) -> None:
        points, image = self._shown_atoms(), self.source.image.layer
        assert points is not None and image is not None, "the button works only where there are atoms"
        dialog = ReportDialog(request_report(self._viewer, points, image), self)
        dialog.follow(self._viewer, image)
        dialog.show()


def _gives_atoms(card: ModelCard) -> bool:
    return card.model.pixel_size is not None and card.model.output != "values"


def _make_job(control: JobControl, source: Source, inference: InferenceConfig, atoms: AtomsConfig | None) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    if atoms is None:
        from napari_strata.jobs.predict import predict

        return predict(control, source.entry.path, (source.stack,), inference)
    from napari_strata.jobs.locate_atoms import locate_atoms

    return locate_atoms(control, source.entry.path, (source.stack,), inference, atoms)
