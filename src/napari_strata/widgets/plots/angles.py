"""Directions of the bonds of each layer, as a rose that lies as the image does: x to the right, y down."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF
from qtpy.QtGui import QPainterPath, QPolygonF
from qtpy.QtWidgets import QGraphicsPathItem, QWidget

from napari_strata.widgets.plots.distances import touches
from napari_strata.widgets.plots.linked_plot import SELECTED, LinkedPlot, Place, hue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.viewer import Viewer

    from napari_strata.jobs.plot_pairs import LayerPairs

BIN = 2
"""Width of a bin [degrees]."""
CLICK = 3.0
"""A click picks bonds up to so far from its direction [degrees]."""
SPOKE = 30
"""Between the lines of the grid [degrees]."""
LABELS = 1.12
"""Where the angles are written, in units of the radius."""
_ALPHA = "70"


class AnglePlot(LinkedPlot):
    """Counts bonds by their direction, one colour per crystal layer; a bond points both ways."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(viewer, parent)
        self._layers: tuple[LayerPairs, ...] = ()
        self._most = 1
        self._roses: list[Any] = []
        self._highlight: Any = None
        self._sector: Any = None

    def dress(self, plot: Any) -> None:
        """Draw circles, spokes and angles."""
        import pyqtgraph as pg

        plot.setAspectLocked(True)
        plot.invertY(True)
        for side in ("left", "bottom"):
            plot.hideAxis(side)
        grid = QPainterPath()
        for radius in (0.5, 1.0):
            grid.addEllipse(QPointF(0, 0), radius, radius)
        for angle in np.deg2rad(np.arange(0, 180, SPOKE)):
            x, y = float(np.cos(angle)), float(np.sin(angle))
            grid.moveTo(-x, -y)
            grid.lineTo(x, y)
        plot.addItem(_shape(grid, self.theme.secondary.as_hex(), ""))
        for degrees in range(0, 360, SPOKE):
            label = pg.TextItem(f"{degrees}°", color=self.theme.text.as_hex(), anchor=(0.5, 0.5))
            label.setPos(LABELS * np.cos(np.deg2rad(degrees)), LABELS * np.sin(np.deg2rad(degrees)))
            plot.addItem(label)
        plot.setRange(xRange=(-LABELS, LABELS), yRange=(-LABELS, LABELS), padding=0.06)

    def show_pairs(self, layers: "Sequence[LayerPairs]", selected: set[int]) -> None:
        """Show the bonds of other layers, those of selected atoms in white."""
        plot = self.plot
        self._layers = tuple(layers)
        for rose in self._roses:
            plot.removeItem(rose)
        self._most = max((int(_counts(one.angles).max(initial=0)) for one in self._layers), default=0) or 1
        self._roses = [
            _shape(_rose(_counts(one.angles) / self._most), hue(one.layer), hue(one.layer) + _ALPHA)
            for one in self._layers
        ]
        self._highlight = _shape(QPainterPath(), SELECTED, SELECTED + _ALPHA)
        self._roses.append(self._highlight)
        for rose in self._roses:
            plot.addItem(rose)
        self.highlight(selected)

    def highlight(self, selected: set[int]) -> None:
        """Show the bonds of the selected atoms, as part of the rose of their layer."""
        if self._highlight is None:
            return
        path = QPainterPath()
        for one in self._layers:
            path.addPath(_rose(_counts(one.angles[touches(one.bonds, selected)]) / self._most))
        self._highlight.setPath(path)

    def on_drag(self, start: Place, end: Place) -> None:
        """Show the sector."""
        self._forget_sector()
        low, width = _sector_of(start, end)
        path = QPainterPath()
        for turn in (0, 180):
            at = np.deg2rad(np.linspace(low, low + width, 30) + turn)
            corners = [QPointF(0, 0), *(QPointF(float(np.cos(a)), float(np.sin(a))) for a in at)]
            path.addPolygon(QPolygonF(corners))
        self._sector = _shape(path, SELECTED, SELECTED + "30")
        self.plot.addItem(self._sector)

    def on_pick(self, start: Place, end: Place) -> None:
        """Pick the atoms of all bonds in a sector, or near the direction that was clicked."""
        self._forget_sector()
        if not self._layers:
            return
        low, width = _sector_of(start, end)
        inside = [(one.angles - low) % 180 <= width for one in self._layers]
        atoms = [one.bonds[rows].ravel() for one, rows in zip(self._layers, inside, strict=True)]
        count = sum(int(rows.sum()) for rows in inside)
        words = f"{count:,} bonds from {low % 180:.0f} to {(low + width) % 180:.0f} degrees"
        self.picked.emit(np.unique(np.concatenate(atoms)), words)

    def _forget_sector(self) -> None:
        if self._sector is not None:
            self.plot.removeItem(self._sector)
            self._sector = None


def _sector_of(start: Place, end: Place) -> tuple[float, float]:
    """Return where a sector begins, and its width [degrees]; it goes the short way, and opposite ways are one."""
    first, last = (float(np.degrees(np.arctan2(y, x))) for x, y in (start, end))
    if start == end:
        return first - CLICK, 2 * CLICK
    width = (last - first + 90) % 180 - 90
    return (first, width) if width >= 0 else (first + width, -width)


def _counts(angles: NDArray[np.float64]) -> NDArray[np.intp]:
    return np.histogram(angles % 180, np.arange(0, 180 + BIN, BIN))[0]


def _rose(lengths: NDArray[np.float64]) -> QPainterPath:
    """Return wedges of such lengths, each drawn both ways."""
    path = QPainterPath()
    for number in np.flatnonzero(lengths):
        for turn in (0, 180):
            low, high = np.deg2rad([BIN * number + turn, BIN * (number + 1) + turn])
            reach = float(lengths[number])
            corners = [QPointF(0, 0), *(QPointF(reach * np.cos(a), reach * np.sin(a)) for a in (low, high))]
            path.addPolygon(QPolygonF(corners))
            path.closeSubpath()
    return path


def _shape(path: QPainterPath, pen: str, brush: str) -> Any:
    import pyqtgraph as pg

    item = QGraphicsPathItem(path)
    item.setPen(pg.mkPen(pen))
    item.setBrush(pg.mkBrush(brush or None))
    return item
