"""The curves of several trainings in one plot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari.utils.theme import get_theme
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from napari_strata.widgets.parts.curve_plot import COLOURS, curve_plot
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.training.folders.listing import Run
    from napari_strata.training.run.history import Epoch

KINDS = {
    "Dice": "validation_dice",
    "Loss on held-out data": "validation_loss",
    "Training loss": "train_loss",
    "R² (values)": "validation_r2",
    "RMSE (values)": "validation_rmse",
}
_RISING = ("Dice", "R² (values)")
"""The larger, the better: their curves leave room below."""
_WHY = {
    "Dice": ": nothing was held out, or it gives values",
    "R² (values)": ": it gives classes, or nothing was held out",
    "RMSE (values)": ": it gives classes, or nothing was held out",
}
"""Why a run lacks a curve."""
LEAST_HEIGHT = 120
"""Of the plot [px]."""


class RunCurves(QWidget):
    """Compares runs by a curve each; pyqtgraph is imported when there is one to draw.

    Parameters
    ----------
    viewer : Viewer
        Whose theme to wear.
    """

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = get_theme(viewer.theme)
        self._plot: Any = None
        self._runs: tuple[Run, ...] = ()
        self.kind = ChoiceBox()
        self.kind.addItems(list(KINDS))
        self.kind.setToolTip("What to compare, epoch by epoch.")
        self.kind.currentIndexChanged.connect(self._draw)
        self.words = Words()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.kind)
        layout.addWidget(self.words)

    @property
    def curves(self) -> list[tuple[str, list[int], list[float]]]:
        """What is drawn: the name in the legend, batches, and the values after them; runs without such are not."""
        drawn = ((run.folder.name, *self._points(run)) for run in self._runs)
        return [(name, steps, values) for name, steps, values in drawn if steps]

    def show_runs(self, runs: "Sequence[Run]") -> None:
        """Compare other runs; by something else where none of them has a curve of what was chosen."""
        self._runs = tuple(run for run in runs if run.history)[: len(COLOURS)]  # the rest could not be told apart
        self.setVisible(bool(self._runs))
        if self._runs:
            kinds = (self.kind.currentText(), *KINDS)
            self._show_kind(next((kind for kind in kinds if self._has_curve(kind)), kinds[0]))
            self._draw()

    def _show_kind(self, kind: str) -> None:
        blocked = self.kind.blockSignals(True)
        self.kind.setCurrentText(kind)
        self.kind.blockSignals(blocked)

    def _has_curve(self, kind: str) -> bool:
        return any(_value(epoch, KINDS[kind]) is not None for run in self._runs for epoch in run.history)

    def _draw(self, _index: int = 0) -> None:
        import pyqtgraph as pg

        if self._plot is None:
            self._plot = self._make_plot()
            self.layout().addWidget(self._plot)
        curves = self.curves
        self._plot.setVisible(bool(curves))
        self._say_missing({name for name, _steps, _values in curves})
        self._plot.clear()
        self._legend.setOffset((-4, -4 if self.kind.currentText() in _RISING else 4))  # where the curves are not
        self._plot.setLabel("left", self.kind.currentText(), color=self._theme.text.as_hex())
        for colour, (name, steps, values) in zip(COLOURS, curves, strict=False):
            dots = {"symbol": "o", "symbolSize": 4, "symbolBrush": colour, "symbolPen": None}
            self._plot.plot(steps, values, pen=pg.mkPen(colour, width=2), name=name, **dots)

    def _say_missing(self, drawn: set[str]) -> None:
        """Say which runs have no such curve, and why."""
        kind = self.kind.currentText()
        missing = ", ".join(run.folder.name for run in self._runs if run.folder.name not in drawn)
        why = "" if KINDS[kind] == "train_loss" else _WHY.get(kind, ": nothing was held out")
        self.words.setText(f"No {kind} of {missing}{why}." if missing else "")
        self.words.setVisible(bool(missing))

    def _points(self, run: "Run") -> tuple[list[int], list[float]]:
        kind = KINDS[self.kind.currentText()]
        points = [(epoch.step, value) for epoch in run.history if (value := _value(epoch, kind)) is not None]
        return [step for step, _ in points], [value for _, value in points]

    def _make_plot(self) -> Any:
        plot = curve_plot(self._theme, bottom="batch")
        plot.setMinimumHeight(LEAST_HEIGHT)
        plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._legend = plot.addLegend(labelTextColor=self._theme.text.as_hex(), verSpacing=-6, labelTextSize="8pt")
        return plot


def _value(epoch: "Epoch", kind: str) -> float | None:
    value: float | None = getattr(epoch, kind)
    return value
