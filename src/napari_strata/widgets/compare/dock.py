"""The Compare maps dock: several methods on one question, and whether a map can be trusted."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.viewer import Viewer
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_strata.config import ExplainMethod, JudgeConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import MethodError
from napari_strata.events import JobEvent, JobResult, Sketched
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.trust.scores import COMPARED
from napari_strata.numbers import counted
from napari_strata.widgets.compare.asked_of_map import explanation_of, question_of, words_of
from napari_strata.widgets.compare.comparison_view import ComparisonView
from napari_strata.widgets.compare.kept import Kept, KeptAnswers
from napari_strata.widgets.compare.kept_choice import KeptChoice
from napari_strata.widgets.compare.method_list import PROPOSED, MethodList
from napari_strata.widgets.compare.request import CompareRequest, by_method, compare_job, trust_job
from napari_strata.widgets.compare.trust_panel import TrustPanel
from napari_strata.widgets.maps.asked import MapChoice, asked_by
from napari_strata.widgets.maps.map_cost import MapCost, Wanted
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.durations import duration
from napari_strata.widgets.parts.form import ConfigForm, fold, form_layout, row_label
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.removal_stop import RemovalStop
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari_strata.jobs.compare_maps import Comparison
    from napari_strata.jobs.estimate_maps import MapsOutlook
    from napari_strata.jobs.job import Job

_NO_MAP = "Make a map in the Explain dock first."
_BUSY = "Maps are compared or tested now. Wait for the end, or press 'Cancel'."
_HINT = "Tick methods and press 'Compare': they all answer the question of this map."
_STAYS = "Canceled with fewer scores than there were: those from before stay."
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
        self._run: Kept | None = None
        """What the job that runs, or ran last, finds out."""
        self._instead_of: Kept | None = None
        """What its comparison takes the place of, unless it ends with fewer scores."""
        self._kept = KeptAnswers(viewer)
        self.map = MapChoice(viewer)
        self.question, self.going = Words(), Words()
        self.methods = MethodList()
        self.config = ConfigForm(JudgeConfig, fields=_SETTINGS)
        self.cost = MapCost(viewer, self._wanted, tell=self._tell_cost)
        self.panel = JobPanel(QPushButton("Compare"))
        self._removal = RemovalStop(viewer, self.panel)
        self.earlier = KeptChoice()
        self.results = ComparisonView(viewer, self.panel.guarded)
        self.trust = TrustPanel(viewer, self._wanted_trust, cost_before=self.cost)
        self._lay_out()
        self._connect()
        self._on_map()

    def event(self, event: QEvent) -> bool:
        """Give the viewer back as it was when napari lets go of the dock."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._run = None  # what is still reported is shown no more
            self.results.grid.leave()
        return super().event(event)

    def _lay_out(self) -> None:
        self.map.setToolTip("The map whose question is asked; it follows the active layer.")
        self.panel.start_button.setToolTip("Makes the map of every ticked method, then scores them all.")
        rows = form_layout()
        rows.addRow(row_label("Map"), self.map)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addLayout(rows)
        settings = fold("How scores are made", self.config)
        for widget in (self.question, self.methods, settings, self.cost, self.panel, self.going):
            layout.addWidget(widget)
        for widget in (self.earlier, self.results, self.trust):
            layout.addWidget(widget)
        layout.addStretch(1)
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
        self.results.picked.connect(self._on_row)
        self.earlier.chosen.connect(self._show)

    def _on_map(self, _layer: object = None) -> None:
        layer = self.map.layer
        self.question.setVisible(layer is not None)
        if layer is not None:
            own = explanation_of(layer)
            self.question.setText(words_of(own))
            self.methods.propose({*PROPOSED, own["method"]})
            self._show(self._of_map())
        self._name_trusted()
        self.panel.set_obstacle(_NO_MAP if layer is None else "")
        if layer is not None and not self.panel.words.text():
            self.panel.say(_HINT)
        self._ask_cost()
        self._follow_state()

    def _of_map(self) -> Kept | None:
        """Return the comparison of the map's question, else the one that is being made."""
        found = self._kept.find(self.map.layer)
        if found is not None and found.rows:
            return found
        run = self._run if self.panel.runner.is_busy else None
        return run if run is not None and run.rows else None

    def _show(self, kept: Kept | None) -> None:
        """Show a comparison, or none, and the verdict on the map's question; say how far the comparison came."""
        if kept is not self.results.shown and not self.panel.runner.is_busy:
            self.panel.say(_HINT if kept is None else kept.words)
        self.results.show_kept(kept)
        self.earlier.offer(self._kept.comparisons, kept)
        self._name_trusted()
        self._show_verdict()

    def _show_verdict(self) -> None:
        found = self._kept.find(self.map.layer)
        figures = {} if found is None else found.verdict_of(self._trusted())
        if figures is not self.trust.figures:
            self.trust.show_figures(figures)

    def _name_trusted(self) -> None:
        method = self._trusted()
        self.trust.name_method(METHODS[method].title if method else "")

    def _trusted(self) -> ExplainMethod | None:
        """Return which method is put to the test: that of the chosen row, or that of the map."""
        chosen, layer, shown = self.results.chosen, self.map.layer, self.results.shown
        if layer is None:
            return None
        own: ExplainMethod = explanation_of(layer)["method"]
        is_of_map = shown is not None and shown.answers(self._viewer, layer)
        return chosen.method if is_of_map and chosen is not None and chosen.data is not None else own

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
        run, layer = self._run if self.panel.runner.is_busy else None, self.map.layer
        is_other = run is not None and layer is not None and not run.answers(self._viewer, layer)
        self.going.setVisible(is_other)
        self.going.setText(f"This goes on for: {run.request.words}" if run is not None and is_other else "")

    def _compare(self, _checked: bool = False) -> None:
        methods = self.methods.methods
        if not methods:
            raise MethodError("No method is ticked.", remedy="Tick at least one; two compare.")
        asked = asked_by(self._viewer, self.map.layer)
        own = explanation_of(self.map.layer)
        judging = self.config.values(measures=COMPARED)
        self.results.grid.leave()
        request = CompareRequest(asked, question_of(own), words_of(own), methods, judging)
        self._start(Kept(request), partial(compare_job, request), f"Comparing maps of {asked.source.stack.name}")

    def _ask_trust(self, _checked: bool = False) -> None:
        asked = by_method(asked_by(self._viewer, self.map.layer), self._trusted())
        labels, own = self.trust.codes_for(asked), explanation_of(self.map.layer)
        self.trust.show_figures({})
        judging, method = self.config.values(measures=_TRUST), asked.config.method
        request = CompareRequest(asked, question_of(own), words_of(own), (method,), judging, labels, is_trust=True)
        self._start(Kept(request), partial(trust_job, request), f"Testing {METHODS[method].title}")

    def _start(self, run: Kept, make_job: "Callable[[JobControl], Job]", name: str) -> None:
        self._stop_costs()
        self._run, self._instead_of = run, self._kept.find(self.map.layer)
        self.panel.run(make_job, name=name)
        self._removal.watch(run.request.asked.source.origin.image)

    def _on_event(self, event: JobEvent) -> None:
        run = self._run
        if isinstance(event, Sketched) and run is not None and not run.request.is_trust:
            self._take_rows(run, event.value)

    def _on_result(self, result: JobResult) -> None:
        if self._is_closed:  # a comparison is seen nowhere else
            return
        run = self._run
        assert run is not None, "a job ended that was never started"
        if dropped := run.request.asked.source.why_dropped(self._viewer):
            if self.results.shown is run:
                self._show(None)
            self.panel.say(dropped)
        elif run.request.is_trust:
            self._take_verdict(run, result.figures)
        else:
            run.figures = result.figures
            self._take_rows(run, result.value)
            left = self._settle(run)
            of = "" if self.results.shown is left else f" For: {run.request.words}"
            self.panel.say(f"{run.words if left is run else _STAYS}{of}")

    def _settle(self, run: Kept) -> Kept:
        """Let a comparison take the place of the one before, unless it was canceled with fewer scores."""
        before = self._instead_of
        if before is None:
            return run
        left, given_up = (run, before) if run.is_complete or run.scored >= before.scored else (before, run)
        self._kept.drop(given_up)
        self._show(self._of_map())
        return left

    def _take_verdict(self, run: Kept, figures: Mapping[str, Any]) -> None:
        """Keep a verdict with the comparison of its question, and show it where its map is still chosen."""
        kept = self._instead_of or run
        if kept is run:
            self._kept.add(run)
        kept.note_verdict(run.request.methods[0], figures)
        self._show_verdict()
        if self.trust.figures is figures:
            self.trust.scroll_to_answer()
        self.panel.say(f"Tested in {figures['seconds']:.0f} s.")

    def _take_rows(self, run: Kept, rows: "Comparison") -> None:
        """Keep what is known now; it is shown unless the map that is chosen has a comparison of its own."""
        if run.request.asked.source.why_dropped(self._viewer):
            return
        is_first, run.rows = not run.rows, rows
        if is_first:
            self._kept.add(run, beside=self._instead_of)
            self._show(self._of_map())
        if self.results.shown is run:
            self.results.refresh(with_grid=is_first)

    def _on_row(self) -> None:
        self._name_trusted()
        self._show_verdict()
