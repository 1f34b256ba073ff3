"""What the maps of many atoms rest on, as features of their points."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.config import ExplainConfig
from napari_strata.config.atom_scores import AtomScoresConfig
from napari_strata.control import JobControl
from napari_strata.errors import StrataError, TableError
from napari_strata.events import JobEvent, JobResult, Sketched
from napari_strata.explain.atom_scores import HALF
from napari_strata.jobs.job import Job
from napari_strata.widgets.explain.asked import Asked, MapChoice, asked_by
from napari_strata.widgets.explain.atom_colours import WORDS, colour_by, colour_by_layer, put_scores, scores_of
from napari_strata.widgets.explain.cost_line import DELAY, duration
from napari_strata.widgets.layers.atom_memory import memory_of, points_table
from napari_strata.widgets.layers.calibration import calibration_of
from napari_strata.widgets.layers.results import is_edited, let_be_replaced, origin_of, role_of
from napari_strata.widgets.layers.selection_link import SelectionLink
from napari_strata.widgets.layers.shown_atoms import frame_of, shown_frame
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import ConfigForm, form_layout, row_label
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.layer_choice import LayerChoice
from napari_strata.widgets.parts.newest import NewestJob
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.layers import Image, Layer, Points
    from napari.viewer import Viewer
    from pandas import DataFrame

_NO_MAP = "Explain one atom first: its map says by which method."
_NO_ATOMS = "Find atoms in the Predict dock first."
_TIP = "Make a map of each of these atoms by the method of the map above, and measure where it is strong."

_LIVE = 3000
"""Of more points the scores are shown at the end only: to change features of so many holds the GUI up."""
_SELECTED = -1
"""Stands in the list for the selected atoms; other entries are crystal layers."""


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    """What was asked for when the job was started."""

    asked: Asked
    points: "Points"
    table: "DataFrame"
    chosen: tuple[int, ...]
    config: ExplainConfig
    scoring: AtomScoresConfig

    @property
    def how(self) -> dict[str, Any]:
        """How the scores are made; scores that were made alike can stand beside each other."""
        card = self.asked.source.entry.card
        return {
            "model": card.name,
            "weights_sha256": card.weights_sha256,
            "disk_A": self.scoring.disk,
            **self.config.model_dump(mode="json"),
        }


class AtomScoring(QWidget):
    """Explains the selected atoms, or all of a layer, and colours them by what their maps rest on.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    maps : MapChoice
        The map whose method, settings, image and model are taken.
    """

    def __init__(self, viewer: "Viewer", maps: MapChoice, parent: QWidget | None = None) -> None:
        from napari.layers import Points

        super().__init__(parent)
        self._viewer = viewer
        self._request: _Request | None = None
        self._seconds: float | None = None
        self.maps = maps
        self.points = LayerChoice(viewer, Points, offers=_is_located, none_when_empty="no atoms found yet")
        self.which = ChoiceBox()
        self.config = ConfigForm(AtomScoresConfig)
        self.count = Words()
        self.cost = NewestJob()
        self.panel = JobPanel(QPushButton("Score atoms"))
        self.column, self.colour_button = ChoiceBox(), QPushButton("Colour atoms")
        self.legend = Words()
        self.selection = SelectionLink(self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY)
        self._lay_out()
        self._connect()
        self._on_points(self.points.layer)
        self._on_map()

    def _lay_out(self) -> None:
        self.panel.start_button.setToolTip(_TIP)
        self.points.setToolTip("Located atoms of the image that the map explains.")
        self.which.setToolTip("Which of them to explain. Select atoms on the image with napari's own tools.")
        self.column.setToolTip("What the colour of an atom shall tell.")
        rows = form_layout()
        rows.addRow(row_label("Atoms"), self.points)
        rows.addRow(row_label("Explain"), self.which)
        row = QHBoxLayout()
        row.addWidget(self.column, 1)
        row.addWidget(self.colour_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(rows)
        for widget in (self.config, self.count, self.cost, self.panel):
            layout.addWidget(widget)
        layout.addLayout(row)
        layout.addWidget(self.legend)
        self.legend.hide()

    def _connect(self) -> None:
        self.maps.chosen.connect(lambda _map: self._on_map())
        self.points.chosen.connect(self._on_points)
        self.which.currentIndexChanged.connect(lambda _index: self._show_count())
        self.config.changed.connect(self._show_count)
        self.selection.changed.connect(self._show_count)
        self._timer.timeout.connect(self._estimate)
        self.cost.brought.connect(self._on_estimated)
        self.panel.start_button.clicked.connect(self.panel.guarded(self._start))
        self.panel.runner.reported.connect(self._on_event)
        self.panel.brought.connect(self._on_result)
        self.colour_button.clicked.connect(self.panel.guarded(self._colour))
        connect_while_alive(self, self._on_slider, self._viewer.dims.events.current_step)

    def _on_map(self) -> None:
        """Take another map's method; what one atom costs is reckoned anew."""
        self._seconds = None
        self.cost.forget()
        self._show_obstacle()
        self._show_count()
        if self.maps.layer is not None:
            self._timer.start()

    def _on_points(self, points: "Points | None") -> None:
        self.selection.follow(points)
        kept = self.which.currentData()
        self.which.clear()
        self.which.addItem("selected atoms", _SELECTED)
        memory = None if points is None else memory_of(points)
        for layer in range(0 if memory is None else memory.layers):
            here = "" if points is None or points.ndim == 2 else " in this slice"
            self.which.addItem(f"all of layer {layer}{here}", layer)
        self.which.setCurrentIndex(max(self.which.findData(kept), 0))
        self._show_obstacle()
        self._show_columns()
        self._show_count()

    def _show_obstacle(self) -> None:
        has_map, has_atoms = self.maps.layer is not None, self.points.layer is not None
        self.panel.set_obstacle(_NO_MAP if not has_map else "" if has_atoms else _NO_ATOMS)

    def _on_slider(self, _event: object = None) -> None:
        if self.which.currentData() != _SELECTED:
            self._show_count()

    def _chosen(self) -> list[int]:
        """Return the numbers of the points to score."""
        points, layer = self.points.layer, self.which.currentData()
        if points is None:
            return []
        if layer == _SELECTED:
            return sorted(self.selection.selected)
        image, _ = origin_of(self._viewer, points)
        table = points_table(points)
        rows = (table["layer"] == layer) & (table["frame"] == (0 if image is None else self._frame(image)))
        return [int(number) for number in table.index[rows]]

    def _frame(self, image: "Image") -> int:
        return shown_frame(self._viewer, image)

    def _show_count(self) -> None:
        """Say how many atoms it would be, and how long that may take."""
        if self.points.layer is None:
            self.count.setText("")
            return
        count = len(self._chosen())
        text = f"{count} {'atom' if count == 1 else 'atoms'}"
        if not count and self.which.currentData() == _SELECTED:
            text = "No atom is selected: select some on the image."
        elif self._seconds is not None and count:
            text = f"{text}, about {duration(count * self._seconds)}."
        if count > (most := self.config.value("most")):
            text = f"{text} At most {most} at once."
        self.count.setText(text)

    def _estimate(self) -> None:
        """Time one map of this method in a worker."""
        map_layer = self.maps.layer
        if map_layer is None or not self.isVisible() or self.panel.runner.is_busy:
            return
        try:
            job = _estimate_job(self._viewer, map_layer)
        except StrataError:
            return  # said when the button is pressed
        self.cost.ask(job, name="Estimating the time")

    def _on_estimated(self, result: JobResult) -> None:
        self._seconds = result.value.seconds
        self._show_count()

    def _start(self, _checked: bool = False) -> None:
        from napari_strata.explain.targets import AtomTarget

        points, map_layer = self.points.layer, self.maps.layer
        assert points is not None and map_layer is not None, "the button is dead without them"
        chosen = self._chosen()
        if not chosen:
            raise TableError("No atom is selected.", remedy="Select atoms on the image, or take all of a layer.")
        asked = asked_by(self._viewer, map_layer)
        image = asked.source.origin.image
        if origin_of(self._viewer, points)[0] != image:
            raise TableError(
                f"'{points.name}' are not atoms of {image.name}, which the map explains.",
                remedy=f"Choose atoms of {image.name}, or a map of their image.",
            )
        target = asked.question.target
        radius = target.radius if isinstance(target, AtomTarget) else None
        config = asked.config.model_copy(update={} if radius is None else {"target_radius": radius})
        table = points_table(points).astype({"layer": int, "species": str})
        self._request = _Request(asked, points, table, tuple(chosen), config, self.config.values())
        self.cost.forget()
        self.panel.run(partial(_score_job, self._request), name=f"Explaining atoms of {image.name}")

    def _on_event(self, event: JobEvent) -> None:
        request = self._request
        if not isinstance(event, Sketched) or request is None or self.signalsBlocked():
            return
        if len(request.table) <= _LIVE:
            self._put(request, event.value)

    def _on_result(self, result: JobResult) -> None:
        request, self._request = self._request, None
        if request is None:
            return
        if dropped := request.asked.source.why_dropped(self._viewer):
            self.panel.say(dropped)
            return
        found = self._put(request, result.value)
        figures, means = result.figures, result.figures["means"]
        self._seconds = figures["seconds_per_atom"] or self._seconds  # measured, where an atom was done
        self._show_count()
        if found is None:
            self.panel.say("The atoms were removed meanwhile; the scores were dropped.")
        elif not means:
            self.panel.say(f"{found} atoms done, and none has a map that is not 0.")
        else:
            parts = (means["why_own"], means["why_other"], means["why_background"])
            own, other, rest = (f"{part:.0%}" for part in parts)
            of = f"{found} of {figures['chosen']}" if found < figures["chosen"] else f"{found}"
            self.panel.say(
                f"{of} atoms: on average {own} of the attribution lies in the own lattice, {other} in other"
                f" layers, {rest} in the background; half of it within {means[HALF]:.2f} Å."
            )

    def _put(self, request: _Request, scores: "DataFrame") -> int | None:
        """Give the points what is done; None where they are gone."""
        points = request.points
        if points not in self._viewer.layers or request.asked.source.why_dropped(self._viewer):
            return None
        is_untouched = not is_edited(points)
        found = put_scores(points, request.table, scores, request.how)
        if is_untouched:
            let_be_replaced(points)  # scores are no edit
        self._show_columns()
        return found

    def _show_columns(self) -> None:
        """Offer the scores that the chosen atoms have."""
        points, kept = self.points.layer, self.column.currentData()
        offered = ["", *scores_of(points)]
        self.colour_button.setEnabled(points is not None)
        if [self.column.itemData(index) for index in range(self.column.count())] == offered:
            return
        self.column.clear()
        for name in offered:
            self.column.addItem(WORDS[name] if name else "crystal layer", name)
        first = 1 if kept in (None, "") and len(offered) > 1 else 0
        self.column.setCurrentIndex(max(self.column.findData(kept), 0) if kept else first)

    def _colour(self, _checked: bool = False) -> None:
        points, column = self.points.layer, self.column.currentData()
        if points is None:
            raise TableError("There are no atoms.", remedy=_NO_ATOMS)
        if column:
            low, high = colour_by(points, column)
            ends = ("Blue", "red") if low < 0 else ("Dark", "yellow")
            self.legend.setText(f"{ends[0]}: {low:.3g}, {ends[1]}: {high:.3g}. Grey: not scored.")
        else:
            colour_by_layer(points)
            self.legend.setText("")
        self.legend.setVisible(bool(column))


def _is_located(napari_layer: "Layer") -> bool:
    return role_of(napari_layer) == "atoms" and memory_of(napari_layer) is not None


def _estimate_job(viewer: "Viewer", map_layer: "Image") -> Any:
    from napari_strata.explain.recall import recall
    from napari_strata.widgets.explain.asked import EXPLANATION

    recalled = recall(map_layer.metadata[EXPLANATION])
    image, model = origin_of(viewer, map_layer)
    if image is None or calibration_of(image).value is None:
        raise TableError("The image is no longer open.", remedy="Open it.")
    return partial(_time_job, model, frame_of(image, recalled.frame), recalled.config)


def _time_job(model: str, image: Any, config: ExplainConfig, control: JobControl) -> Job:
    from pathlib import Path

    from napari_strata.jobs.estimate_explanation import estimate_explanation

    return estimate_explanation(control, Path(model), image, config=config)


def _score_job(request: _Request, control: JobControl) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.score_atoms import score_atoms

    source = request.asked.source
    return score_atoms(
        control,
        source.entry.path,
        source.stack,
        request.table,
        config=request.config,
        scoring=request.scoring,
        chosen=request.chosen,
    )
