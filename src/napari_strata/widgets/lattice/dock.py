"""The Lattice dock: the lattices of located atoms in figures, as maps, in regions; and where species are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari.viewer import Viewer
from qtpy.QtWidgets import QCheckBox, QGroupBox, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_strata.control import JobControl
from napari_strata.errors import StrataError
from napari_strata.events import JobResult
from napari_strata.jobs.job import Job
from napari_strata.widgets.atoms.choice import AtomsChoice
from napari_strata.widgets.lattice.figure_rows import figure_rows
from napari_strata.widgets.lattice.maps_panel import MapsPanel, Measured
from napari_strata.widgets.lattice.regions import RegionStatistics
from napari_strata.widgets.lattice.species_words import species_words
from napari_strata.widgets.layers.atom_memory import memory_of
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.fit_memory import FitMemory, recall_fit, remember_fit
from napari_strata.widgets.layers.label_memory import image_of
from napari_strata.widgets.layers.shown_atoms import check_measurable, frame_of, shown_atoms, shown_frame
from napari_strata.widgets.parts.connections import LayerFollower, connect_while_alive
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.dock_links import DockLinks
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.figure_table import FigureTable
from napari_strata.widgets.parts.form import form_layout
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.layers import Image, Points
    from pandas import DataFrame

    from napari_strata.config.atom_origin import AtomOrigin
    from napari_strata.jobs.map_lattice import LatticeMaps
    from napari_strata.lattice.cells import Family
    from napari_strata.lattice.fitted import FittedLayers
    from napari_strata.types import ImageStack

LINKS = (("Plots…", "Plots", "Distances, angles and the Fourier transform, linked to the atoms on the image."),)
"""The dock that is opened from here."""
FAMILIES = ("as it fits best", "hexagonal", "square", "rectangular", "oblique")
_CHANGED = "The atoms were changed since: press Measure again."
_DROPPED = "{} or its atoms were removed, or its pixel size changed, meanwhile: the figures were dropped."


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    """What is measured, as it was when that began."""

    points: "Points"
    image: "Image"
    frame: int
    pixel_size: float
    atoms: "DataFrame"
    family: "Family | None"
    origin: "AtomOrigin | None"


class LatticeDock(Dock):
    """Measures the lattices of located atoms.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose atoms to measure.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._request: _Request | None = None
        self._measured: _Request | None = None
        self._is_old = False
        self.atoms = AtomsChoice(viewer)
        self.family = ChoiceBox()
        self.family.addItems(FAMILIES)
        self.fourier = QCheckBox("Fourier transform, too")
        self.fourier.setChecked(True)
        self.panel = JobPanel(QPushButton("Measure"))
        self.table, self.gaps = FigureTable(), Words()
        self.copy_button = QPushButton("Copy table")
        self.maps, self.regions, self.species = MapsPanel(viewer), RegionStatistics(viewer), Words()
        self.links = DockLinks(viewer, LINKS)
        self._edits = LayerFollower(self, self._on_edit, "data", "properties")
        self._image = LayerFollower(self, self._on_layers, "scale", "units")
        self._lay_out()
        self._connect()
        self._on_atoms(self.atoms.layer)

    def _lay_out(self) -> None:
        self.family.setToolTip("What the cells are without distortion.")
        self.fourier.setToolTip("Fits the spots of the image's Fourier transform, without the atoms, to compare.")
        self.copy_button.setToolTip("Copy the whole table, to be pasted into a spreadsheet. Ctrl+C copies cells.")
        chosen = form_layout()
        chosen.addRow(QLabel("Atoms"), self.atoms)
        chosen.addRow(QLabel("Lattice"), self.family)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addLayout(chosen)
        self._groups = [
            _group("Maps", self.maps),
            _group("In drawn regions", self.regions),
            _group("Species", self.species),
        ]
        widgets = (self.fourier, self.panel, self.table, self.gaps, self.copy_button, *self._groups, self.links)
        for widget in widgets:
            layout.addWidget(widget)
        layout.addStretch(1)
        self.scroll(content)

    def _connect(self) -> None:
        self.atoms.chosen.connect(self._on_atoms)
        self.panel.start_button.clicked.connect(self.panel.guarded(self._start))
        self.panel.brought.connect(self._on_result)
        self.copy_button.clicked.connect(self.table.copy)
        self.maps.chosen.connect(self.regions.show_map)
        self.regions.save_button.clicked.connect(in_notifications(self._save_statistics))
        events = self._viewer.layers.events
        connect_while_alive(self, self._on_layers, events.inserted, events.removed)

    def _on_atoms(self, points: "Points | None") -> None:
        self._edits.follow(points)
        if self._measured is None or self._measured.points is not points:
            self._show(None, None)
        if self._request is not None and self._request.points is not points:
            self.panel.runner.stop()
        self._on_layers()

    def _on_layers(self, _event: object = None) -> None:
        """Say what is missing, and forget what belongs to layers that are gone."""
        if self._measured is not None and self._measured.image not in self._viewer.layers:
            self._show(None, None)
        points = self.atoms.layer
        self._image.follow(None if points is None else image_of(points, self._viewer.layers))
        try:
            check_measurable(points, self._viewer)
        except StrataError as error:
            self.panel.set_obstacle(str(error))
        else:
            self.panel.set_obstacle("")

    def _on_edit(self, _event: object = None) -> None:
        self._on_layers()
        if self._measured is not None and not self._is_old and not _is_same(self._measured):
            self._is_old = True
            self.panel.say(_CHANGED)

    def _start(self, _checked: bool = False) -> None:
        points = self.atoms.layer
        image = check_measurable(points, self._viewer)
        frame = shown_frame(self._viewer, image)
        stack = frame_of(image, frame)
        assert stack.pixel_size is not None, "an image without one is refused"
        family: Any = None if self.family.currentIndex() == 0 else self.family.currentText()
        atoms, memory = shown_atoms(points, image, frame), memory_of(points)
        origin = None if memory is None else memory.origin
        request = _Request(points, image, frame, stack.pixel_size, atoms, family, origin)
        known = recall_fit(points, request.atoms)
        fitted = known.fitted if known is not None and known.family == family else None
        fourier = self.fourier.isChecked()
        self._request = request
        self.panel.run(
            lambda control: _make_job(control, request, stack, fitted, fourier=fourier),
            name=f"Measuring the lattices of {image.name}",
        )

    def _on_result(self, result: JobResult) -> None:
        request, self._request = self._request, None
        assert request is not None, "a job ended that was never started"
        is_there = request.image in self._viewer.layers and request.points in self._viewer.layers
        if not is_there or calibration_of(request.image).value != request.pixel_size:
            self.panel.say(_DROPPED.format(request.image.name))
            return
        if request.points is not self.atoms.layer:
            return  # the job was asked to stop when other atoms were chosen
        remember_fit(request.points, FitMemory(request.atoms, request.family, result.value.fitted))
        self._show(request, result.value)
        where = f", slice {request.frame}" if request.image.ndim == 3 else ""
        said = f"{len(request.atoms):,} atoms of {request.image.name}{where}."
        self.panel.say("\n".join(filter(None, (said, result.value.doubt))))
        self._on_edit()

    def _save_statistics(self, _checked: bool = False) -> None:
        assert self._measured is not None, "the button is seen only where something was measured"
        self.maps.saving.save_statistics(self.regions.drawn_on(self._measured.image))

    def _show(self, request: _Request | None, maps: "LatticeMaps | None") -> None:
        """Show other figures, or none."""
        self._measured, self._is_old = request, False
        rows = [] if maps is None else figure_rows(maps)
        layers = [] if maps is None else [f"Layer {one.layer}" for one in maps.lattices.layers]
        self.table.show_rows(["", *layers], [(row.title, *row.values) for row in rows], [row.tip for row in rows])
        for widget in (self.table, self.copy_button, *self._groups):
            widget.setVisible(maps is not None)
        self.gaps.setText("" if maps is None else "\n".join(maps.gaps))
        self.gaps.setVisible(bool(self.gaps.text()))
        self.species.setText("" if maps is None else species_words(maps))
        if request is None or maps is None:
            self.maps.offer(None)
        else:
            self.maps.offer(Measured(maps, request.image, request.frame, request.pixel_size))


def _is_same(request: _Request) -> bool:
    """Tell whether the atoms are still those that were measured."""
    try:
        now = shown_atoms(request.points, request.image, request.frame)
    except StrataError:
        return False
    columns = ["layer", "species", "y_px", "x_px"]
    return bool(now[columns].equals(request.atoms[columns]))


def _group(title: str, *widgets: QWidget) -> QGroupBox:
    group = QGroupBox(title)
    layout = QVBoxLayout(group)
    for widget in widgets:
        layout.addWidget(widget)
    return group


def _make_job(
    control: JobControl, request: _Request, stack: "ImageStack", fitted: "FittedLayers | None", *, fourier: bool
) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.map_lattice import map_lattice

    return map_lattice(
        control,
        request.atoms,
        image=stack,
        family=request.family,
        fitted=fitted,
        fourier=fourier,
        origin=request.origin,
    )
