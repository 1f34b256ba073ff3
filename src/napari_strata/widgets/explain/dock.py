"""The Explain dock: click an atom and see which pixels made the network say so."""

from functools import partial
from typing import TYPE_CHECKING

from napari.viewer import Viewer
from qtpy.QtCore import QTimer
from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import QCheckBox, QPushButton, QVBoxLayout, QWidget

from napari_strata.control import JobState
from napari_strata.errors import ConfigError, TargetError
from napari_strata.events import JobEnded, JobEvent, JobResult, Sketched
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.quick import QUICK
from napari_strata.jobs.estimate_explanation import Outlook
from napari_strata.jobs.inquiry import check_kind
from napari_strata.widgets.explain.again import has_learned, is_same, request_again, what_changed
from napari_strata.widgets.explain.growing_map import GrowingMap
from napari_strata.widgets.explain.map_row import MapRow
from napari_strata.widgets.explain.method_form import MethodForm
from napari_strata.widgets.explain.question_form import Kind, QuestionForm
from napari_strata.widgets.explain.request import Request, make_job
from napari_strata.widgets.explain.target_button import TargetButton
from napari_strata.widgets.explain.uncover import UncoverBox
from napari_strata.widgets.layers.shown_atoms import shown_frame
from napari_strata.widgets.layers.source import SourceForm
from napari_strata.widgets.layers.targets import Chosen
from napari_strata.widgets.maps.asked import Asked
from napari_strata.widgets.maps.cost_line import CostLine
from napari_strata.widgets.parts.connections import LayerFollower, connect_while_alive
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.models import ModelLibrary
from napari_strata.widgets.parts.removal_stop import RemovalStop
from napari_strata.widgets.predict.atom_export import atom_table
from napari_strata.widgets.probe.probe import Probe
from napari_strata.widgets.probe.subject import Subject

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_strata.explain.heatmap import Heatmap

DRAWN = 300
"""Time for which nothing is drawn before its cost is asked [ms]."""


class ExplainDock(Dock):
    """Lays a heatmap for one target over the image.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    library : ModelLibrary, optional
        Whose models to offer; by default a library of its own on the usual folder.
    """

    def __init__(self, viewer: Viewer, library: ModelLibrary | None = None) -> None:
        super().__init__()
        self._viewer = viewer
        self._request: Request | None = None
        self._shown: GrowingMap | None = None
        self.source = SourceForm(viewer, library or ModelLibrary())
        self.question, self.method = QuestionForm(viewer), MethodForm()
        self.cost = CostLine()
        self.keep = QCheckBox("Keep earlier heatmaps")
        self.uncover = UncoverBox(viewer, self.source.image)
        self.panel = JobPanel(QPushButton(), stopped="Stopped before there was a map that could be kept.")
        self.target = TargetButton(
            viewer,
            self.panel,
            self.source,
            self.question,
            tolerance=lambda: self.method.values().tolerance,
            take=self._start,
            parent=self,
        )
        self.picker = self.target.picker
        self.probe = Probe(viewer, self._take_probed)
        self._removal = RemovalStop(viewer, self.panel)
        self.maps = MapRow(viewer)
        self._drawing = QTimer(self)
        self._drawing.setSingleShot(True)
        self._drawing.setInterval(DRAWN)
        self._drawn = LayerFollower(self, self._on_drawn, "set_data")
        self._lay_out()
        self._connect()
        self._on_source()
        self._on_question()

    @property
    def kind(self) -> Kind:
        """What is explained."""
        return self.question.kind

    @property
    def _obstacle(self) -> str:
        """In words, what keeps a question from being asked; empty where nothing does."""
        entry = self.source.model.entry
        if self.source.obstacle or entry is None:
            return self.source.obstacle
        try:
            check_kind(entry.card)
        except TargetError as error:
            return str(error)
        return ""

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the mouse to others."""
        self.picker.disarm()
        self.cost.forget()
        super().hideEvent(event)

    def came_to_front(self, is_in_front: bool) -> None:
        """Reckon with what was chosen while the dock was not seen."""
        if is_in_front:
            self.source.propose_used_model()
            self._ask_cost()

    def _lay_out(self) -> None:
        self.keep.setToolTip(
            "Keep the last heatmap of this method, hidden, instead of replacing it. Click its eye to see it again."
        )
        content = QWidget()
        layout = QVBoxLayout(content)
        for widget in (
            self.source,
            self.question,
            self.method,
            self.cost,
            self.panel,
            self.keep,
            self.uncover,
            self.probe,
            self.maps,
        ):
            layout.addWidget(widget)
        layout.addStretch(1)
        self.scroll(content)

    def _connect(self) -> None:
        self.source.changed.connect(self._on_source)
        self.question.changed.connect(self._on_question)
        self.method.changed.connect(self._on_settings)
        self.cost.looked.connect(self._on_outlook)
        self.panel.runner.reported.connect(self._on_event)
        self.panel.runner.state_changed.connect(lambda state: self.maps.set_busy(state is not JobState.IDLE))
        self.panel.brought.connect(self._on_result)
        self.panel.runner.ended.connect(self._on_ended)
        self.probe.kept.connect(self.panel.say)
        self.maps.asked_again.connect(self.panel.guarded(self._ask_again))
        self._drawing.timeout.connect(self._ask_cost)
        connect_while_alive(self, self._on_active, self._viewer.layers.selection.events.active)

    def _on_source(self) -> None:
        self.picker.disarm()
        self.probe.forget()
        self.panel.set_obstacle(self._obstacle)
        entry = self.source.model.entry
        card = entry.card if entry else None
        self.method.fit(card)
        self.question.fit(card)
        self._propose_kind()
        self._ask_cost()

    def _propose_kind(self) -> None:
        """Propose pixels where the size of an atom is not known and the network needs no pixel size."""
        entry = self.source.model.entry
        needs_none = entry is not None and entry.card.model.pixel_size is None
        self.question.propose_kind("pixel" if needs_none and self.source.pixel_size is None else "atom")

    def _on_question(self) -> None:
        self.target.show_kind()
        if not self._obstacle and not self.panel.runner.is_busy:
            self.panel.say(self.target.hint)
        self.method.set_target(is_atom=self.kind == "atom")
        self._on_settings()

    def _on_settings(self) -> None:
        self.probe.forget()
        self._ask_cost()

    def _on_active(self, _event: object = None) -> None:
        self._drawn.follow(self._viewer.layers.selection.active)
        self._on_drawn()

    def _on_drawn(self, _event: object = None) -> None:
        """Reckon with a region that is drawn, once the hand rests."""
        if self.kind == "region" and self.isVisible():
            self._drawing.start()

    def _ask_cost(self) -> None:
        """Say what the heatmap will cost, once nothing else is computed."""
        self.cost.forget()
        if self._obstacle or self.panel.runner.is_busy or not self.isVisible():
            return
        try:
            config = self.method.values()
        except ConfigError:
            return  # said when the button is pressed
        frame, chosen = shown_frame(self._viewer, self.source.image.layer), self.target.look()
        mask = None if chosen is None else chosen.mask
        unknown = self.kind if self.kind in ("region", "label") and mask is None else ""
        self.cost.ask(self.source, config, frame=frame, mask=mask, unknown=unknown, after=self.target.goes_before)

    def _on_outlook(self, outlook: Outlook) -> None:
        of_gates = METHODS[self.method.method].of_gates
        self.method.offer_feature_maps(outlook.gates if of_gates else outlook.feature_maps)

    def _take_probed(self) -> Subject:
        """Return what the probe looks at; methods that take many passes, and regions, cannot follow a cursor."""
        source, points, config = self.source.take(), self.target.take_atoms(), self.method.values()
        check_kind(source.entry.card)
        if config.method not in QUICK:
            config = config.model_copy(update={"method": QUICK[0]})
        atoms = None if points is None else atom_table(points, self.source.image.layer)
        kind, asked = "atom" if self.kind == "atom" else "pixel", self.question
        against = asked.against_for_probe()
        return Subject(source, kind, asked.layer, asked.class_name, against, config, atoms)

    def _start(self, chosen: Chosen) -> None:
        """Ask for the heatmap of a target."""
        from napari_strata.explain.question import Question

        image, points = self.source.image.layer, self.target.take_atoms()
        any_layer = self.kind == "atom" and points is None and self.question.layer is None
        against = self.question.against_what(image, chosen.place.frame, None if any_layer else chosen.layer)
        question = Question(chosen.as_target(), chosen.layer, self.question.class_name, against)
        config = self.method.values()
        atoms = None if points is None else atom_table(points, image)
        drawn = self._viewer.layers.selection.active if self.kind == "region" else None
        source = self.source.take()
        self.picker.disarm()
        self._run(
            Request(Asked(source, chosen.place.frame, question, config, atoms, any_layer), chosen, drawn=drawn)
        )

    def _ask_again(self, map_layer: "Image") -> None:
        self._run(request_again(self._viewer, map_layer))

    def _run(self, request: Request) -> None:
        is_new = request.before is None or has_learned(request)
        self.panel.runner.check_idle()
        self.cost.forget()
        self._request = request
        self._shown = self._growing(request) if is_new else None
        self.panel.run(partial(make_job, request), name=f"Explaining {request.asked.source.stack.name}")
        self._removal.watch(request.asked.source.origin.image)

    def _growing(self, request: Request) -> GrowingMap:
        """Return the layer to be; the map that is asked again stays, to be compared with."""
        keep = self.keep.isChecked() or request.before is not None
        shown = GrowingMap(self._viewer, request, keep_earlier=keep, parent=self.panel)
        shown.added.connect(self._on_added)
        return shown

    def _on_added(self, map_layer: "Image") -> None:
        """Let the job hang on its map, and let the map be seen."""
        request = self._request
        assert request is not None, "it is added while it is made"
        self._removal.watch(map_layer)
        self.uncover.uncover(request.asked.source.origin.image, request.drawn)

    def _on_event(self, event: JobEvent) -> None:
        if isinstance(event, Sketched) and self._shown is not None and not self._is_closed:
            self._shown.sketch(event.value)

    def _on_ended(self, _ended: JobEnded) -> None:
        if self._is_closed:
            return
        if self._shown is not None:
            self._shown.stop()
            self._shown.deleteLater()
        self._request = self._shown = None
        self._ask_cost()
        self.cost.hush()

    def _on_result(self, result: JobResult) -> None:
        request = self._request
        assert request is not None, "a job ended that was never started"
        if dropped := request.asked.source.why_dropped(self._viewer):
            self.panel.say(dropped)
            return
        heatmap: Heatmap = result.value
        said = request.words(heatmap)
        if request.before is not None:
            said = f"{said} {what_changed(request, heatmap)}"
        self._show(request, heatmap)
        self.panel.say(said)

    def _show(self, request: Request, heatmap: "Heatmap") -> None:
        """Show the last map; one that was asked again and is the same changes nothing."""
        if request.before is not None and self._shown is None:
            if is_same(request, heatmap):
                return
            self._shown = self._growing(request)
        assert self._shown is not None, "it is there from the start, unless it is asked again"
        self._shown.show(heatmap)
