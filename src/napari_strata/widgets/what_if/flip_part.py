"""The part of the What if dock that looks for the smallest change that flips a score."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QPushButton, QVBoxLayout, QWidget

from napari_strata.config.smallest_change import SmallestChangeConfig
from napari_strata.control import JobControl
from napari_strata.events import JobEnded, JobResult
from napari_strata.jobs.job import Job
from napari_strata.requests import TryChange
from napari_strata.widgets.maps.asked import Asked
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.form import ConfigForm
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.number_boxes import NumberBox
from napari_strata.widgets.parts.removal_stop import RemovalStop
from napari_strata.widgets.what_if.layers import WhatIfLayers
from napari_strata.widgets.what_if.outcome_words import outcome_words

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.explain.changes.flip import Flip

_FIELDS = ("reach", "bound", "dose", "steps")
_DOSE = 1000.0
"""Where a dose begins that somebody states [1/Å²]."""
_TIP = "Look for the least change of the pixels with which the network no longer says what it says."
_SMALLEST = "Show the smallest change"
_WHICH = "The smallest change turns the sign of the score; with the larger one the target is gone."
_KEPT = "Stopped before anything better was found. Found before:"
_KEPT_OTHER = (
    "Stopped before the score flipped. Still shown is what was found for another target, or with other settings:"
)


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    asked: Asked
    mask: Any
    config: SmallestChangeConfig


class FlipPart(QWidget):
    """A form, a button, and what was found in words.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    take : callable
        Tells what is asked, and of which region; it may raise a `StrataError`.
    """

    shown = Signal(object)
    """The image of which a change is shown."""

    def __init__(self, viewer: "Viewer", take: Callable[[], tuple[Asked, TryChange]]) -> None:
        super().__init__()
        self._viewer, self._take = viewer, take
        self._request: _Request | None = None
        self.config = ConfigForm(SmallestChangeConfig, fields=_FIELDS)
        self.panel = JobPanel(QPushButton("Find the smallest change"))
        self._removal = RemovalStop(viewer, self.panel)
        self.panel.start_button.setToolTip(_TIP)
        self.layers = WhatIfLayers(viewer, "Smallest change", "smallest-change")
        self.which = ChoiceBox()
        self._found: tuple[_Request, Flip] | None = None
        self._hide_dose()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.config)
        layout.addWidget(self.panel)
        layout.addWidget(self.which)
        self.which.setToolTip(_WHICH)
        self.which.hide()
        self.panel.start_button.clicked.connect(self.panel.guarded(self._start))
        self.panel.brought.connect(self._on_result)
        self.panel.runner.ended.connect(self._on_ended)
        self.which.activated.connect(self._show)

    def set_obstacle(self, text: str) -> None:
        """Say what keeps the search from starting."""
        self.panel.set_obstacle(text)

    def _hide_dose(self) -> None:
        """Show the number of the dose only where one is stated: its least one says nothing."""
        row = self.config.editor("dose")
        box, switch = row.findChild(NumberBox), row.findChild(QCheckBox)
        self.config.set_value("dose", _DOSE)
        self.config.set_value("dose", None)
        box.setVisible(False)
        switch.toggled.connect(box.setVisible)

    def _start(self, _checked: bool = False) -> None:
        asked, change = self._take()
        request = self._request = _Request(asked, change.mask, self.config.values())
        self.panel.run(partial(_make_job, request), name=f"Smallest change of {asked.source.stack.name}")
        self._removal.watch(asked.source.origin.image)

    def _on_result(self, result: JobResult) -> None:
        request = self._request
        assert request is not None, "a job ended that was never started"
        self._request = None
        asked, flip = request.asked, result.value
        if dropped := asked.source.why_dropped(self._viewer):
            self.panel.say(dropped)
            return
        if self._found is not None and _is_no_better(request, flip, *self._found):
            self._keep(request)
            return
        self.forget()
        self._found = request, flip
        if flip.gone is not None:
            self.which.addItems([_SMALLEST, f"Show {flip.gone.times:g} times that change"])
            self.which.show()
        self._show(0)
        self.panel.say(_words(flip))

    def _on_ended(self, ended: JobEnded) -> None:
        """Say that what was found before stays, where a stop came before anything was tried."""
        if ended.result is None and ended.error is None and self._request is not None:
            self._keep(self._request)

    def _keep(self, request: _Request) -> None:
        """Go on showing what was found before."""
        self._show(self.which.currentIndex())
        if self._found is not None:
            before, flip = self._found
            self.panel.say(f"{_KEPT if _is_same(request, before) else _KEPT_OTHER} {_words(flip)}")

    def forget(self) -> None:
        """Offer nothing more of what was found."""
        self._found = None
        self.which.clear()
        self.which.hide()

    def _show(self, index: int) -> None:
        """Show the smallest change, or the larger one with which the target is gone."""
        if self._found is None:
            return
        request, flip = self._found
        asked = request.asked
        if asked.source.why_dropped(self._viewer):
            self.forget()
            return
        shown = flip if index <= 0 or flip.gone is None else flip.gone
        self.layers.show_flip(shown, asked.source.origin, frame=asked.frame, layer=asked.question.layer)
        self.shown.emit(asked.source.origin.image)


def _words(flip: "Flip") -> str:
    return f"{flip.words} {outcome_words(flip.outcome)}"


def _is_no_better(request: _Request, new: "Flip", other: _Request, old: "Flip") -> bool:
    """Tell whether a search that was stopped found nothing, or no smaller change than the same search before."""
    if not (new.is_stopped and old.flips):
        return False
    return not new.flips or (_is_same(request, other) and new.size.rms >= old.size.rms)


def _is_same(one: _Request, two: _Request) -> bool:
    """Tell whether two searches ask the same of the same network, and may change the same pixels."""
    from napari_strata.explain.question import describe_question

    def asked(request: _Request) -> tuple[Any, ...]:
        of, card = request.asked, request.asked.source.entry.card
        return describe_question(of.question), card.weights_sha256, of.frame, request.config.reach

    is_same_image = one.asked.source.origin.image is two.asked.source.origin.image
    return is_same_image and asked(one) == asked(two) and np.array_equal(one.mask, two.mask)


def _make_job(request: _Request, control: JobControl) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.smallest_change import smallest_change

    return smallest_change(control, request.asked.inquiry(), looking=request.config, mask=request.mask)
