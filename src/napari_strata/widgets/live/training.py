"""The training that runs in a viewer, for all its docks: what it sees, what it is taught, what it is asked."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Labels, Points
from qtpy.QtCore import QObject, Signal

from napari_strata.control import JobState
from napari_strata.errors import TrainingError
from napari_strata.events import BatchEnded, CorrectionTaken, JobEvent, PinsChecked, PreviewReady
from napari_strata.requests import Correction, Pace
from napari_strata.widgets.live.corrected import Corrected, Ledger
from napari_strata.widgets.live.correction_watch import CorrectionWatch
from napari_strata.widgets.live.prediction import LivePrediction
from napari_strata.widgets.live.resumed_plan import find_plan
from napari_strata.widgets.parts.runner import JobRunner

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer

    from napari_strata.config import TrainConfig
    from napari_strata.widgets.live.plan import TrainPlan

CORRECTIONS = "corrections"
"""Folder of a run that keeps what was asked of it."""
NOT_LEARNED = (
    "The image and the labels of this training are not open, so what is painted now is not learned. "
    "To paint, stop, open them, and continue again."
)
"""Said of a training that goes on from its folder without its layers."""
_NAME = "napari-strata live training"


def live_training_of(viewer: "Viewer") -> "LiveTraining":
    """Return what a viewer knows of its training; one training at a time."""
    window = viewer.window.main_menu.window()
    found: LiveTraining | None = window.findChild(QObject, _NAME)
    return LiveTraining(viewer, window) if found is None else found


class LiveTraining(QObject):
    """Shows a training's predictions, sends it what is painted, and remembers what was corrected.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    window : QObject
        Its window, which owns this.

    Attributes
    ----------
    ledger : Ledger
        What was corrected in the training that runs, or ran last.
    interval : float
        Shortest time between two live predictions [s].
    prediction : LivePrediction
        What it predicts live.
    ending : str
        How the training that ran last ended, in words; empty while one runs, or where none has.
    """

    changed = Signal()
    """Whether a training runs, what is followed, or what was corrected is something else now."""
    ended = Signal(str)
    """How the training that ran last ended, in words."""
    said = Signal(str)
    """Something that the user should know, in words."""

    def __init__(self, viewer: "Viewer", window: QObject) -> None:
        super().__init__(window)
        self.setObjectName(_NAME)
        self._viewer = viewer
        self._runner: JobRunner | None = None
        self._plan: TrainPlan | None = None
        self._image: Image | None = None
        self._watch: CorrectionWatch | None = None
        self.ledger = Ledger()
        self.interval = 0.0
        self.ending = ""
        self._step = self._due = 0
        self.prediction = LivePrediction(viewer, self)
        self.prediction.orphaned.connect(self._on_orphaned)

    @property
    def plan(self) -> "TrainPlan | None":
        """What the training that runs began with; None where none runs."""
        return self._plan

    @property
    def image(self) -> "Image | None":
        """The image of the training that runs, or ran last; None where none was chosen, or it is gone."""
        return self._image if self._image in self._viewer.layers else None

    @property
    def painted(self) -> list[Labels | Points]:
        """The layers that are followed, by crystal layer."""
        return [] if self._watch is None else self._watch.layers

    def begin(self, plan: "TrainPlan", runner: JobRunner) -> None:
        """Make ready for a training that is about to start.

        Parameters
        ----------
        plan : TrainPlan
            What it begins with.
        runner : JobRunner
            Runs it.
        """
        self._attach(runner)
        self._follow(plan, runner)
        self.changed.emit()

    def go_on(
        self, run: Path, config: "TrainConfig", runner: JobRunner, *, chosen: "Image | None" = None
    ) -> "TrainPlan | None":
        """Make ready for a training that goes on from its folder.

        Its corrections and pins are shown. Where the layers that it learned from are open, they are followed
        again, from what it knows of them; else what is painted now is not learned.

        Parameters
        ----------
        run : Path
            The run folder.
        config : TrainConfig
            Its configuration.
        runner : JobRunner
            Runs it.
        chosen : Image, optional
            What to predict live where it learns from simulated crystals.

        Returns
        -------
        TrainPlan or None
            With the layers; None where they are not open.

        Raises
        ------
        CheckpointError
            If a correction in the folder is damaged.
        """
        from napari_strata.training.engine.requests import read_requests

        requests = read_requests(run / CORRECTIONS)
        plan = find_plan(self._viewer, run, config, requests, chosen=chosen)
        self._attach(runner)
        self._image = None
        self.ledger.recall(requests)
        self._due = max((step for step, _ in requests), default=0)
        if plan is not None:
            self._follow(plan, runner)
        self.changed.emit()
        return plan

    def _follow(self, plan: "TrainPlan", runner: JobRunner) -> None:
        """Show what is predicted on the image of a plan, and hear what is painted on its labels."""
        self._plan = plan
        self._image = None if plan.window is None else plan.window.image
        self.interval = plan.config.training.preview_interval
        if plan.window is not None:
            self.prediction.begin(plan, plan.window, runner.post, self._is_ready)
            self._watch = CorrectionWatch(
                self._viewer, plan, plan.window.image, self._teach, self._knows_all, parent=self
            )
            self._watch.refused.connect(self.said)
            self._watch.changed.connect(self.changed)

    def note_ending(self, words: str) -> None:
        """Remember how the training ended, for a dock that is opened after it."""
        self.ending = words
        self.ended.emit(words)

    def pin(self, one: Corrected) -> None:
        """Have a region checked after every validation.

        Raises
        ------
        TrainingError
            If no training runs.
        """
        runner = self._running()
        runner.post(self.ledger.pin(one))
        self.changed.emit()

    def unpin(self, one: Corrected) -> None:
        """Have a region checked no longer.

        Raises
        ------
        TrainingError
            If no training runs.
        """
        runner = self._running()
        runner.post(self.ledger.unpin(one))
        self.changed.emit()

    def set_interval(self, seconds: float) -> None:
        """Predict live at most that often from now on [s]."""
        self.interval = seconds
        if self._runner is not None and self._is_ready():
            self._runner.post(Pace(seconds))

    @property
    def runs(self) -> bool:
        """Whether a training runs."""
        return self._runner is not None

    @property
    def is_paused(self) -> bool:
        """Whether a training is paused, and learns what is painted later."""
        return self._runner is not None and self._runner.state is JobState.PAUSED

    def _teach(self, painted: Correction) -> None:
        """Send what was painted; in a pause it waits."""
        if self._runner is None:
            return
        self._runner.post(painted)
        if self.is_paused:
            self.ledger.wait(painted)
            self.changed.emit()

    def _attach(self, runner: JobRunner) -> None:
        """Let go of the training before, and hear of the next one."""
        self._end()
        self.prediction.clear()
        self._runner, self.ledger, self.ending = runner, Ledger(), ""
        self._step = self._due = 0
        runner.state_changed.connect(self.changed)
        runner.reported.connect(self._on_event)
        runner.ended.connect(self._on_ended)

    def _running(self) -> JobRunner:
        if self._runner is None or not self._is_ready():
            raise TrainingError(
                "No training runs, so nothing can be pinned.", remedy="Press Train, and pin what must stay right."
            )
        return self._runner

    def _is_ready(self) -> bool:
        """Tell whether the training takes requests: before its first step it would forget them."""
        return self._runner is not None and self._runner.state in (JobState.RUNNING, JobState.PAUSED)

    def _knows_all(self) -> bool:
        """Tell whether the training has been through all that it was taught before it went on."""
        return self._is_ready() and self._step >= self._due

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case BatchEnded(step=step):
                self._step = step
                if self.ledger.waiting and not self.is_paused:  # all of it is learned now
                    self.ledger.waiting.clear()
                    self.changed.emit()
            case PreviewReady():
                self.prediction.show(event)
            case CorrectionTaken():
                self.ledger.add(event)
                self.changed.emit()
            case PinsChecked(results=results):
                self.ledger.take(results)
                self.changed.emit()

    def _on_ended(self, _ended: object) -> None:
        self._end()
        self.changed.emit()

    def _end(self) -> None:
        """Follow nothing any more."""
        self.prediction.end()
        if self._watch is not None:
            self._watch.end()
        if self._runner is not None:
            self._runner.state_changed.disconnect(self.changed)
            self._runner.reported.disconnect(self._on_event)
            self._runner.ended.disconnect(self._on_ended)
        self._runner = self._plan = self._watch = None
        self.ledger.waiting.clear()

    def _on_orphaned(self) -> None:
        if self._runner is not None:
            self.said.emit("The image was removed: the training goes on without a live preview.")
        self.changed.emit()
