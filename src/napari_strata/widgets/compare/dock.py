"""The Compare maps dock: several methods on one question, and whether a map can be trusted."""

from functools import partial
from typing import TYPE_CHECKING

from napari.viewer import Viewer
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.config import ExplainMethod, JudgeConfig
from napari_strata.control import JobState
from napari_strata.errors import MethodError, TargetError
from napari_strata.events import JobEvent, JobResult, Sketched
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.trust.scores import COMPARED
from napari_strata.numbers import counted
from napari_strata.widgets.compare.asked_of_map import explanation_of, is_of, question_of, words_of
from napari_strata.widgets.compare.grid import MapGrid
from napari_strata.widgets.compare.method_list import PROPOSED, MethodList
from napari_strata.widgets.compare.request import CompareRequest, by_method, compare_job, trust_job
from napari_strata.widgets.compare.score_curves import ScoreCurves
from napari_strata.widgets.compare.score_table import ScoreTable
from napari_strata.widgets.compare.trust_panel import TrustPanel
from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.napari_layers import heatmap_layer
from napari_strata.widgets.layers.results import show_results
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.maps.asked import MapChoice, asked_by
from napari_strata.widgets.maps.map_cost import MapCost, Wanted
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.durations import duration
from napari_strata.widgets.parts.form import ConfigForm, fold, form_layout, row_label
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.removal_stop import RemovalStop
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_strata.jobs.compare_maps import Comparison
    from napari_strata.jobs.estimate_maps import MapsOutlook

_NO_MAP = "Make a map in the Explain dock first."
_BUSY = "Maps are compared or tested now. Wait for the end, or press 'Cancel'."
_HINT = "Tick methods and press 'Compare': they all answer the question of this map."
_SETTINGS = ("points", "squares", "radius", "repeats", "dose", "steps")
_TRUST = ("curves", "model-randomisation", "label-randomisation")


class CompareDock(Dock):
    """Compares the maps of several methods, and puts one of them to the randomisation checks.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._request: CompareRequest | None = None
        self._compared: CompareRequest | None = None
        self._answered: CompareRequest | None = None
        self._rows: Comparison = ()
        self.map = MapChoice(viewer)
        self.question, self.of = Words(), Words()
        self.methods = MethodList()
        self.config = ConfigForm(JudgeConfig, fields=_SETTINGS)
        self.cost = MapCost(viewer, self._wanted, tell=self._tell_cost)
        self.panel = JobPanel(QPushButton("Compare"))
        self._removal = RemovalStop(viewer, self.panel)
        self.table = ScoreTable()
        self.grid_button, self.keep_button = QPushButton("Side by side"), QPushButton("Add as layer")
        self.curves = ScoreCurves(viewer)
        self.trust = TrustPanel(viewer, self._wanted_trust, cost_before=self.cost)
        self.grid = MapGrid(viewer, self)
        self._lay_out()
        self._connect()
        self._on_map()

    def event(self, event: QEvent) -> bool:
        """Give the viewer back as it was when napari lets go of the dock."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._request = self._compared = None  # what is still reported is shown no more
            self.grid.leave()
        return super().event(event)

    def _lay_out(self) -> None:
        self.map.setToolTip("The map whose question is asked; it follows the active layer.")
        self.panel.start_button.setToolTip("Makes the map of every ticked method, then scores them all.")
        self.grid_button.setCheckable(True)
        self.grid_button.setToolTip("Shows the maps in a grid that moves as one; press again to leave it.")
        self.keep_button.setToolTip("Adds the map of the chosen row as a layer, for all that follows on a map.")
        rows, buttons = form_layout(), QHBoxLayout()
        rows.addRow(row_label("Map"), self.map)
        buttons.addWidget(self.grid_button)
        buttons.addWidget(self.keep_button)
        self.results = QWidget()
        shown = QVBoxLayout(self.results)
        shown.setContentsMargins(0, 0, 0, 0)
        shown.addWidget(self.of)
        shown.addWidget(self.table)
        shown.addLayout(buttons)
        shown.addWidget(self.curves)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addLayout(rows)
        settings = fold("How scores are made", self.config)
        for widget in (self.question, self.methods, settings, self.cost, self.panel):
            layout.addWidget(widget)
        layout.addWidget(self.results)
        layout.addWidget(self.trust)
        layout.addStretch(1)
        self.results.hide()
        self.scroll(content)

    def _connect(self) -> None:
        self.map.chosen.connect(self._on_map)
        self.panel.start_button.clicked.connect(self.panel.guarded(self._compare))
        self.methods.ticked.connect(self._ask_cost)
        self.config.changed.connect(self._ask_cost)
        self.trust.button.clicked.connect(self.panel.guarded(self._ask_trust))
        self.panel.runner.reported.connect(self._on_event)
        self.panel.runner.state_changed.connect(self._follow_state)
        self.panel.brought.connect(self._on_result)
        self.table.picked.connect(self._on_row)
        self.grid_button.clicked.connect(self.panel.guarded(self._on_grid_button))
        self.keep_button.clicked.connect(self.panel.guarded(self._keep))
        self.grid.shown.connect(self.grid_button.setChecked)

    def _on_map(self, _layer: object = None) -> None:
        layer = self.map.layer
        self.question.setVisible(layer is not None)
        if layer is not None:
            self._drop_other(layer)
            own = explanation_of(layer)
            self.question.setText(words_of(own))
            if not self._rows:
                self.methods.tick({*PROPOSED, own["method"]})
        self._name_trusted()
        self.panel.set_obstacle(_NO_MAP if layer is None else "")
        if layer is not None and not self.panel.words.text():
            self.panel.say(_HINT)
        self._ask_cost()
        self._follow_state()

    def _drop_other(self, layer: "Image") -> None:
        """Take away scores and verdict that answer another question than this map; those to come say of which."""
        request = self._answered
        if request is None or self.panel.runner.is_busy:
            return
        origin = request.asked.source.origin
        answered = [row.metadata for row in self._rows if row.data is not None]
        questions = [request.question, *map(question_of, answered)]
        if question_of(explanation_of(layer)) in questions and is_of(
            self._viewer, layer, origin.image, origin.model
        ):
            return
        self._forget()
        self.trust.show_figures({})
        self._answered = None
        self.panel.say(_HINT)

    def _name_trusted(self) -> None:
        method = self._trusted()
        self.trust.name_method(METHODS[method].title if method else "")

    def _trusted(self) -> ExplainMethod | None:
        """Return which method is put to the test: that of the chosen row, or that of the map."""
        chosen, layer = self.table.chosen, self.map.layer
        if layer is None:
            return None
        own: ExplainMethod = explanation_of(layer)["method"]
        return chosen.method if chosen is not None and chosen.data is not None else own

    def _ask_cost(self) -> None:
        self.cost.ask()
        self.trust.cost.ask()

    def _stop_costs(self) -> None:
        for cost in (self.cost, self.trust.cost):
            cost.forget()

    def _wanted(self) -> Wanted | None:
        layer, methods = self.map.layer, self.methods.methods
        if layer is None or not methods or self.panel.runner.is_busy:
            return None
        return Wanted(layer, methods, self.config.values(measures=COMPARED))

    def _wanted_trust(self) -> Wanted | None:
        layer, method = self.map.layer, self._trusted()
        if layer is None or method is None or self.panel.runner.is_busy:
            return None
        return Wanted(layer, (method,), self.config.values(measures=_TRUST))

    def _tell_cost(self, outlook: "MapsOutlook") -> str:
        return f"{counted(len(self.methods.methods), 'map')} and scores: {duration(outlook.seconds(1))}."

    def _follow_state(self, _state: JobState | None = None) -> None:
        self.trust.set_ready(self.panel.start_button.isEnabled(), self.panel.obstacle or _BUSY)

    def _compare(self, _checked: bool = False) -> None:
        methods = self.methods.methods
        if not methods:
            raise MethodError("No method is ticked.", remedy="Tick at least one; two compare.")
        asked = asked_by(self._viewer, self.map.layer)
        self._forget()
        self._stop_costs()
        question = question_of(explanation_of(self.map.layer))
        request = CompareRequest(asked, question, methods, self.config.values(measures=COMPARED))
        self._request = self._compared = self._answered = request
        self.of.setText(f"Scores for: {self.question.text()}")
        self.panel.run(partial(compare_job, request), name=f"Comparing maps of {asked.source.stack.name}")
        self._removal.watch(asked.source.origin.image)

    def _ask_trust(self, _checked: bool = False) -> None:
        asked = by_method(asked_by(self._viewer, self.map.layer), self._trusted())
        labels = self.trust.codes_for(asked)
        self.trust.show_figures({})
        self._stop_costs()
        judging = self.config.values(measures=_TRUST)
        question = question_of(explanation_of(self.map.layer))
        request = CompareRequest(asked, question, (asked.config.method,), judging, labels, is_trust=True)
        self._request = self._answered = request
        self.panel.run(partial(trust_job, request), name=f"Testing {METHODS[asked.config.method].title}")
        self._removal.watch(asked.source.origin.image)

    def _on_event(self, event: JobEvent) -> None:
        request = self._request
        if isinstance(event, Sketched) and request is not None and not request.is_trust:
            self._show_rows(event.value)

    def _on_result(self, result: JobResult) -> None:
        if self._is_closed:  # a comparison is seen nowhere else
            return
        request = self._request
        assert request is not None, "a job ended that was never started"
        self._request = None
        if request.is_trust:
            self.trust.show_figures(result.figures)
            self.trust.scroll_to_answer()
            self.panel.say(f"Tested in {result.figures['seconds']:.0f} s.")
            return
        if dropped := request.asked.source.why_dropped(self._viewer):
            self._forget()
            self.panel.say(dropped)
            return
        self._show_rows(result.value)
        scored = sum(bool(row.figures) for row in self._rows)
        self.panel.say(f"{scored} of {len(request.methods)} methods scored; ★ is the best.")

    def _show_rows(self, rows: "Comparison") -> None:
        request = self._compared
        if request is None or request.asked.source.why_dropped(self._viewer):
            return
        is_first = not self._rows
        self._rows = rows
        self.results.show()
        self.table.show_rows(rows)
        if is_first or self.grid.is_shown:
            self.grid.show(rows, request.asked.source.origin, request.asked.frame)

    def _on_row(self) -> None:
        chosen = self.table.chosen
        self.keep_button.setEnabled(chosen is not None and chosen.data is not None)
        self.curves.show_rows(self._rows, chosen)
        self._name_trusted()

    def _on_grid_button(self, _checked: bool = False) -> None:
        request = self._compared
        if not self.grid_button.isChecked():
            self.grid.leave()
        elif request is not None:
            self.grid_button.setChecked(False)
            self._check_image(request)
            self.grid.show(self._rows, request.asked.source.origin, request.asked.frame)

    def _keep(self, _checked: bool = False) -> None:
        row, request = self.table.chosen, self._compared
        if row is None or row.data is None or request is None:
            return
        self._check_image(request)
        y, x = row.metadata["position"]
        place = Place(request.asked.frame, float(y), float(x))
        chosen = Chosen(row.metadata["target"]["kind"], place, row.metadata["layer"])
        self.grid.leave()
        layer = heatmap_layer(row.data, request.asked.source.origin, chosen, details=row.metadata)
        (layer,) = show_results(self._viewer, [layer], below="atoms")
        tell_made(self._viewer, layer)

    def _check_image(self, request: CompareRequest) -> None:
        if dropped := request.asked.source.why_dropped(self._viewer):
            raise TargetError(dropped, remedy="Compare again.")

    def _forget(self) -> None:
        """Take away the maps of an earlier comparison."""
        self.grid.leave()
        self._rows, self._compared = (), None
        self.table.show_rows(())
        self.results.hide()
