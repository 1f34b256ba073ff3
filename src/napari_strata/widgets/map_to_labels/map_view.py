"""Settings of the view of a map: where it is shown, how opaque, and from which threshold."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget
from superqt import QLabeledDoubleSlider

from napari_strata.config import ProposalConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.proposals.measured_map import MeasuredMap
from napari_strata.jobs.job import Job
from napari_strata.jobs.measure_map import measure_map
from napari_strata.widgets.layers.results import origin_of
from napari_strata.widgets.map_to_labels.map_display import MapDisplay
from napari_strata.widgets.map_to_labels.map_values import map_values
from napari_strata.widgets.map_to_labels.modes import Mode, View
from napari_strata.widgets.map_to_labels.pixel_words import pixels
from napari_strata.widgets.maps.asked import EXPLANATION, MapChoice, is_map
from napari_strata.widgets.parts.connections import LayerFollower, connect_while_alive
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import form_layout, row_label
from napari_strata.widgets.parts.newest import NewestJob
from napari_strata.widgets.parts.number_boxes import IntegerBox
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_strata.explain.proposals.map_lines import Lines

DELAY = 40
"""Time that a slider rests before the view follows [ms]."""
MOST_LINES = 8
_LAYER_EVENTS = ("data", "opacity", "contrast_limits", "colormap")
_NO_MAP = "Explain an atom, a pixel or a region first: 'Explain' below."
_SIDES = (
    ("what speaks for it", "for"),
    ("what speaks against it", "against"),
    ("either", "either"),
)


class MapViewForm(QWidget):
    """Shows the chosen map as its rows say; they act at once, and nothing is computed anew.

    Parameters
    ----------
    viewer : Viewer
        Whose maps to offer.
    """

    changed = Signal()
    """Emitted when another map is chosen, it is another one, or its threshold."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._shown = MapDisplay(viewer)
        self._last: Image | None = None
        self.map = MapChoice(viewer)
        self.mode, self.rule, self.side = ChoiceBox(), ChoiceBox(), ChoiceBox()
        self.opacity = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.part = QLabeledDoubleSlider(Qt.Orientation.Horizontal)
        self.hides_weak = QCheckBox("Hide what is below the threshold")
        self.lines = IntegerBox(0, MOST_LINES)
        self.words, self.job = Words(), NewestJob()
        self._measured: tuple[object, tuple[int, ...], MeasuredMap] | None = None
        self._asked: tuple[Image, View, ProposalConfig] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY)
        self._follower = LayerFollower(self, self._on_layer, *_LAYER_EVENTS)
        self._lay_out()
        self._connect()
        self._on_map(self.map.layer)

    @property
    def map_layer(self) -> "Image | None":
        """The chosen map."""
        layer: Image | None = self.map.layer
        return layer

    @property
    def image(self) -> "Image | None":
        """The image that the chosen map explains; None where it was removed."""
        return None if self.map_layer is None else origin_of(self._viewer, self.map_layer)[0]

    @property
    def threshold(self) -> ProposalConfig:
        """Where the map counts."""
        side = self.side.currentData() if self._is_signed else "for"
        return ProposalConfig(rule=self.rule.currentData(), part=self.part.value() / 100, side=side)

    @property
    def obstacle(self) -> str:
        """In words, what is missing; empty where nothing is."""
        if self.map_layer is None:
            return _NO_MAP
        return "" if self.image is not None else "The image of this map was removed: open it, and explain anew."

    def end_mode(self) -> None:
        """Show the map on its image again, and all that was hidden for it."""
        self._timer.stop()
        self.job.forget()
        blocked = self.mode.blockSignals(True)
        self.set_mode(Mode.OVERLAY)
        self.mode.blockSignals(blocked)
        self._shown.leave(self._last)

    def follow(self) -> None:
        """Show the map as the rows say."""
        self._later()

    def set_mode(self, mode: Mode) -> None:
        """Show the map elsewhere."""
        self.mode.setCurrentIndex(self.mode.findData(mode))

    @property
    def _is_signed(self) -> bool:
        layer = self.map_layer
        return layer is not None and METHODS[layer.metadata[EXPLANATION]["method"]].signed

    def _lay_out(self) -> None:
        for mode in Mode:
            self.mode.addItem(mode.value, mode)
        self.rule.addItem("part of the maximum", "maximum")
        self.rule.addItem("quantile of the pixels above 0", "quantile")
        for text, side in _SIDES:
            self.side.addItem(text, side)
        self.opacity.setRange(0, 1)
        self.part.setRange(0, 100)
        self.part.setDecimals(1)
        self.part.setValue(30)
        self._form = form_layout()
        for text, widget, tip in (
            ("Map", self.map, "A heatmap of the Explain dock; follows the active layer."),
            ("Show", self.mode, "Where the map is seen; alone, all other layers are hidden."),
            ("Opacity", self.opacity, "Of the map's layer, as in napari's layer controls."),
            ("Threshold is a", self.rule, "A quantile keeps as many pixels, however strong the strongest is."),
            ("Threshold [%]", self.part, "What is above it counts: for the view, the lines and the proposal."),
            ("What counts", self.side, "Of a map with a sign: red speaks for the score, blue against it."),
            ("Contour lines", self.lines, "Lines of equal strength from the threshold up."),
        ):
            widget.setToolTip(tip)
            self._form.addRow(row_label(text), widget)
        self.hides_weak.setToolTip("Makes it transparent; the map's own colours stay.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._form)
        layout.addWidget(self.hides_weak)
        layout.addWidget(self.words)
        layout.addWidget(self.job)

    def _connect(self) -> None:
        self.map.chosen.connect(self._on_map)
        self.opacity.valueChanged.connect(self._on_opacity)
        self.mode.currentIndexChanged.connect(self._later)
        self.lines.valueChanged.connect(self._later)
        self.hides_weak.toggled.connect(self._later)
        for threshold in (self.rule.currentIndexChanged, self.part.valueChanged, self.side.currentIndexChanged):
            threshold.connect(self._on_threshold)
        self._timer.timeout.connect(self._measure)
        self.job.brought.connect(self._show)
        connect_while_alive(self, self._later, self._viewer.dims.events.current_step)
        connect_while_alive(self, self._on_inserted, self._viewer.layers.events.inserted)
        connect_while_alive(self, self._on_removed, self._viewer.layers.events.removed)

    def _on_map(self, map_layer: "Image | None") -> None:
        """Show another map, or one that answers another question now, on its image first."""
        if self._last is not None:
            self.end_mode()
        self._last = map_layer
        self._follower.follow(map_layer)
        self.setEnabled(True)
        for widget in (self.mode, self.opacity, self.rule, self.part, self.lines, self.hides_weak):
            widget.setEnabled(map_layer is not None)
        self.side.setVisible(self._is_signed)
        self._form.labelForField(self.side).setVisible(self._is_signed)
        self._show_opacity()
        self._on_threshold()

    def _on_inserted(self, event: Any) -> None:
        """Let a new map be seen, whatever was seen alone or elsewhere before."""
        if is_map(event.value):
            self.end_mode()
            self._shown.welcome(event.value)
            self._later()

    def _on_removed(self, event: Any) -> None:
        """Show the map on its image where somebody has removed the one beside it."""
        if not self._shown.is_busy and self._shown.shows_beside(event.value, self._last):
            self.set_mode(Mode.OVERLAY)

    def _on_layer(self, event: object = None) -> None:
        """Follow what is changed in the layer by somebody else."""
        if self._shown.is_busy:
            return
        self._show_opacity()
        if getattr(event, "type", "") == "data":
            self.changed.emit()
        if getattr(event, "type", "") != "opacity":
            self._later()

    def _on_opacity(self, value: float) -> None:
        if self.map_layer is not None:
            self.map_layer.opacity = value

    def _on_threshold(self, _value: object = None) -> None:
        self.changed.emit()
        self._later()

    def _show_opacity(self) -> None:
        if self.map_layer is not None:
            blocked = self.opacity.blockSignals(True)
            self.opacity.setValue(self.map_layer.opacity)
            self.opacity.blockSignals(blocked)

    def _later(self, _event: object = None) -> None:
        self._timer.start()

    def _measure(self) -> None:
        """Have found what the view shows; for a large map that takes a while."""
        layer = self.map_layer
        if not self.isVisible():
            return  # the dock was closed, and the slider moved: it follows when it is shown again
        if layer is None or layer not in self._viewer.layers:
            self.words.setText(_NO_MAP)
            return
        data, step = layer.data, self._viewer.dims.current_step
        if self._measured is None or self._measured[0] is not data or self._measured[1] != step:
            self._measured = data, step, MeasuredMap(np.array(map_values(self._viewer, layer)[0]))
        view = View(self.mode.currentData(), self.hides_weak.isChecked(), self.lines.value())
        self._asked = layer, view, self.threshold
        make_job = partial(_make_job, self._measured[2], self.threshold, view.drawn)
        self.job.ask(make_job, name=f"Looking at {layer.name}")

    def _show(self, result: JobResult) -> None:
        assert self._asked is not None, "it is answered"
        layer, view, config = self._asked
        if layer is not self.map_layer or layer not in self._viewer.layers:
            return
        figures = result.figures
        self._shown.show(layer, view, config, result.value, figures["level"])
        above, of = figures["above"], figures["pixels"]
        said = f"{pixels(above)} ({above / of:.1%}) {'is' if above == 1 else 'are'} above the threshold."
        said = said if above else "The map is 0 everywhere on this side."
        self.words.setText(" ".join(filter(None, (said, _left_out(result.value)))))


def _left_out(lines: "Lines | None") -> str:
    """Say which contour lines are not drawn."""
    if lines is None or not lines.left_out:
        return ""
    which = "contour line is" if lines.left_out == 1 else f"{lines.left_out} contour lines are"
    return f"The lowest {which} not drawn: the map is too noisy there. Raise the threshold."


def _make_job(measured: MeasuredMap, config: ProposalConfig, lines: int, control: JobControl) -> Job:
    return measure_map(control, measured, config, lines=lines)
