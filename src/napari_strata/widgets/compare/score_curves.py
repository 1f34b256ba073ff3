"""Deletion and insertion curves of several maps in one plot."""

from typing import TYPE_CHECKING, Any

from napari.utils.theme import get_theme
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_strata.explain.catalogue import METHODS
from napari_strata.widgets.parts.curve_plot import COLOURS, curve_plot
from napari_strata.widgets.parts.editors import ChoiceBox
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.jobs.compare_maps import ComparedMap, Comparison

KINDS = {"Deletion (falls fast: good)": "deletion", "Insertion (rises fast: good)": "insertion"}
OTHERS = {"edges": "edges", "random": "random order"}
"""What every map should beat: an edge detector dashed, random orders dotted."""
_HEIGHT = 200
_FAINT = "#9aa0aa"
_LEGEND = "Colours as in the table. Dashed: an edge detector; dotted: random order."


class ScoreCurves(QWidget):
    """Draws how the score falls or rises with the part of the pixels; pyqtgraph is imported when there is any.

    Parameters
    ----------
    viewer : Viewer
        Whose theme to wear.
    """

    def __init__(self, viewer: "Viewer", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = get_theme(viewer.theme)
        self._plot: Any = None
        self._rows: Comparison = ()
        self._chosen: ComparedMap | None = None
        self.kind = ChoiceBox()
        self.kind.addItems(list(KINDS))
        self.kind.setToolTip("What is removed or put back first is what the map shows most.")
        self.kind.currentIndexChanged.connect(self._draw)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.kind)
        self._legend = Words()
        self._legend.setText(_LEGEND)
        layout.addWidget(self._legend)
        self.hide()

    @property
    def curves(self) -> list[tuple[str, list[float], list[float]]]:
        """What is drawn: its name, the parts of the pixels, and the score as a part of the way."""
        kind = KINDS[self.kind.currentText()]
        rows = [row for row in self._rows if _has_curves(row)]
        drawn = [(METHODS[row.method].title, *_curve(row, kind, "method")) for row in rows]
        shown = self._chosen if self._chosen in rows else None
        return drawn + [(words, *_curve(shown or rows[0], kind, name)) for name, words in OTHERS.items() if rows]

    def show_rows(self, rows: "Comparison", chosen: "ComparedMap | None") -> None:
        """Draw the curves of these maps, that of the chosen one thicker."""
        self._rows, self._chosen = rows, chosen
        self._draw()

    def _draw(self, _index: int = 0) -> None:
        curves = self.curves
        self.setVisible(bool(curves))
        if not curves:
            return
        import pyqtgraph as pg
        from qtpy.QtCore import Qt

        if self._plot is None:
            self._plot = curve_plot(self._theme, left="score", bottom="part of the pixels")
            self._plot.setFixedHeight(_HEIGHT)
            self._plot.setMouseEnabled(x=False, y=False)
            self.layout().insertWidget(1, self._plot)
        self._plot.clear()
        colours = {METHODS[row.method].title: COLOURS[i % len(COLOURS)] for i, row in enumerate(self._rows)}
        chosen = self._chosen and METHODS[self._chosen.method].title
        for name, parts, values in curves:
            if name in colours:
                pen = pg.mkPen(colours[name], width=3 if name == chosen else 1.5)
            else:
                style = Qt.PenStyle.DashLine if name == OTHERS["edges"] else Qt.PenStyle.DotLine
                pen = pg.mkPen(_FAINT, width=1.5, style=style)
            self._plot.plot(parts, values, pen=pen)


def _has_curves(row: "ComparedMap") -> bool:
    return row.figures.get("curves", {}).get("deletion") is not None


def _curve(row: "ComparedMap", kind: str, name: str) -> tuple[list[float], list[float]]:
    found = row.figures["curves"]
    return found["parts"], found[kind]["curves"][name]
