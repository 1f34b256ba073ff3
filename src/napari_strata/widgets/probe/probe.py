"""The probe: hold a key, move over the image, and the heatmap of what is under the cursor follows."""

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.viewer import Viewer
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtGui import QHideEvent
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from napari_strata.control import JobState
from napari_strata.errors import StrataError
from napari_strata.events import Glimpsed, JobEnded, JobEvent, StateChanged
from napari_strata.requests import ProbeAt
from napari_strata.widgets.layers.map_words import score_words
from napari_strata.widgets.layers.source import Source
from napari_strata.widgets.layers.targets import Place, place_in
from napari_strata.widgets.layers.world import from_world
from napari_strata.widgets.parts.click import ClickPicker
from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.notify import in_words, show_failure
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.parts.words import Words
from napari_strata.widgets.probe.layers import ProbeLayers
from napari_strata.widgets.probe.subject import Subject, make_job

KEY = Qt.Key.Key_Q
"""napari has no use for it."""
_READY = "Hold Q and move over the image; click to keep a map."
_OFF = "The cursor is off the image."
_IN_3D = "The probe follows the cursor in 2D only: a cursor in 3D has no depth."
_CHANGED = "What is probed has changed: release Q and press it again."
_TYPING = (QLineEdit, QAbstractSpinBox, QTextEdit, QPlainTextEdit, QComboBox)
_PACE = 16
"""Least time between a picture and the next question [ms], so that no network computes while the window is drawn
(in software it takes longer, and ends first): on two cores each took twice as long beside the other."""
_LEAVING = (QEvent.Type.ApplicationDeactivate, QEvent.Type.WindowDeactivate)


class Probe(QWidget):
    """A box to switch the probe on, and a line that says what it shows.

    The key counts wherever the focus is, except where one types. The worker of the probe lives from the first
    press of the key until the box is unchecked, what is probed changes, or the dock closes.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    take_subject : callable
        Tells what is probed; called when the key is pressed and no worker lives. It may raise a `StrataError`.
    """

    kept = Signal(str)
    """What a map that is kept answers, and its score, in words."""

    def __init__(self, viewer: Viewer, take_subject: Callable[[], Subject]) -> None:
        super().__init__()
        self._viewer, self._take_subject = viewer, take_subject
        self._subject: Subject | None = None
        self._layers: ProbeLayers | None = None
        self._wanted: ProbeAt | None = None
        self._posted: ProbeAt | None = None  # and not answered yet
        self._seen: ProbeAt | None = None
        self._pace = QTimer(self, singleShot=True, interval=_PACE)
        self._pace.timeout.connect(self._post)
        self.box = QCheckBox("Probe: hold Q and move over the image")
        self.box.setToolTip("The map of the pixel or atom under the cursor follows; a click keeps it.")
        self.words = Words()
        self.runner = JobRunner(self)
        self.picker = ClickPicker(viewer, self)
        self._tidy = QTimer(self, singleShot=True, interval=0)  # a list must not change while it tells of a change
        self._tidy.timeout.connect(self._on_tidy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.box)
        layout.addWidget(self.words)
        self.words.hide()
        self.box.toggled.connect(self._on_toggled)
        self.runner.reported.connect(self._on_event)
        self.runner.ended.connect(self._on_ended)
        self.picker.clicked.connect(self._keep)
        self.picker.armed_changed.connect(self._on_armed)
        connect_while_alive(self, self._on_removed, viewer.layers.events.removed)
        connect_while_alive(self, self._on_slider, viewer.dims.events.current_step)
        connect_while_alive(self, self._on_display, viewer.dims.events.ndisplay)

    @property
    def is_held(self) -> bool:
        """Whether the key is held down."""
        return self.picker.is_armed

    def forget(self) -> None:
        """Note that what is probed has changed: begin anew when the key is pressed next."""
        was_held = self.is_held
        self.picker.disarm()
        self._subject = None
        self.runner.stop()
        if was_held:
            self._say(_CHANGED)

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave keys and mouse to others."""
        self.box.setChecked(False)
        super().hideEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the key."""
        kind = event.type()
        if self.is_held and kind in _LEAVING:
            self.picker.disarm()
        if kind not in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) or event.key() != KEY:
            return bool(super().eventFilter(watched, event))
        if not self.is_held and (event.modifiers() or isinstance(QApplication.focusWidget(), _TYPING)):
            return bool(super().eventFilter(watched, event))
        if event.isAutoRepeat():
            return self.is_held
        if kind == QEvent.Type.KeyPress:
            self._press()
            return True
        was_held = self.is_held
        self.picker.disarm()
        return was_held

    def _on_toggled(self, on: bool) -> None:
        application = QApplication.instance()
        assert application is not None, "there is no widget without one"
        if on:
            application.installEventFilter(self)
        else:
            application.removeEventFilter(self)
            self.forget()
            self._remove_layers()
        self._say(_READY if on else "")

    def _press(self) -> None:
        if self.is_held:
            return
        if self._viewer.dims.ndisplay != 2:
            self._say(_IN_3D)
            return
        try:
            self._start()
        except StrataError as error:
            self._say(in_words(error))
            return
        self.picker.arm()
        self._ask(self._under_cursor())

    def _start(self) -> None:
        """Start the worker, unless one lives for what is probed."""
        if self._subject is not None:
            return
        subject = self._subject = self._take_subject()
        if not self.runner.is_busy:
            self._run(subject)

    def _run(self, subject: Subject) -> None:
        self._posted = None
        self.runner.start(lambda control: make_job(control, subject), name=f"Probing {subject.source.stack.name}")

    def _on_armed(self, armed: bool) -> None:
        """Follow the mouse while the key is held, and clear up when it is released."""
        callbacks = self._viewer.mouse_move_callbacks
        if armed:
            assert self._subject is not None, "pressing takes it"
            self._layers = self._layers_of(self._subject.source)
            callbacks.append(self._on_move)
            return
        callbacks.remove(self._on_move)
        if self._layers is not None:
            self._layers.hide()
        self._wanted = None
        if self.box.isChecked():
            self._say(_READY)

    def _layers_of(self, source: Source) -> ProbeLayers:
        """Return the layers for an image and a model, those from before where both are the same."""
        if self._layers is None or self._layers.origin != source.origin:
            self._remove_layers()
            return ProbeLayers(self._viewer, source.origin)
        return self._layers

    def _remove_layers(self) -> None:
        if self._layers is not None:
            self._layers.remove()
        self._layers = None

    def _on_move(self, _viewer: Any, event: Any) -> None:
        self._ask(event.position)

    def _on_slider(self, _event: object = None) -> None:
        """Ask for the same place of the frame that is shown now."""
        if self.is_held:
            self._ask(self._under_cursor())

    def _on_display(self, _event: object = None) -> None:
        if self.is_held and self._viewer.dims.ndisplay != 2:
            self.picker.disarm()
            self._say(_IN_3D)

    def _on_removed(self, _event: object = None) -> None:
        self._tidy.start()

    def _on_tidy(self) -> None:
        """Take the layers away with their image."""
        if self._layers is not None and self._layers.origin.image not in self._viewer.layers:
            name = self._layers.origin.image.name
            self.forget()
            self._remove_layers()
            self._say(f"{name} was removed.")

    def _under_cursor(self) -> NDArray[np.float64]:
        """Return where the cursor is on what is shown now; napari's position is as old as the last move."""
        dims, cursor = self._viewer.dims, self._viewer.cursor.position
        world = np.array(dims.point, dtype=np.float64)
        shown = list(dims.displayed)
        world[shown] = np.array(cursor)[shown]
        return world

    def _ask(self, world: Any) -> None:
        """Ask for the map of a place, once the one that was asked for before is drawn."""
        if self._subject is None:
            return
        image = self._subject.source.origin.image
        if why := self._subject.source.why_dropped(self._viewer):
            self.forget()
            self._say(why)
            return
        try:
            place = place_in(image, from_world(image, self._viewer, world))
        except StrataError:
            self._wanted = None
            if self._layers is not None:
                self._layers.hide()
            self._say(_OFF)
            return
        self._wanted = ProbeAt(place.frame, place.y, place.x)
        if self._posted is None and not self._pace.isActive():
            self._post()

    def _post(self) -> None:
        """Ask the worker for what is wanted, if that was not asked yet."""
        if self._wanted is not None and self._wanted is not self._seen:
            self._posted = self._wanted
            self.runner.post(self._posted)

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case StateChanged(state=JobState.RUNNING):
                self._post()  # what was asked before the job ran is lost
            case Glimpsed() if event.asked is self._posted:  # and not what a worker before was asked
                self._seen, self._posted = self._posted, None
                self._pace.start()
                self._show(event)

    def _on_ended(self, ended: JobEnded) -> None:
        if self.signalsBlocked():
            return  # the dock is being closed
        if ended.error is not None:
            self.forget()
            self._say(in_words(ended.error))
            if not isinstance(ended.error, StrataError):
                show_failure(ended.error)
        elif self._subject is not None:
            self._run(self._subject)  # the one before had to end first

    def _show(self, seen: Glimpsed) -> None:
        if self._layers is None or self._subject is None or self._wanted is None:
            return  # the key was released meanwhile, or the cursor has left the image
        if seen.glimpse is None:
            assert seen.error is not None, "a glimpse, or why there is none"
            self._say(in_words(seen.error))
            return
        details = seen.glimpse.metadata
        y, x = details["position"]
        self._layers.show(seen.glimpse, Place(seen.asked.frame, y, x), self._subject.kind)
        self._say(f"{self._subject.answer(details)}. Click to keep it.")

    def _keep(self, _world: object) -> None:
        if self._layers is not None and self._subject is not None and (details := self._layers.keep()):
            self._say("Kept as a layer.")
            self.kept.emit(f"{self._subject.answer(details)}. {score_words(details)}")

    def _say(self, text: str) -> None:
        self.words.setText(text)
        self.words.setVisible(bool(text))
