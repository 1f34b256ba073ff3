"""The live curve of a training: loss of every batch, its running mean, validation, and the best so far."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.theme import get_theme
from numpy.typing import NDArray
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_strata.events import BatchEnded, EpochEnded
from napari_strata.widgets.parts.curve_plot import curve_plot

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.training.run.history import Epoch

FloatArray = NDArray[np.float64]

MEMORY = 0.9
"""Weight of the past in the running mean of the training loss."""
DECADES = 1.5
"""An axis of more decades has ticks at powers of ten only."""
_HEIGHT = 190
_TITLE_ROW = 0
"""Row of pyqtgraph's layout above the curves, where an empty title is at first."""


class LossPlot(QWidget):
    """Draws a training as it goes on: events are only noted, and drawn when `draw` is called.

    pyqtgraph takes a while to import; whoever owns the plot calls `prepare` when nobody waits.

    Parameters
    ----------
    viewer : Viewer
        Whose theme to wear.
    """

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = get_theme(viewer.theme)
        self._plot: Any = None
        self._curves: dict[str, Any] = {}
        self._losses: list[tuple[int, float, float]] = []
        self._epochs: list[EpochEnded | Epoch] = []
        self._best: EpochEnded | Epoch | None = None
        self._is_recalled = False
        self._sum = 0.0
        self._shown = (0.0, 0.0)
        self.setFixedHeight(_HEIGHT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    def prepare(self) -> None:
        """Import pyqtgraph and make the curves; nothing happens when that is done already."""
        if self._plot is None:
            self._plot = self._make_plot()
            self.layout().addWidget(self._plot)

    def start(self) -> None:
        """Forget the last training and draw the next."""
        self.prepare()
        self._losses, self._epochs, self._best, self._sum = [], [], None, 0.0
        self._is_recalled = False
        self.draw()

    def recall(self, epochs: "Iterable[Epoch]") -> None:
        """Note the epochs before a training goes on; those that it goes through again are forgotten then.

        Their mean losses stand for those of their batches.
        """
        self._is_recalled = True
        for epoch in epochs:
            self._note(epoch.step, epoch.train_loss)
            self._note_epoch(epoch)
        self.draw()

    def add_batch(self, event: BatchEnded) -> None:
        """Note the loss of a batch."""
        if self._is_recalled:
            self._forget_from(event.step)
        self._note(event.step, event.loss)

    def _forget_from(self, step: int) -> None:
        """Forget what was recalled and comes again."""
        earlier = [(one, epoch) for one, epoch in zip(self._losses, self._epochs, strict=True) if one[0] < step]
        self._losses, self._epochs, self._best, self._sum = [], [], None, 0.0
        for (at, loss, _mean), epoch in earlier:
            self._note(at, loss)
            self._note_epoch(epoch)
        self._is_recalled = False

    def _note(self, step: int, loss: float) -> None:
        self._sum = MEMORY * self._sum + (1 - MEMORY) * loss
        self._losses.append((step, loss, self._sum / (1 - MEMORY ** (len(self._losses) + 1))))

    def add_epoch(self, event: EpochEnded) -> None:
        """Note the scores of an epoch."""
        self._note_epoch(event)

    def _note_epoch(self, epoch: "EpochEnded | Epoch") -> None:
        self._epochs.append(epoch)
        if epoch.is_best:
            self._best = epoch

    def forget_best(self) -> None:
        """Mark no best epoch until there is one again: a correction made earlier scores void."""
        self._best = None

    def draw(self) -> None:
        """Draw what was noted since the last time."""
        steps, losses, means = np.array(self._losses).reshape(-1, 3).T
        self._curves["batch"].setData(steps, losses)
        self._curves["mean"].setData(steps, means)
        scored = [epoch for epoch in self._epochs if epoch.validation_loss is not None]
        for name, epochs in (("validation", scored), ("best", [e for e in scored if e is self._best])):
            self._curves[name].setData([e.step for e in epochs], [e.validation_loss for e in epochs])
        last = max([*steps[-1:], *(epoch.step for epoch in scored)], default=0)
        self._fit(last, np.concatenate([losses, [epoch.validation_loss for epoch in scored]]))

    def _make_plot(self) -> Any:
        import pyqtgraph as pg

        plot = curve_plot(self._theme, left="loss", bottom="batch")
        plot.setLogMode(y=True)
        plot.setMouseEnabled(x=False, y=False)
        legend = _legend_above(plot, self._theme.text.as_hex())
        faint, strong = "#8aa0ff60", "#8aa0ff"
        self._curves = {
            "batch": plot.plot(pen=faint),
            "mean": plot.plot(pen=pg.mkPen(strong, width=2), name="training"),
            "validation": plot.plot(pen=None, symbol="o", symbolSize=6, symbolBrush="#ffb05c", name="validation"),
            "best": plot.plot(pen=None, symbol="star", symbolSize=15, symbolBrush="#6ee787", name="best"),
        }
        plot.getPlotItem().layout.setRowFixedHeight(_TITLE_ROW, legend.height())
        return plot

    def _fit(self, last: float, losses: FloatArray) -> None:
        """Make the axes fit, in steps: drawing them anew costs more than all curves."""
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            if axis.style["showValues"] != (losses.size > 0):
                axis.setStyle(showValues=losses.size > 0)
        if losses.size:
            right = 10 * 1.5 ** np.ceil(np.log(max(last, 10) / 10) / np.log(1.5))
            low, high = 5 * np.log10(np.maximum([losses.min(), losses.max()], 1e-9))
            bottom, top = np.floor(low) / 5, np.ceil(high) / 5
            self._plot.setRange(xRange=(0, right), yRange=(bottom, top), padding=0)
            if self._shown != (bottom, top):
                self._shown = bottom, top
                self._plot.getAxis("left").setTicks([log_ticks(bottom, top)])


def _legend_above(plot: Any, text: str) -> Any:
    """Put the legend into the row above the curves, side by side, where it covers none of them."""
    import pyqtgraph as pg

    item = plot.getPlotItem()
    legend = pg.LegendItem(colCount=3, horSpacing=4, labelTextColor=text, labelTextSize="8pt")
    item.legend = legend
    item.layout.removeItem(item.titleLabel)
    item.layout.addItem(legend, _TITLE_ROW, 1)
    return legend


def log_ticks(bottom: float, top: float) -> list[tuple[float, str]]:
    """Return places and labels on a logarithmic axis, few enough to be read; pyqtgraph's own lie on each other.

    Parameters
    ----------
    bottom, top : float
        Decimal logarithms of the ends.
    """
    digits = (1, 2, 5) if top - bottom <= DECADES else (1,)
    values = [digit * 10.0**k for k in range(int(np.floor(bottom)), int(np.ceil(top)) + 1) for digit in digits]
    places = [(float(np.log10(value)), f"{value:g}") for value in values]
    return [(place, text) for place, text in places if bottom - 1e-9 <= place <= top + 1e-9]
