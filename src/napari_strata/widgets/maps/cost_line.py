"""A line that says what a heatmap will cost before anybody asks for it."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.errors import StrataError
from napari_strata.events import JobEnded, JobResult
from napari_strata.explain.catalogue import METHODS
from napari_strata.jobs.estimate_explanation import Outlook, estimate_explanation
from napari_strata.jobs.job import Job
from napari_strata.widgets.layers.layer_data import full_data, stack_of
from napari_strata.widgets.parts.durations import duration
from napari_strata.widgets.parts.newest import NewestJob
from napari_strata.widgets.parts.notify import in_words
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_strata.types import ImageStack
    from napari_strata.widgets.layers.source import SourceForm

DELAY = 400
"""Time that the settings rest before they are reckoned with [ms]."""
_ESTIMATING = "Estimating the time…"
_FEW = "A handful of passes through the network"


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """What a cost is asked of."""

    image: "Image"
    pixel_size: float | None
    frame: int
    model: Path
    weights: str
    config: ExplainConfig
    mask: "NDArray[np.bool_] | None"
    rest: str

    @classmethod
    def of(
        cls,
        source: "SourceForm",
        config: ExplainConfig,
        frame: int,
        mask: "NDArray[np.bool_] | None",
        rest: str,
    ) -> Self:
        entry = source.model.entry
        assert entry is not None, "the source has no obstacle"
        weights = entry.card.weights_sha256
        return cls(source.image.layer, source.pixel_size, frame, entry.path, weights, config, mask, rest)

    @property
    def key(self) -> tuple[object, ...]:
        """What decides about the cost; no image lives on in it."""
        shape = full_data(self.image).shape[-2:]
        mask = None if self.mask is None else self.mask.tobytes()
        return self.image.unique_id, shape, self.pixel_size, self.model, self.weights, self.config, mask


class CostLine(QWidget):
    """Counts and times in a worker; newer settings drop what was asked before.

    Quick methods on a part of the image need no worker, unless the network has to say which feature maps it has.
    """

    looked = Signal(object)
    """The `Outlook`, whenever there is a new one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked: _Asked | None = None
        self._is_quiet = False
        self._answered: dict[tuple[object, ...], Outlook] = {}
        self.words, self.job = Words(), NewestJob()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY)
        self._timer.timeout.connect(self._start)
        self.job.brought.connect(self._on_result)
        self.job.runner.ended.connect(self._on_ended)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.words)
        layout.addWidget(self.job)

    def ask(
        self,
        source: "SourceForm",
        config: ExplainConfig,
        *,
        frame: int,
        mask: "NDArray[np.bool_] | None" = None,
        unknown: str = "",
        after: str = "",
    ) -> None:
        """Ask for the cost of a method.

        Parameters
        ----------
        source : SourceForm
            Without obstacle.
        config : ExplainConfig
            The method.
        frame : int
            Frame of the stack.
        mask : ndarray of bool, shape (y, x), optional
            The pixels of the target; without it, it is a pixel.
        unknown : str
            What the target is, where it may be larger than a pixel and its pixels are not known yet.
        after : str
            What is computed first, in words that go on from the cost; empty where nothing is.
        """
        self.forget()
        facts = METHODS[config.method]
        if not facts.many_passes and mask is None:
            self.words.setText(f"{_FEW}{after}.")
            if "feature_map" not in facts.settings:
                return
        rest = f"; more for a large {unknown}" if unknown and not facts.whole else ""
        asked = self._asked = _Asked.of(source, config, frame, mask, rest + after)
        if asked.key in self._answered:
            self._say(self._answered[asked.key])
        else:
            self._timer.start()

    def hush(self) -> None:
        """Say nothing of what was asked last before it is known."""
        self._is_quiet = True

    def forget(self) -> None:
        """Say nothing, and stop."""
        self._is_quiet = False
        self._timer.stop()
        self._asked = None
        self.words.setText("")
        self.job.forget()

    def _start(self) -> None:
        if self._asked is None or not self.isVisible():
            return
        asked = self._asked
        try:
            stack = stack_of(asked.image, asked.pixel_size, frames=[asked.frame])
        except StrataError as error:
            self.words.setText(in_words(error))
            return
        if not self.words.text() and not self._is_quiet:
            self.words.setText(_ESTIMATING)
        make_job = partial(_make_job, asked, stack)
        self.job.ask(make_job, name="Estimating the time")

    def _on_ended(self, ended: JobEnded) -> None:
        if ended.error is not None and self.words.text() == _ESTIMATING:
            self.words.setText("")  # why is said below

    def _on_result(self, result: JobResult) -> None:
        assert self._asked is not None, "a job whose cost nobody wants is forgotten"
        self._answered = {self._asked.key: result.value}
        self._say(result.value)

    def _say(self, outlook: Outlook) -> None:
        assert self._asked is not None, "a cost that nobody wants is forgotten"
        self.words.setText(f"About {outlook.passes} passes, {duration(outlook.seconds)} here{self._asked.rest}.")
        self.looked.emit(outlook)


def _make_job(asked: _Asked, stack: "ImageStack", control: JobControl) -> Job:
    return estimate_explanation(control, asked.model, stack, config=asked.config, mask=asked.mask)
