"""The Plots dock: distances, angles and spots; what is picked in a plot is selected on the image, and back."""

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.viewer import Viewer
from numpy.typing import NDArray
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QPushButton, QTabWidget, QVBoxLayout, QWidget

from napari_strata.control import JobControl
from napari_strata.errors import StrataError
from napari_strata.events import JobResult
from napari_strata.jobs.job import Job
from napari_strata.widgets.atoms.choice import AtomsChoice
from napari_strata.widgets.layers.fit_memory import FitMemory, recall_fit, remember_fit
from napari_strata.widgets.layers.label_memory import image_of
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.layers.results import ATOM_MAP_ROLE, put_below
from napari_strata.widgets.layers.selection_link import SelectionLink
from napari_strata.widgets.layers.shown_atoms import check_measurable, frame_of, shown_atoms, shown_frame
from napari_strata.widgets.parts.connections import LayerFollower, connect_while_alive
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import form_layout
from napari_strata.widgets.parts.newest import NewestJob
from napari_strata.widgets.parts.words import Words
from napari_strata.widgets.plots.angles import AnglePlot
from napari_strata.widgets.plots.distances import DistancePlot
from napari_strata.widgets.plots.expected import ExpectedChoice
from napari_strata.widgets.plots.spots import SpotPlot

if TYPE_CHECKING:
    from napari.layers import Image, Points
    from pandas import DataFrame

    from napari_strata.jobs.plot_pairs import LayerPairs, Pairs

PATIENCE = 250
"""Time for which atoms and sliders have to be left alone before the plots are made anew [ms]."""
ALL = -1
_HINT = "Click or drag in a plot to select its atoms; select atoms on the image to see them here in white."


class PlotsDock(Dock):
    """Plots what is known of located atoms, always of the slice that is shown.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose atoms to plot.
    """

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._at: tuple[Points, Image, int] | None = None
        self._table: DataFrame | None = None
        self._pairs: Pairs | None = None
        self._spectrum_of: object = None
        self._is_in_front = False
        self._is_old = False
        self.atoms, self.layer, self.expected = AtomsChoice(viewer), ChoiceBox(), ExpectedChoice()
        self.distances, self.angles, self.spots = DistancePlot(viewer), AnglePlot(viewer), SpotPlot(viewer)
        self.summary = Words()
        self.tabs = QTabWidget()
        self.pairs_job, self.spectrum_job = NewestJob(can_cancel=True), NewestJob(can_cancel=True)
        self.words, self.none_button = Words(), QPushButton("Select none")
        self.link = SelectionLink(self)
        self._data = LayerFollower(self, self._on_change, "data", "properties")
        self._fit = LayerFollower(self, self._on_fit, "metadata")
        self._image = LayerFollower(self, self._on_change, "data", "scale", "units")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PATIENCE)
        self._lay_out()
        self._connect()
        self._on_atoms(self.atoms.layer)

    def came_to_front(self, is_in_front: bool) -> None:
        """Plot only while the dock is seen."""
        self._is_in_front = is_in_front
        if is_in_front and (self._pairs is None or self._is_old):
            self._timer.start()

    def _lay_out(self) -> None:
        self.layer.setToolTip("Crystal layers to plot.")
        self.none_button.setToolTip("Select no atom.")
        rows = form_layout()
        rows.addRow(QLabel("Atoms"), self.atoms)
        rows.addRow(QLabel("Layer"), self.layer)
        page = QWidget()
        below = QVBoxLayout(page)
        below.setContentsMargins(0, 0, 0, 0)
        for widget in (self.expected, self.distances, self.summary):
            below.addWidget(widget)
        for title, widget in (("Distances", page), ("Angles", self.angles), ("Fourier", self.spots)):
            self.tabs.addTab(widget, title)
        layout = QVBoxLayout(self)
        layout.addLayout(rows)
        layout.addWidget(self.tabs, 1)
        for widget in (self.pairs_job, self.spectrum_job, self.words, self.none_button):
            layout.addWidget(widget)
        self.words.setText(_HINT)

    def _connect(self) -> None:
        self.atoms.chosen.connect(self._on_atoms)
        self.layer.currentIndexChanged.connect(self._draw)
        self.expected.changed.connect(self._draw)
        self.tabs.currentChanged.connect(self._on_tab)
        for changed in (self.tabs.currentChanged, self.layer.currentIndexChanged):
            changed.connect(self._tell_selection)  # what was picked in another plot is not seen in this one
        self._timer.timeout.connect(self._ask)
        self.pairs_job.brought.connect(self._on_pairs)
        self.spectrum_job.brought.connect(self._on_spectrum)
        self.link.changed.connect(self._on_selection)
        self.none_button.clicked.connect(lambda: self.link.select(()))
        for plot in (self.distances, self.angles, self.spots):
            plot.picked.connect(self._on_picked)
        events = self._viewer.layers.events
        connect_while_alive(self, self._on_layers, events.inserted, events.removed)
        connect_while_alive(self, self._on_slice, self._viewer.dims.events.point)

    def _on_atoms(self, points: "Points | None") -> None:
        self._data.follow(points)
        self._fit.follow(points)
        self.link.follow(points)
        self._forget()
        self._on_change()

    def _on_change(self, _event: object = None) -> None:
        self._is_old = True
        self._timer.start()

    def _on_layers(self, _event: object = None) -> None:
        if self._at is None or self._at[1] not in self._viewer.layers:
            self._on_change()

    def _on_slice(self, _event: object = None) -> None:
        if self._at is None or shown_frame(self._viewer, self._at[1]) != self._at[2]:
            self._on_change()

    def _ask(self) -> None:
        """Ask for the neighbours of the atoms as they are now."""
        if not self._is_in_front:
            return
        points = self.atoms.layer
        try:
            image = check_measurable(points, self._viewer)
            frame = shown_frame(self._viewer, image)
            table = shown_atoms(points, image, frame)
        except StrataError as error:
            self._forget()
            if points is not None:
                self._image.follow(image_of(points, self._viewer.layers))  # its pixel size may become right
            self.pairs_job.say(str(error))
            return
        self._image.follow(image)
        self._at, self._table = (points, image, frame), table
        known = recall_fit(points, table)
        fitted = None if known is None else known.fitted
        self.pairs_job.ask(
            lambda control: _make_pairs_job(control, table, fitted), name=f"Plotting the atoms of {image.name}"
        )

    def _forget(self) -> None:
        self._at = self._table = self._pairs = self._spectrum_of = None
        for job in (self.pairs_job, self.spectrum_job):
            job.forget()
        self._image.follow(None)
        self.spots.clear()
        self._offer_layers()
        self._draw()
        self._tell_selection()

    def _on_fit(self, _event: object = None) -> None:
        """Plot again where another dock fitted the lattices otherwise, for another family."""
        if self._at is None or self._table is None or self._pairs is None:
            return
        known = recall_fit(self._at[0], self._table)
        if known is not None and known.fitted is not self._pairs.fitted:
            self._on_change()

    def _on_pairs(self, result: JobResult) -> None:
        self._pairs, self._is_old = result.value, self._timer.isActive()
        assert self._at is not None and self._table is not None, "pairs of atoms that were forgotten are not told"
        if recall_fit(self._at[0], self._table) is None:
            remember_fit(self._at[0], FitMemory(self._table, None, self._pairs.fitted))
        self.pairs_job.say("\n".join(result.value.gaps))
        self._offer_layers()
        self._draw()
        self._on_tab()
        self._tell_selection()

    def _offer_layers(self) -> None:
        numbers = [] if self._pairs is None else [one.layer for one in self._pairs.layers]
        kept = self.layer.currentData()
        blocked = self.layer.blockSignals(True)
        self.layer.clear()
        for number in ([ALL] if len(numbers) > 1 else []) + numbers:
            self.layer.addItem("all layers" if number == ALL else f"layer {number}", number)
        self.layer.setCurrentIndex(max(self.layer.findData(kept), 0) if numbers else -1)
        self.layer.blockSignals(blocked)

    def _shown(self) -> "list[LayerPairs]":
        number = self.layer.currentData()
        pairs = () if self._pairs is None else self._pairs.layers
        return [one for one in pairs if number in (ALL, one.layer)]

    def _draw(self, _index: int = 0) -> None:
        layers, selected = self._shown(), self.link.selected
        if layers or self.distances.is_drawn:
            longest = max((one.reach for one in layers), default=0.0)
            self.distances.show_pairs(layers, self.expected.distances(longest), selected)
            self.angles.show_pairs(layers, selected)
        self.summary.setText(self.distances.summary())

    def _on_tab(self, _index: int = 0) -> None:
        """Transform the image once its plot is looked at."""
        if self._pairs is None or self._at is None or self.tabs.currentWidget() is not self.spots:
            return
        self.spots.show_layers(self._atoms_of_layers(), self.link.selected)
        _points, image, frame = self._at
        vectors = {one.layer: one.vectors for one in self._pairs.layers if one.vectors is not None}
        # a change by less than that would find the same spots
        key = (id(full_data(image)), frame, str({n: np.round(v, 2).tolist() for n, v in vectors.items()}))
        if key == self._spectrum_of:
            return
        try:
            stack = frame_of(image, frame)
        except StrataError as error:
            self.spectrum_job.say(str(error))
            return
        self._spectrum_of = key
        self.spectrum_job.ask(
            lambda control: _make_spectrum_job(control, stack, vectors), name=f"Transforming {image.name}"
        )

    def _on_spectrum(self, result: JobResult) -> None:
        self.spectrum_job.say("\n".join(result.value.gaps))
        self.spots.show_spectrum(result.value, self._atoms_of_layers(), self.link.selected)

    def _atoms_of_layers(self) -> dict[int, NDArray[np.intp]]:
        return {} if self._pairs is None else {one.layer: one.atoms for one in self._pairs.layers}

    def _on_picked(self, atoms: NDArray[np.intp], words: str) -> None:
        if self._at is None or self._is_old:
            return  # the numbers are those of atoms that are no more
        points, image, _frame = self._at
        put_below(self._viewer, ATOM_MAP_ROLE, image, points)  # dots would hide the white rims
        self._viewer.layers.selection.active = points
        self.link.select(atoms)
        self.words.setText(f"{words[:1].upper()}{words[1:]}: {_counted(len(atoms))} selected.")

    def _on_selection(self) -> None:
        selected = self.link.selected
        for plot in (self.distances, self.angles, self.spots):
            plot.highlight(selected)
        self._tell_selection()

    def _tell_selection(self, _index: int = 0) -> None:
        selected = self.link.selected
        self.words.setText(f"{_counted(len(selected))} selected, in white." if selected else _HINT)


def _counted(atoms: int) -> str:
    return "1 atom" if atoms == 1 else f"{atoms:,} atoms"


def _make_pairs_job(control: JobControl, table: Any, fitted: Any) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.plot_pairs import plot_pairs

    return plot_pairs(control, table, fitted=fitted)


def _make_spectrum_job(control: JobControl, stack: Any, vectors: Any) -> Job:
    from napari_strata.jobs.plot_spectrum import plot_spectrum

    return plot_spectrum(control, stack, vectors)
