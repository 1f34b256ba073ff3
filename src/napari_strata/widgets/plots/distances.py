"""Histogram of the distances between neighbours, with those that the crystal should show."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from napari_strata.widgets.plots.linked_plot import SELECTED, LinkedPlot, Place, hue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.viewer import Viewer

    from napari_strata.jobs.plot_pairs import LayerPairs

BIN = 0.01
"""Width of a bin, in units of the longest distance."""
LEAST_BIN = 0.01
"""The same in Å."""
SAME = 0.02
"""Expected distances of two layers that differ by less than this part are one mark."""
_ALPHA = "90"
_SELECTED_ALPHA = "b0"


class DistancePlot(LinkedPlot):
    """Counts pairs by their distance, one colour per crystal layer."""

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(viewer, parent)
        self._layers: tuple[LayerPairs, ...] = ()
        self._marks: tuple[float, ...] = ()
        self._highlights: tuple[Any, ...] = ()
        self._region: Any = None

    @property
    def marks(self) -> tuple[float, ...]:
        """The expected distances that are marked [Å]."""
        return self._marks

    def dress(self, plot: Any) -> None:
        """Name the axes."""
        text = self.theme.text.as_hex()
        plot.setLabel("bottom", "distance [Å]", color=text)
        plot.setLabel("left", "pairs", color=text)
        plot.showGrid(y=True, alpha=0.2)
        plot.setLimits(xMin=0, yMin=0)

    def show_pairs(
        self, layers: "Sequence[LayerPairs]", expected: NDArray[np.float64] | None, selected: set[int]
    ) -> None:
        """Show other pairs.

        Parameters
        ----------
        layers : sequence of LayerPairs
            The pairs of each layer.
        expected : ndarray, optional
            Distances that the crystal should show [Å]; by default those of the layers' own undistorted lattices.
        selected : set of int
            Numbers of the atoms that are selected.
        """
        import pyqtgraph as pg

        self._layers = tuple(layers)
        self.plot.clear()
        self._highlights, self._region = (), None
        if not self._layers:
            self.plot.setRange(xRange=(0, 1), yRange=(0, 1), padding=0)
            return
        self.plot.enableAutoRange(y=True)
        edges = self._edges()
        for one in self._layers:
            counts = np.histogram(one.distances, edges)[0]
            colour = hue(one.layer)
            self.plot.plot(edges, counts, stepMode="center", fillLevel=0, pen=colour, brush=colour + _ALPHA)
        self._marks = tuple(expected) if expected is not None else _own_marks(self._layers)
        self._marks = tuple(float(mark) for mark in self._marks if mark <= edges[-1])
        for mark in self._marks:
            options = {"position": 0.93, "color": self.theme.text.as_hex(), "movable": False}
            pen = pg.mkPen(self.theme.text.as_hex(), style=Qt.PenStyle.DashLine)
            self.plot.addItem(pg.InfiniteLine(mark, pen=pen, label=f"{mark:.3f}", labelOpts=options))
        self._highlights = tuple(
            self.plot.plot(
                edges,
                np.zeros(len(edges) - 1),
                stepMode="center",
                fillLevel=0,
                pen=hue(one.layer),
                brush=SELECTED + _SELECTED_ALPHA,
            )
            for one in self._layers
        )
        self.highlight(selected)
        self.plot.setXRange(0.8 * float(np.percentile(self._distances(), 0.5)), edges[-1], padding=0)

    def highlight(self, selected: set[int]) -> None:
        """Show the pairs of the selected atoms, as part of the bars of their layer."""
        if not self._highlights:
            return
        edges = self._edges()
        for one, bars in zip(self._layers, self._highlights, strict=True):
            bars.setData(edges, np.histogram(one.distances[touches(one.pairs, selected)], edges)[0])

    def on_drag(self, start: Place, end: Place) -> None:
        """Show the range of distances."""
        import pyqtgraph as pg

        if self._region is None:
            self._region = pg.LinearRegionItem(brush=SELECTED + "30", movable=False)
            self.plot.addItem(self._region)
        self._region.setRegion((start[0], end[0]))

    def on_pick(self, start: Place, end: Place) -> None:
        """Pick the atoms of all pairs in a range of distances, or in the bin that was clicked."""
        if self._region is not None:
            self.plot.removeItem(self._region)
            self._region = None
        if not self._layers:
            return
        low, high = sorted((start[0], end[0]))
        if low == high:
            edges = self._edges()
            bin_ = int(np.clip(np.searchsorted(edges, low, side="right") - 1, 0, len(edges) - 2))
            low, high = float(edges[bin_]), float(edges[bin_ + 1])
        inside = [(one.distances >= low) & (one.distances <= high) for one in self._layers]
        atoms = [one.pairs[rows].ravel() for one, rows in zip(self._layers, inside, strict=True)]
        count = sum(int(rows.sum()) for rows in inside)
        self.picked.emit(np.unique(np.concatenate(atoms)), f"{count:,} pairs from {low:.3f} to {high:.3f} Å")

    def summary(self) -> str:
        """Say how far the nearest neighbours are apart."""
        lines = []
        for one in self._layers:
            limit = _first_shell(one)
            near = one.distances[one.distances <= limit]
            if len(near) > 1:
                spread = f"{near.mean():.3f} Å, std {near.std(ddof=1):.3f} Å"
                lines.append(f"Layer {one.layer}: nearest neighbours {spread} ({len(near):,} pairs).")
        return "\n".join(lines)

    def _distances(self) -> NDArray[np.float64]:
        return np.concatenate([one.distances for one in self._layers])

    def _edges(self) -> NDArray[np.float64]:
        longest = max(one.reach for one in self._layers)
        width = max(BIN * longest, LEAST_BIN)
        return np.arange(0, longest + width, width)


def touches(pairs: NDArray[np.intp], selected: set[int]) -> NDArray[np.bool_]:
    """Tell which pairs have at least one of the selected atoms."""
    if not selected:
        return np.zeros(len(pairs), dtype=bool)
    return np.asarray(np.isin(pairs, list(selected)).any(axis=1))


def _own_marks(layers: "tuple[LayerPairs, ...]") -> tuple[float, ...]:
    """Return the distances expected in the layers; of those that are the same within 2 % the mean."""
    marks: list[list[float]] = []
    for distance in sorted(float(one) for layer in layers for one in layer.expected):
        if marks and distance - marks[-1][-1] <= SAME * distance:
            marks[-1].append(distance)
        else:
            marks.append([distance])
    return tuple(float(np.mean(one)) for one in marks)


def _first_shell(layer: "LayerPairs") -> float:
    """Return up to which distance pairs are nearest neighbours."""
    if len(layer.expected) > 1:
        return float(layer.expected[:2].mean())
    return 1.3 * float(np.median(layer.distances)) if not len(layer.expected) else 1.2 * float(layer.expected[0])
