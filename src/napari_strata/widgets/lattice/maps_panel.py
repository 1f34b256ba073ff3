"""Chooses a map, lays it over the image, and tells what its colours mean."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QPushButton, QVBoxLayout, QWidget

from napari_strata.control import JobControl
from napari_strata.events import JobResult
from napari_strata.jobs.job import Job
from napari_strata.widgets.lattice import map_layers
from napari_strata.widgets.lattice.legend import Legend
from napari_strata.widgets.lattice.map_choice import ARROWS, SMOOTH, MapChoice
from napari_strata.widgets.lattice.saving import MapSaving
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.parts.connections import LayerFollower
from napari_strata.widgets.parts.newest import NewestJob
from napari_strata.widgets.parts.notify import in_notifications

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

    from napari_strata.jobs.map_lattice import LatticeMaps
    from napari_strata.widgets.lattice.map_layers import ChosenMap


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Maps, and where they belong.

    Attributes
    ----------
    maps : LatticeMaps
        What was measured.
    image : Image
        The image.
    frame : int
        Its frame.
    pixel_size : float
        Its pixel size [Å/px].
    """

    maps: "LatticeMaps"
    image: "Image"
    frame: int
    pixel_size: float


class MapsPanel(QWidget):
    """Shows the maps that were measured.

    Parameters
    ----------
    viewer : Viewer
        Where to show them.
    """

    chosen = Signal(object)
    """The `ChosenMap` that is chosen now, shown or not; None where there is none."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._measured: Measured | None = None
        self._drawn: ChosenMap | None = None
        self.choice, self.keep = MapChoice(), QCheckBox("Keep earlier maps")
        self.show_button, self.legend = QPushButton("Show map"), Legend()
        self.drawing = NewestJob(can_cancel=True)
        self.saving = MapSaving(lambda: (self._measured, self.choice.frees))
        self._arrows = LayerFollower(self, self._on_arrows, "length")
        self.keep.setToolTip("Add each map, and hide the others, instead of replacing the last one.")
        self.show_button.setToolTip("Lay the map over the image.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.choice, self.keep, self.show_button, self.drawing, self.legend, self.saving):
            layout.addWidget(widget)
        self.choice.changed.connect(lambda: self.chosen.emit(self.take()))
        self.show_button.clicked.connect(in_notifications(self._show))
        self.drawing.brought.connect(self._on_drawn)

    def offer(self, measured: Measured | None) -> None:
        """Offer other maps, or none."""
        self._measured = measured
        self.drawing.forget()
        self.saving.forget()
        self._arrows.follow(None)
        self.legend.clear()
        self.choice.offer(None if measured is None else measured.maps)

    def take(self) -> "ChosenMap | None":
        """Return the map that is chosen."""
        at = self._measured
        return None if at is None else self.choice.take(at.image, at.frame, at.pixel_size)

    def _show(self, _checked: bool = False) -> None:
        chosen = self.take()
        if chosen is None:
            return
        self.drawing.forget()
        self._arrows.follow(None)
        self.legend.clear()
        self._drawn = chosen
        if self.choice.shown_as == SMOOTH:
            self._draw_smooth(chosen)
        elif self.choice.shown_as == ARROWS:
            self._arrows.follow(self._add(map_layers.arrows(chosen), chosen))
            self._on_arrows()
        else:
            self._add(map_layers.dots(chosen), chosen)
            if chosen.quantity.kind == "names":
                self.legend.show_names(chosen)

    def _draw_smooth(self, chosen: "ChosenMap") -> None:
        layers = [
            (chosen.places[chosen.layers == number], chosen.scalars[chosen.layers == number])
            for number in np.unique(chosen.layers)
        ]
        height, width = full_data(chosen.image).shape[-2:]
        self.drawing.ask(
            lambda control: _make_job(control, layers, (height, width)), name=f"Drawing {chosen.name()}"
        )

    def _on_drawn(self, result: JobResult) -> None:
        chosen = self._drawn
        if chosen is None or chosen.image not in self._viewer.layers:
            return
        self._add(map_layers.smooth(chosen, result.value), chosen)
        if len(np.unique(chosen.layers)) > 1:
            self.legend.show_note("The mean of the layers.")

    def _add(self, layer: "Layer", chosen: "ChosenMap") -> Any:
        return map_layers.show_map(self._viewer, layer, chosen.image, keep_earlier=self.keep.isChecked())

    def _on_arrows(self, _event: object = None) -> None:
        if self._drawn is not None and self._arrows.layer is not None:
            self.legend.show_arrows(self._drawn, float(self._arrows.layer.length))


def _make_job(control: JobControl, layers: Any, shape: tuple[int, int]) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.grid_map import grid_map

    return grid_map(control, layers, shape)
