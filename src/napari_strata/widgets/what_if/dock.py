"""The What if dock: change a part of the image, and see what the network then says."""

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.viewer import Viewer
from qtpy.QtCore import QTimer
from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.control import JobControl, JobState
from napari_strata.errors import StrataError, TargetError
from napari_strata.events import ChangeTried, JobEnded, JobEvent, Progress, StateChanged
from napari_strata.jobs.job import Job
from napari_strata.requests import TryChange
from napari_strata.widgets.maps.asked import Asked, MapChoice, asked_by
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.dock_links import DockLinks
from napari_strata.widgets.parts.form import fold, form_layout, row_label
from napari_strata.widgets.parts.notify import in_words, show_failure
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.words import Words
from napari_strata.widgets.what_if.change_form import ChangeForm
from napari_strata.widgets.what_if.flip_part import FlipPart
from napari_strata.widgets.what_if.layers import WhatIfLayers
from napari_strata.widgets.what_if.outcome_words import outcome_words
from napari_strata.widgets.what_if.region_choice import RegionChoice
from napari_strata.widgets.what_if.uncovered import Uncovered

if TYPE_CHECKING:
    from napari.layers import Image

_NO_MAP = "Make a map in the Explain dock first: it says which question is asked again."
_WORKING = "Asking the network…"
_SETTLED = 40
"""Changes that follow each other more quickly are asked once [ms]."""


class WhatIfDock(Dock):
    """Asks the question of a map again, of an image that is changed in a region.

    Its worker lives from the first change until another map is chosen, or the dock is closed or goes out of sight,
    behind another one, too; then nothing is asked, and the layers are hidden.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self._viewer = viewer
        self._asked: Asked | None = None
        self._running: Asked | None = None
        self._wanted: TryChange | None = None
        self._is_away = False
        self._is_settled = False
        self.map = MapChoice(viewer)
        self.region, self.form = RegionChoice(viewer), ChangeForm()
        self.live, self.try_button = QCheckBox("Live"), QPushButton("Try")
        self.remove_button = QPushButton("Remove layers")
        self.words = Words()
        self.runner = JobRunner(self)
        self.flip = FlipPart(viewer, self._take)
        self.layers = WhatIfLayers(viewer, "What if", "what-if")
        self._uncovered = Uncovered(viewer)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLED)
        self._lay_out()
        self._connect()
        self._on_map()

    def came_to_front(self, is_in_front: bool) -> None:
        """Catch up with what was changed meanwhile, or go; a minimised window hides nothing."""
        if is_in_front:
            self._come_back()
        elif not self.window().isMinimized():
            self._go_away()

    def hideEvent(self, event: QHideEvent) -> None:
        """Go where napari lets go of the dock, too."""
        if not event.spontaneous():
            self._go_away()
        super().hideEvent(event)

    def _come_back(self) -> None:
        """Ask for what was changed meanwhile, and again for what is shown, unless it is a smallest change."""
        self._is_away = False
        for layers in (self.layers, self.flip.layers):
            layers.bring_back()
        self._uncovered.resume()
        if not self._is_settled:
            self._on_changed()

    def _go_away(self) -> None:
        """End the worker and hide the layers: they are no part of the image."""
        self._is_away = True
        self._forget()
        for layers in (self.layers, self.flip.layers):
            layers.hide()
        self._uncovered.pause()

    def _lay_out(self) -> None:
        self.map.setToolTip("A map of the Explain dock: its question is asked of the changed image.")
        self.live.setChecked(True)
        self.live.setToolTip("Ask again whenever the region or a slider changes.")
        self.try_button.setToolTip("Ask once.")
        self.remove_button.setToolTip("Take the changed image, its prediction and the smallest change away.")
        rows = form_layout()
        rows.addRow(row_label("Map"), self.map)
        row = QHBoxLayout()
        row.addWidget(self.live)
        row.addWidget(self.try_button, 1)
        row.addWidget(self.remove_button)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addLayout(rows)
        for part in (self.region, self.form):
            layout.addWidget(part)
        layout.addLayout(row)
        layout.addWidget(self.words)
        layout.addWidget(fold("Smallest change that flips it", self.flip))
        layout.addWidget(DockLinks(self._viewer, [("Explain", "Explain", "Make a map.")]))
        layout.addStretch(1)
        self.scroll(content)

    def _connect(self) -> None:
        self.map.chosen.connect(self._on_map)
        self.region.changed.connect(self._on_changed)
        self.form.changed.connect(self._on_changed)
        self.live.toggled.connect(self._on_changed)
        self.try_button.clicked.connect(self._ask)
        self.remove_button.clicked.connect(self._remove)
        self._timer.timeout.connect(self._ask)
        self.flip.shown.connect(self._on_flip)
        connect_while_alive(self, self._on_removed, self._viewer.layers.events.removed)
        self.runner.reported.connect(self._on_event)
        self.runner.ended.connect(self._on_ended)

    def _on_map(self, _layer: object = None) -> None:
        """Begin anew with another map."""
        self._forget()
        has_map = self.map.layer is not None
        self.try_button.setEnabled(has_map)
        self.flip.set_obstacle("" if has_map else _NO_MAP)
        self._say("" if has_map else _NO_MAP)
        self._on_changed()

    def _on_changed(self, _value: object = None) -> None:
        self._is_settled = False
        if self.live.isChecked() and self.map.layer is not None and not self._is_away:
            self._timer.start()

    def _on_flip(self, image: "Image") -> None:
        """Let a smallest change be seen until something else is asked."""
        self.layers.give_way()
        self._uncover(image)
        self._is_settled = True

    def _uncover(self, image: "Image") -> None:
        """Let the change of an image be seen, once the dock is."""
        self._uncovered.show(image, self.region.layer.layer if self.region.is_drawn else None)
        if self._is_away:
            self._uncovered.pause()

    def _take(self) -> tuple[Asked, TryChange]:
        """Return what is asked, and the change that is wanted."""
        asked = self._take_asked()
        return asked, TryChange(self.region.mask(asked), self.form.values())

    def _take_asked(self) -> Asked:
        if self.map.layer is None:
            raise TargetError("There is no map.", remedy=_NO_MAP)
        asked = self._asked or asked_by(self._viewer, self.map.layer)
        if why := asked.source.why_dropped(self._viewer):
            self._forget()
            raise TargetError(why, remedy="Explain the target anew.")
        self.form.say_unit(has_pixel_size=asked.source.stack.pixel_size is not None)
        return asked

    def _ask(self, _checked: bool = False) -> None:
        """Ask for the change as it is now; the worker drops what was asked before."""
        try:
            asked, wanted = self._take()
        except StrataError as error:
            self._wanted = None
            self._say(in_words(error))
            return
        if self._asked is not None and self.runner.is_busy and _are_alike(wanted, self._wanted):
            return
        self._asked, self._wanted = asked, wanted
        if not self.words.text():
            self._say(_WORKING)
        if self.runner.is_busy:
            self.runner.post(self._wanted)
        else:
            self._run(self._asked)

    def _run(self, asked: Asked) -> None:
        self._running = asked
        self.runner.start(lambda control: _make_job(control, asked), name=f"What if: {asked.source.stack.name}")

    def _forget(self) -> None:
        """End the worker, and show nothing that it still says."""
        self._timer.stop()
        self._asked = self._wanted = None
        self.runner.stop()

    def _on_removed(self, event: Any) -> None:
        """Stop where the image is gone."""
        if self._asked is not None and event.value is self._asked.source.origin.image:
            self._forget()
            self._say(f"{event.value.name} was removed; stopped.")

    def _remove(self, _checked: bool = False) -> None:
        """Take away what is shown; another change shows it again."""
        self._forget()
        for layers in (self.layers, self.flip.layers):
            layers.remove()
        self._uncovered.end()
        self.flip.forget()
        self._is_settled = True
        self._say("")

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case StateChanged(state=JobState.RUNNING) if self._wanted is not None:
                self.runner.post(self._wanted)  # what was asked before the job ran is lost
            case Progress(message=message) if self._running is self._asked:
                self._say(f"{message}…")  # until the first answer: locating atoms takes its time
            case ChangeTried() if self._running is self._asked:
                self._show(event)

    def _on_ended(self, ended: JobEnded) -> None:
        if self.signalsBlocked():
            return  # the dock is being closed
        if ended.error is not None:
            self._forget()
            self._say(in_words(ended.error))
            if not isinstance(ended.error, StrataError):
                show_failure(ended.error)
        elif self._asked is not None:
            self._run(self._asked)  # the one before had to end first

    def _show(self, tried: ChangeTried) -> None:
        asked = self._asked
        if asked is None or self._wanted is None:
            return  # what was asked is no longer wanted
        if why := asked.source.why_dropped(self._viewer):
            self._forget()
            self._say(why)
        elif tried.outcome is None:
            assert tried.error is not None, "an outcome, or why there is none"
            self._say(in_words(tried.error))
        else:
            self.flip.layers.give_way()
            self.layers.show(tried.outcome, asked.source.origin, frame=asked.frame, layer=asked.question.layer)
            self._uncover(asked.source.origin.image)
            self._say(outcome_words(tried.outcome))

    def _say(self, text: str) -> None:
        self.words.setText(text)
        self.words.setVisible(bool(text))


def _are_alike(one: TryChange, other: TryChange | None) -> bool:
    """Tell whether two requests have the same answer; napari tells of edits that change nothing."""
    if other is None or one.config != other.config:
        return False
    if one.mask is None or other.mask is None:
        return one.mask is other.mask
    return bool(np.array_equal(one.mask, other.mask))


def _make_job(control: JobControl, asked: Asked) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.what_if import try_changes

    return try_changes(control, asked.inquiry())
