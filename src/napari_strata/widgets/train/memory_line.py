"""How much memory a training will need, said before it starts, and what fits where that is too much."""

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer
from qtpy.QtGui import QHideEvent, QShowEvent
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_strata.control import JobControl
from napari_strata.errors import StrataError
from napari_strata.events import JobEnded
from napari_strata.jobs.job import Job
from napari_strata.widgets.layers.label_memory import class_table_of
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari_strata.config import ModelConfig, TrainingConfig
    from napari_strata.training.machine.memory import MemoryNeed
    from napari_strata.widgets.train.settings import TrainSettings

REST = 1000
"""Time without a change of the settings after which they are looked at [ms]."""
_TOO_MUCH = "#ff9f5c"


class MemoryLine(QWidget):
    """Estimates in a worker thread, a moment after the settings of a training were changed.

    Parameters
    ----------
    settings : TrainSettings
        The settings; a batch or patch that fits is put into them.
    """

    def __init__(self, settings: "TrainSettings", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._need: MemoryNeed | None = None
        self.runner = JobRunner(self)
        self.words = Words()
        self.words.setToolTip("Estimated from what the network saves for a small patch.")
        self.button = QPushButton()
        self.button.setToolTip("Take so many patches per batch, or patches of this side.")
        self.button.hide()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.button)
        self._timer.timeout.connect(self._estimate)
        self.button.clicked.connect(self._take_what_fits)
        self.runner.ended.connect(self._on_ended)
        for signal in (
            settings.training.changed,
            settings.model.changed,
            settings.network.currentIndexChanged,
            settings.layers.valueChanged,
            settings.image.chosen,
        ):
            signal.connect(self._on_changed)

    def showEvent(self, event: QShowEvent) -> None:
        """Estimate when the dock is shown."""
        super().showEvent(event)
        if self._need is None:
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Let nothing be estimated for a dock that is hidden or closed."""
        super().hideEvent(event)
        self._timer.stop()
        self.runner.stop()

    def _on_changed(self, *_value: object) -> None:
        if self.isVisible():
            self._timer.start()
        else:
            self._need = None

    def _estimate(self) -> None:
        if not self.isEnabled():  # while it trains
            return
        if self.runner.is_busy:
            self._timer.start()
            return
        settings = self._settings
        layers = 1 if settings.network.has_one_mask else settings.layers.value()
        try:
            model = settings.model.values(architecture=settings.network.architecture, layers=layers)
            training = settings.training.values()
        except StrataError as error:
            self._say(error.message)
            return
        classes, seen = self._classes(), self._seen(model)
        self.runner.start(
            lambda control: _make_job(control, model, training, classes, seen), name="Estimating the memory"
        )

    def _classes(self) -> int:
        layer = self._settings.labels[0].layer
        return 1 if layer is None else max(1, len(class_table_of(layer).classes))

    def _seen(self, model: "ModelConfig") -> int:
        """Return how many pixels of the network's grid the shown image has."""
        layer, pixel_size = self._settings.image.layer, self._settings.calibration.calibration.value
        if layer is None:
            return 0
        factor = 1.0 if model.pixel_size is None or pixel_size is None else pixel_size / model.pixel_size
        height, width = layer.data.shape[-2:]
        return int(height * width * factor**2)

    def _on_ended(self, ended: JobEnded) -> None:
        if ended.result is not None:
            self._show(ended.result.value)
        elif isinstance(ended.error, StrataError):
            self._say(ended.error.message)

    def _show(self, need: "MemoryNeed") -> None:
        from napari_strata.training.machine.memory import in_words

        self._need = need
        text = f"Memory: about {in_words(need.peak)} needed, {in_words(need.free)} free"
        if need.fits:
            self._say(f"{text}.")
            return
        fits = need.fitting_batch or need.fitting_patch
        self._say(f"{text}." if fits else f"{text}. {need.advice}")
        self.words.setStyleSheet(f"color: {_TOO_MUCH}")
        self.button.setVisible(fits > 0)
        self.button.setText(f"Batch {fits} fits" if need.fitting_batch else f"Patch {fits} px fits")

    def _say(self, text: str) -> None:
        self.words.setStyleSheet("")
        self.words.setText(text)
        self.button.hide()

    def _take_what_fits(self, _checked: bool = False) -> None:
        if self._need is None:
            return
        training = self._settings.training
        if self._need.fitting_batch:
            training.set_value("batch_size", self._need.fitting_batch)
        else:
            training.set_value("patch_size", self._need.fitting_patch)


def _make_job(
    control: JobControl, model: "ModelConfig", training: "TrainingConfig", classes: int, seen: int
) -> Job:
    """Make the job; called in the worker thread, where importing torch holds nobody up for long."""
    from napari_strata.jobs.estimate_memory import estimate_memory

    return estimate_memory(control, model, training, classes=classes, seen=seen)
