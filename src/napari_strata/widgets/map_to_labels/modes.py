"""Where a map may be shown, and how."""

from dataclasses import dataclass
from enum import Enum


class Mode(Enum):
    """Where a map is shown."""

    OVERLAY = "On the image"
    ALONE = "Map alone"
    BESIDE = "Beside the image"
    CONTOURS = "Contour lines only"


@dataclass(frozen=True, slots=True)
class View:
    """How to show a map.

    Attributes
    ----------
    mode : Mode
        Where.
    hides_weak : bool
        Whether what is below the threshold is transparent.
    lines : int
        How many contour lines.
    """

    mode: Mode = Mode.OVERLAY
    hides_weak: bool = False
    lines: int = 0

    @property
    def drawn(self) -> int:
        """How many lines are drawn: at least one where nothing else is."""
        return max(self.lines, 1) if self.mode is Mode.CONTOURS else self.lines
