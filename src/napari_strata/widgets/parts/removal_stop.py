"""Stops a job as soon as a layer that it works for is removed: nobody will see what it finds."""

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_strata.widgets.parts.connections import connect_while_alive
from napari_strata.widgets.parts.job_panel import JobPanel

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


class RemovalStop(QObject):
    """Cancels the job of a panel when its image, or the layer it draws on, is removed, and says so.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    panel : JobPanel
        Whose job is stopped; the last to say how it ended is this object.
    """

    def __init__(self, viewer: "Viewer", panel: JobPanel) -> None:
        super().__init__(panel)
        self._panel = panel
        self._watched: list[Layer] = []
        self._gone = ""
        connect_while_alive(self, self._on_removed, viewer.layers.events.removed)
        panel.runner.ended.connect(self._on_ended)

    def watch(self, napari_layer: "Layer") -> None:
        """Let the job that runs now hang on one more layer."""
        self._watched.append(napari_layer)

    def _on_removed(self, event: Any) -> None:
        if any(event.value is layer for layer in self._watched) and self._panel.runner.is_busy:
            self._gone = event.value.name
            self._panel.runner.stop()

    def _on_ended(self, _ended: object) -> None:
        gone, self._gone, self._watched = self._gone, "", []
        if gone:
            self._panel.say(f"{gone} was removed; stopped.")
