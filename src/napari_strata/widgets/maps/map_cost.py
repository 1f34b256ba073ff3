"""Reckons in a worker what it costs to ask the question of a map again, by other methods or of many targets."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_strata.config import ExplainMethod, JudgeConfig
from napari_strata.control import JobControl
from napari_strata.errors import StrataError
from napari_strata.events import JobResult
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.jobs.job import Job
from napari_strata.widgets.layers.results import origin_of
from napari_strata.widgets.layers.shown_atoms import frame_of
from napari_strata.widgets.maps.asked import EXPLANATION
from napari_strata.widgets.maps.cost_line import DELAY
from napari_strata.widgets.parts.newest import NewestJob
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer
    from pandas import DataFrame

    from napari_strata.jobs.estimate_maps import MapsOutlook


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made.

    Attributes
    ----------
    map_layer : Image
        The map whose question is asked again.
    methods : tuple of str
        By which methods; none takes that of the map.
    judging : JudgeConfig, optional
        Which measures are made of each map.
    atoms : DataFrame, optional
        All atoms of the image, where these are scored, whatever the map is of.
    of_frames : bool
        Whether each map is of another frame.
    """

    map_layer: "Image"
    methods: tuple[ExplainMethod, ...] = ()
    judging: JudgeConfig | None = None
    atoms: "DataFrame | None" = None
    of_frames: bool = False


class MapCost(QWidget):
    """Reckons when nothing has changed for a moment and somebody looks; newer settings drop older ones.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    asking : callable
        Returns what is to be made, or None where nothing is.
    tell : callable, optional
        Says in words what it costs; by default nothing is said here.
    after : MapCost, optional
        Reckons first: of two that time the network at once both would find it slow.
    """

    brought = Signal(object)
    """The `napari_strata.jobs.estimate_maps.MapsOutlook`; of atoms the
    `napari_strata.jobs.estimate_scores.ScoresOutlook`."""

    def __init__(
        self,
        viewer: "Viewer",
        asking: Callable[[], Wanted | None],
        *,
        tell: "Callable[[MapsOutlook], str] | None" = None,
        after: "MapCost | None" = None,
    ) -> None:
        super().__init__()
        self._viewer, self._asking, self._tell, self._after = viewer, asking, tell, after
        self._is_wanted = False
        self.words, self.job = Words(), NewestJob()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY)
        self._timer.timeout.connect(self._start)
        self.job.brought.connect(self._on_result)
        self.words.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addWidget(self.job)

    @property
    def is_busy(self) -> bool:
        """Whether it reckons, or is about to."""
        return self._timer.isActive() or self.job.is_busy

    def showEvent(self, event: QShowEvent) -> None:
        """Reckon what was asked while nobody looked."""
        super().showEvent(event)
        if self._is_wanted:
            self._timer.start()

    def ask(self) -> None:
        """Ask what it costs now."""
        self.forget()
        self._say("")
        self._is_wanted = True
        self._timer.start()

    def forget(self) -> None:
        """Stop; what was said stays."""
        self._is_wanted = False
        self._timer.stop()
        self.job.forget()

    def _start(self) -> None:
        if self._after is not None and self._after.is_busy:
            self._timer.start()
            return
        wanted = self._asking()
        if wanted is None or not self.isVisible():
            return
        image, model = origin_of(self._viewer, wanted.map_layer)
        if image is None:
            return  # said when the button is pressed
        try:
            make_job = _asked(wanted, image, model)
        except StrataError:
            return  # the same
        self.job.ask(make_job, name="Estimating the time")

    def _on_result(self, result: JobResult) -> None:
        self._is_wanted = False
        self._say("" if self._tell is None else self._tell(result.value))
        self.brought.emit(result.value)

    def _say(self, text: str) -> None:
        self.words.setText(text)
        self.words.setVisible(bool(text))


def _asked(wanted: Wanted, image: "Image", model: str) -> Callable[[JobControl], Job]:
    """Copy what the job needs; a pixel stands for an atom."""
    from napari_strata.explain.question import Question
    from napari_strata.explain.recall import recall
    from napari_strata.explain.targets import PixelTarget, centre

    recalled = recall(wanted.map_layer.metadata[EXPLANATION])
    question, frame, atoms = recalled.question, frame_of(image, recalled.frame), wanted.atoms
    if atoms is not None:
        y, x = centre(question.target)
        question = Question(PixelTarget(round(y), round(x)), question.layer, question.species)
        atoms = atoms[atoms["frame"] == recalled.frame].assign(frame=0)
    inquiry = Inquiry(Path(model), frame, question, recalled.config, atoms=atoms)

    def make_job(control: JobControl) -> Job:
        from napari_strata.jobs.estimate_maps import estimate_maps
        from napari_strata.jobs.estimate_scores import estimate_scores

        if atoms is not None:
            return estimate_scores(control, inquiry)
        methods = wanted.methods or (recalled.config.method,)
        return estimate_maps(control, inquiry, methods=methods, judging=wanted.judging, of_frames=wanted.of_frames)

    return make_job
