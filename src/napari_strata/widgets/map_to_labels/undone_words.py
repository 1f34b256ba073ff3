"""Words of what was drawn, which are no longer so once undo took it away."""

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_strata.widgets.layers.drawn_pixels import DrawnPixels
from napari_strata.widgets.parts.connections import LayerFollower
from napari_strata.widgets.parts.job_panel import JobPanel

if TYPE_CHECKING:
    from napari.layers import Labels


class UndoneWords:
    """Says that undo took away what was drawn last, or that redo brought it back, where nothing newer is said.

    Parameters
    ----------
    owner : QObject
        With whose end it ends.
    panel : JobPanel
        Where it is said.
    undone : str
        What to say after undo.
    """

    def __init__(self, owner: QObject, panel: JobPanel, undone: str) -> None:
        self._panel, self._undone = panel, undone
        self._last: tuple[str, DrawnPixels] | None = None
        self._follower = LayerFollower(owner, self._look, "set_data")

    def say(self, said: str, labels: "Labels", drawn: DrawnPixels) -> None:
        """Say what was drawn."""
        self._last = said, drawn
        self._follower.follow(labels)
        self._panel.say(said)

    def _look(self, _event: object = None) -> None:
        if self._last is None:
            return
        said, drawn = self._last
        old, new = (self._undone, said) if drawn.are_there else (said, self._undone)
        if self._panel.words.text() == old:
            self._panel.say(new)
