"""What the maps of many atoms rest on, as features of their points."""

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_strata.config.atom_scores import AtomScoresConfig
from napari_strata.errors import TableError
from napari_strata.events import JobEvent, JobResult, Sketched
from napari_strata.explain.many.atom_scores import HALF
from napari_strata.jobs.estimate_scores import ScoresOutlook
from napari_strata.widgets.explain_many.atom_colouring import AtomColouring
from napari_strata.widgets.explain_many.atom_colours import put_scores
from napari_strata.widgets.explain_many.atom_request import ScoreRequest, score_job
from napari_strata.widgets.layers.atom_memory import memory_of, points_table
from napari_strata.widgets.layers.located_size import check_located_size
from napari_strata.widgets.layers.results import is_edited, let_be_replaced, origin_of, role_of
from napari_strata.widgets.layers.selection_link import SelectionLink
from napari_strata.widgets.layers.shown_atoms import shown_frame
from napari_strata.widgets.maps.asked import MapChoice, asked_by
from napari_strata.widgets.maps.map_cost import MapCost, Wanted
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.durations import roughly
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import ConfigForm, form_layout, row_label
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.layer_choice import LayerChoice
from napari_strata.widgets.parts.removal_stop import RemovalStop
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
        self._request: ScoreRequest | None = None
        self._outlook: ScoresOutlook | None = None
        self.maps = maps
        self.points = LayerChoice(viewer, Points, offers=_is_located, none_when_empty="no atoms found yet")
        self.which = ChoiceBox()
        self.config = ConfigForm(AtomScoresConfig)
        self.count = Words()
        self.cost = MapCost(viewer, self._wanted)
        self.panel = JobPanel(QPushButton("Score atoms"))
        self._removal = RemovalStop(viewer, self.panel)
        self.colouring = AtomColouring()
        self.selection = SelectionLink(self)
        self._lay_out()
        self._connect()
        self._on_points(self.points.layer)
        self._on_map()

    def _lay_out(self) -> None:
        self.panel.start_button.setToolTip(_TIP)
        self.points.setToolTip("Located atoms of the image that the map explains.")
        self.which.setToolTip("Which of them to explain. Select atoms on the image with napari's own tools.")
        rows = form_layout()
        rows.addRow(row_label("Atoms"), self.points)
        rows.addRow(row_label("Explain"), self.which)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(rows)
        for widget in (self.config, self.count, self.cost, self.panel, self.colouring):
            layout.addWidget(widget)

    def _connect(self) -> None:
        self.maps.chosen.connect(lambda _map: self._on_map())
        self.points.chosen.connect(self._on_points)
        self.which.currentIndexChanged.connect(lambda _index: self._show_count())
        self.config.changed.connect(self._show_count)
        self.selection.changed.connect(self._show_count)
        self.cost.brought.connect(self._on_outlook)
        self.panel.start_button.clicked.connect(self.panel.guarded(self._start))
        self.panel.runner.reported.connect(self._on_event)
        self.panel.brought.connect(self._on_result)
        self.colouring.button.clicked.connect(self.panel.guarded(self.colouring.colour))
        connect_while_alive(self, self._on_slider, self._viewer.dims.events.current_step)

    def _on_map(self) -> None:
        """Take another map's method; what one atom costs is reckoned anew."""
        self._outlook = None
        self._show_obstacle()
        self._show_count()
        self.cost.ask()

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
        self.colouring.offer(self.points.layer)
        self._outlook = None
        self._show_count()
        self.cost.ask()

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
        points = self.points.layer
        if points is None:
            self.count.setText("")
            return
        chosen = self._chosen()
        count = len(chosen)
        text = f"{count} {'atom' if count == 1 else 'atoms'}"
        if not count and self.which.currentData() == _SELECTED:
            text = "No atom is selected: select some on the image."
        elif self._outlook is not None and count:
            text = f"{text}, {roughly(self._outlook.seconds(points.data[chosen]))}."
        if count > (most := self.config.value("most")):
            text = f"{text} At most {most} at once."
        self.count.setText(text)

    def _wanted(self) -> Wanted | None:
        map_layer, points = self.maps.layer, self.points.layer
        if map_layer is None or points is None or self.panel.runner.is_busy:
            return None
        return Wanted(map_layer, atoms=points_table(points))

    def _on_outlook(self, outlook: ScoresOutlook) -> None:
        self._outlook = outlook
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
        check_located_size(points, image)
        target = asked.question.target
        radius = target.radius if isinstance(target, AtomTarget) else None
        config = asked.config.model_copy(update={} if radius is None else {"target_radius": radius})
        table = points_table(points).astype({"layer": int, "species": str})
        self._request = ScoreRequest(asked, map_layer, points, table, tuple(chosen), config, self.config.values())
        self.cost.forget()
        self.panel.run(partial(score_job, self._request), name=f"Explaining atoms of {image.name}")
        for layer in (image, points):
            self._removal.watch(layer)

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
        if request.map_layer is not self.maps.layer:
            self.cost.ask()  # of the map that was chosen meanwhile
        elif measured := figures["seconds_per_atom"]:
            self._outlook = ScoresOutlook(0.0, measured)
        self._show_count()
        if found is None:
            self.panel.say("The atoms were removed meanwhile; the scores were dropped.")
        elif not found:
            self.panel.say("Stopped before the first atom was done.")
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

    def _put(self, request: ScoreRequest, scores: "DataFrame") -> int | None:
        """Give the points what is done; None where they are gone."""
        points = request.points
        if points not in self._viewer.layers or request.asked.source.why_dropped(self._viewer):
            return None
        is_untouched = not is_edited(points)
        found = put_scores(points, request.table, scores, request.how)
        if is_untouched:
            let_be_replaced(points)  # scores are no edit
        self.colouring.offer(self.points.layer)
        return found


def _is_located(napari_layer: "Layer") -> bool:
    return role_of(napari_layer) == "atoms" and memory_of(napari_layer) is not None
