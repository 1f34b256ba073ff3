"""What all docks have in common: their place, their width, and their end."""

from functools import partial

from qtpy.QtCore import QEvent, QObject, QSize, QTimerEvent
from qtpy.QtGui import QMouseEvent, QShowEvent
from qtpy.QtWidgets import QDockWidget, QMainWindow, QMessageBox, QPushButton, QVBoxLayout, QWidget

from napari_strata.events import JobEnded
from napari_strata.widgets.parts.form import Page
from napari_strata.widgets.parts.notify import show_stopped
from napari_strata.widgets.parts.runner import JobRunner

DOCK_WIDTH = 370
"""Least width of a dock [px]."""
_CROSS = "QTitleBarCloseButton"
"""Name of the button in napari's title bars that closes a dock."""
_PLUGIN = " (napari-strata)"
"""What napari puts after the name of a dock; a tab has no room for it."""
_SETTLED = 200
"""Time after which contents that are shown have napari's style and their size [ms]."""


class Dock(QWidget):
    """A widget for napari's dock area.

    When a dock is closed napari lets go of the widget in it but does not destroy it, so it would live on unseen,
    its job and its connections with it. This one then stops its job and goes. What a job that somebody asked for
    had made until then is still shown, and a notification says that it was stopped. Where that would be a loss,
    `closing_question` is asked when the cross in the title bar is pressed.

    A dock that is shown for the first time takes turns with those of its kind that are in the same area: one below
    the other they would be higher than the screen, and the window with them. Tabs can be dragged apart.
    """

    _frame: QDockWidget | None = None
    _was_shown = _is_closed = False
    _stopped: tuple[JobRunner, ...] = ()
    """Those whose jobs were stopped when the dock was closed."""

    def scroll(self, content: QWidget) -> None:
        """Fill the dock with a form that scrolls where the dock is lower than the form."""
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Page(content))

    def minimumSizeHint(self) -> QSize:
        """Ask for the width that all docks have, and for more where the contents need it.

        Contents that were never shown have not yet napari's style and are wider; a frame keeps its greatest width.
        """
        needed = super().minimumSizeHint()
        return needed.expandedTo(QSize(DOCK_WIDTH, 0)) if self._was_shown else QSize(DOCK_WIDTH, needed.height())

    def showEvent(self, event: QShowEvent) -> None:
        """Follow whether the dock is in front of those that share its place; Qt calls all of them visible."""
        super().showEvent(event)
        if not self._was_shown:
            self.startTimer(_SETTLED)
        frame = self.parentWidget()
        while frame is not None and not isinstance(frame, QDockWidget):
            frame = frame.parentWidget()
        if frame is not None and frame is not self._frame:
            self._frame = frame
            frame.visibilityChanged.connect(self._on_front)
            frame.topLevelChanged.connect(self._guard_cross)  # which gives it another title bar
            self._guard_cross()
            _join_others(frame)
        if frame is None:
            self.came_to_front(True)

    def timerEvent(self, event: QTimerEvent) -> None:
        """Ask for the width that is needed, now that the contents have napari's style."""
        self.killTimer(event.timerId())
        self._was_shown = True
        self.updateGeometry()

    @property
    def closing_question(self) -> str:
        """What is asked before the dock is closed; empty where it may go without."""
        return ""

    def eventFilter(self, cross: QObject, event: QEvent) -> bool:
        """Ask before the cross closes the dock, where there is something to ask."""
        is_click = isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonRelease
        if not (is_click and cross.rect().contains(event.position().toPoint()) and self.closing_question):
            return bool(super().eventFilter(cross, event))
        cross.setDown(False)
        asked = QMessageBox.question(self, "Close the dock", self.closing_question)
        if asked == QMessageBox.StandardButton.Yes:
            cross.click()
        return True

    def _guard_cross(self, _is_floating: bool = False) -> None:
        title = None if self._frame is None else self._frame.titleBarWidget()
        cross = None if title is None else title.findChild(QPushButton, _CROSS)
        if cross is not None:
            cross.installEventFilter(self)

    def came_to_front(self, is_in_front: bool) -> None:
        """Take note that the dock came to the front, or went behind another one or out of sight."""

    def _on_front(self, is_in_front: bool) -> None:
        self.came_to_front(is_in_front)

    def event(self, event: QEvent) -> bool:
        """Notice when napari lets go."""
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._end()
        return bool(super().event(event))

    def _end(self) -> None:
        self._is_closed = True
        busy = [runner for runner in self.findChildren(JobRunner) if runner.is_busy]
        heard = [runner.parent() for runner in busy if runner.asked_for]
        for child in self.findChildren(QWidget):
            child.blockSignals(child not in heard)  # nobody asks for anything else any more
        for runner in busy:
            if runner not in self._stopped:
                self._stopped = (*self._stopped, runner)
                runner.ended.connect(partial(self._on_stopped, runner))
                runner.stop()
        if not busy:
            self.deleteLater()

    def _on_stopped(self, runner: JobRunner, ended: JobEnded) -> None:
        if runner.asked_for:
            show_stopped(runner.name, ended)
        self._end()


def _join_others(frame: QDockWidget) -> None:
    """Tab a dock with another one of its kind in the same area, in front of it."""
    frame.setWindowTitle(frame.windowTitle().removesuffix(_PLUGIN))  # the text of its tab
    window = frame.parentWidget()
    if not isinstance(window, QMainWindow) or frame.isFloating() or window.tabifiedDockWidgets(frame):
        return
    area = window.dockWidgetArea(frame)
    for other in window.findChildren(QDockWidget):
        is_ours = other is not frame and other.findChild(Dock) is not None
        if is_ours and not other.isFloating() and not other.isHidden() and window.dockWidgetArea(other) == area:
            window.tabifyDockWidget(other, frame)
            frame.raise_()
            return
