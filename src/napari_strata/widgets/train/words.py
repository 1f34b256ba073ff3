"""How a training goes, in words: epoch, time left, best score, and how it ended."""

import math
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLabel, QWidget

from napari_strata.config import TrainConfig, TrainingConfig
from napari_strata.control import JobState
from napari_strata.events import BatchEnded, EpochEnded, FinishReason, JobEnded, Warned
from napari_strata.widgets.parts.form import Page
from napari_strata.widgets.parts.notify import in_words
from napari_strata.widgets.train.score_words import best_so_far, kept_weights

LINES = 5
"""That are seen without scrolling."""
_ENDED_BY = {"time limit": "Finished: the time limit is reached", "epochs": "Finished: all epochs are done"}


class TrainingWords(QLabel):
    """A few lines below the buttons of the Train dock."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._epochs = 0
        self._epoch = 1
        self._left = math.inf
        self._member, self._members = 0, 1
        self._state = JobState.IDLE
        self._doing = self._score = self._corrections = ""
        self._is_scored = False
        self._notes: list[str] = []
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)

    def show_budget(self, config: TrainingConfig) -> None:
        """Say before a training how long it will take."""
        minutes = "" if config.time_limit is None else f"{config.time_limit:g} minutes or "
        self.setText(f"Trains for at most {minutes}{config.epochs} epochs. Stop keeps the best weights.")

    def say(self, text: str) -> None:
        """Show other words."""
        self.setText(text)

    def start(self, config: TrainConfig) -> None:
        """Forget the last training."""
        self._epochs, self._epoch, self._left = config.training.epochs, 1, math.inf
        ensemble = config.training.ensemble
        self._member, self._members = 0, 1 if ensemble.kind == "none" else ensemble.members
        self._doing = self._score = self._corrections = ""
        self._is_scored, self._notes = False, []

    def show_state(self, state: JobState) -> None:
        """Say what the training is at; how it ended is for `show_ending` to say."""
        self._state = state
        self.refresh()

    def show_preparation(self, message: str) -> None:
        """Say what is prepared."""
        self._doing = message
        self.refresh()

    def show_batch(self, event: BatchEnded) -> None:
        """Note how far the training is; `refresh` says it."""
        self._epoch, self._epochs, self._left = event.epoch, event.epochs, event.seconds_left
        self._member = event.member

    def show_epoch(self, event: EpochEnded) -> None:
        """Say how good the network is."""
        self._is_scored = event.validation_loss is not None
        if not self._is_scored:
            self._score = ""  # the training warned that nothing is held out
        elif event.is_best:
            self._score = best_so_far(event)
        self.refresh()

    def forget_best(self) -> None:
        """Say that a correction made earlier scores void."""
        if self._is_scored:
            self._score = "Best so far: none since the last correction; this epoch will be."

    def show_corrections(self, number: int, step: int, *, waiting: int = 0) -> None:
        """Say how many corrections are learned from, the newest since a step, and how many wait for Resume."""
        one = "1 correction is" if number == 1 else f"{number} corrections are"
        lines = [f"{one} learned from since step {step}."] if number else []
        if waiting:
            lines.append(f"{waiting} correction{'s wait' if waiting > 1 else ' waits'} for Resume.")
        self._corrections = " ".join(lines)
        self.refresh()

    def show_warning(self, event: Warned) -> None:
        """Keep a warning in sight."""
        self.add(event.message)

    def add(self, note: str) -> None:
        """Add a line that stays until the next training; the newest stands on top, where it is seen."""
        self._notes = [note, *(one for one in self._notes if one != note)]
        self.refresh()

    def show_ending(self, ended: JobEnded, run: Path) -> None:
        """Say how the training ended and what to do next."""
        self.setText(_ending(ended, run))

    def refresh(self) -> None:
        """Say how it goes now; nothing changes when no training runs."""
        if self._state is JobState.IDLE:
            return
        newest, *older = self._notes or [""]
        lines = [self._state_line(), newest, self._score, self._corrections, *older]
        text = "\n".join(line for line in lines if line)
        if text != self.text():
            self.setText(text)

    def _state_line(self) -> str:
        epoch = f"epoch {self._epoch} of about {self._epochs}"
        if self._members > 1:
            epoch = f"network {self._member + 1} of {self._members}, {epoch}"
        match self._state:
            case JobState.PREPARING:
                return f"{self._doing or 'Preparing'}…"
            case JobState.PAUSED:
                return f"Paused in {epoch}."
            case JobState.STOPPING:
                return "Stopping: the step at hand is finished first…"
            case _:
                return f"Training: {epoch}{_left(self._left)}."


class WordsPage(Page):
    """Keeps words on a page of their own: other words then lay out that page and not the whole dock."""

    def showEvent(self, event: QShowEvent) -> None:
        """Be as high as some lines, now that the theme has given them their font."""
        super().showEvent(event)
        self.setFixedHeight(LINES * self.widget().fontMetrics().lineSpacing() + 2)


def _left(seconds: float) -> str:
    if not math.isfinite(seconds):
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f", {minutes} min {rest} s left" if minutes else f", {rest} s left"


def _ending(ended: JobEnded, run: Path) -> str:
    ready = f"“{run.name}” is ready in the Predict dock."
    if ended.error is not None:
        kept = (run / "model" / "card.yaml").is_file()
        return in_words(ended.error) + (f"\nThe best weights so far are kept. {ready}" if kept else "")
    if ended.result is None:
        kept = (run / "model" / "card.yaml").is_file()
        return f"Stopped before the first batch; {'the model is as it was' if kept else 'there is no model'}."
    how = "Stopped"
    if ended.reason is FinishReason.COMPLETED:
        reason = ended.result.figures.get("ended_by", "")
        how = _ENDED_BY.get(reason, f"Finished: {reason}" if reason else "Finished")
    return f"{how}; {kept_weights(ended.result.figures)}. {ready}"
