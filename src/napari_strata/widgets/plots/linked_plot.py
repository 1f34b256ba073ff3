"""What the linked plots have in common: a picture in the colours of napari's theme, and what is picked in it."""

from typing import TYPE_CHECKING, Any

from napari.utils.theme import get_theme
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_strata.widgets.layers.colours import HUES
from napari_strata.widgets.parts.curve_plot import themed_plot

if TYPE_CHECKING:
    from napari.viewer import Viewer

LEAST_HEIGHT = 190
"""Of a plot [px]."""
SELECTED = "#ffffff"
"""Colour of what belongs to the atoms that are selected on the image."""
Place = tuple[float, float]


class LinkedPlot(QWidget):
    """A plot that is made when there is something to draw.

    Parameters
    ----------
    viewer : Viewer
        Whose theme to wear.
    """

    picked = Signal(object, str)
    """Numbers of the atoms that were picked, a sorted array, and what they are in words."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = get_theme(viewer.theme)
        self._plot: Any = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    @property
    def plot(self) -> Any:
        """The `pyqtgraph.PlotWidget`; made the first time it is asked for."""
        if self._plot is None:
            self._plot = self._make_plot()
            self.layout().addWidget(self._plot)
            self.dress(self._plot)
        return self._plot

    @property
    def is_drawn(self) -> bool:
        """Whether there is a plot yet."""
        return self._plot is not None

    def dress(self, plot: Any) -> None:
        """Add what stays in the plot."""

    def on_drag(self, start: Place, end: Place) -> None:
        """Show what would be picked."""

    def on_pick(self, start: Place, end: Place) -> None:
        """Pick."""

    def _make_plot(self) -> Any:
        from napari_strata.widgets.plots.pick_box import PickBox

        box = PickBox()
        plot = themed_plot(self.theme, viewBox=box)
        plot.setMinimumHeight(LEAST_HEIGHT)
        plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        box.dragged.connect(self.on_drag)
        box.picked.connect(self.on_pick)
        return plot


def hue(layer: int) -> str:
    """Return the colour of a crystal layer, that of its atoms on the image."""
    return HUES[layer % len(HUES)]
