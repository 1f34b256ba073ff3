"""One comparison: its question, its table, its curves, and its maps side by side."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.errors import TargetError
from napari_strata.widgets.compare.grid import MapGrid
from napari_strata.widgets.compare.kept import Kept
from napari_strata.widgets.compare.score_curves import ScoreCurves
from napari_strata.widgets.compare.score_table import ScoreTable
from napari_strata.widgets.layers.last_made import tell_made
from napari_strata.widgets.layers.napari_layers import heatmap_layer
from napari_strata.widgets.layers.results import hide_other_maps, show_results
from napari_strata.widgets.layers.targets import Chosen, Place
from napari_strata.widgets.parts.save_place import may_write
from napari_strata.widgets.parts.words import Words

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.jobs.compare_maps import ComparedMap

Guard = Callable[[Callable[..., Any]], Callable[..., None]]


class ComparisonView(QWidget):
    """Shows a comparison, and lets its maps be looked at and all of it be saved; hidden while there is none.

    Parameters
    ----------
    viewer : Viewer
        The viewer.
    guarded : callable
        Wraps what a click starts so that a mistake is said.
    """

    picked = Signal()
    """Another method is chosen."""

    def __init__(self, viewer: "Viewer", guarded: Guard) -> None:
        super().__init__()
        self._viewer = viewer
        self._shown: Kept | None = None
        self.of = Words()
        self.table = ScoreTable()
        self.grid_button, self.keep_button = QPushButton("Side by side"), QPushButton("Add as layer")
        self.save_button = QPushButton("Save table…")
        self.curves = ScoreCurves(viewer)
        self.grid = MapGrid(viewer, self)
        self._lay_out()
        self.table.picked.connect(self._on_row)
        self.grid_button.clicked.connect(guarded(self._on_grid_button))
        self.keep_button.clicked.connect(guarded(self._keep))
        self.save_button.clicked.connect(guarded(self._save))
        self.grid.shown.connect(self.grid_button.setChecked)
        self.hide()

    @property
    def shown(self) -> Kept | None:
        """The comparison that is shown."""
        return self._shown

    @property
    def chosen(self) -> "ComparedMap | None":
        """The map of the chosen row."""
        return self.table.chosen

    def show_kept(self, kept: Kept | None) -> None:
        """Show another comparison, or none; its maps are not put side by side before that is asked."""
        if kept is self._shown:
            return
        self.grid.leave()
        self._shown = kept
        self.refresh()

    def refresh(self, *, with_grid: bool = False) -> None:
        """Show what is known now; with its maps side by side if they are so already, or if that is asked."""
        kept = self._shown
        self.setVisible(kept is not None)
        self.of.setText("" if kept is None else f"Scores for: {kept.request.words}")
        self.table.show_rows(() if kept is None else kept.rows, is_over=kept is not None and kept.is_complete)
        if kept is not None and (with_grid or self.grid.is_shown):
            asked = kept.request.asked
            self.grid.show(kept.rows, asked.source.origin, asked.frame)

    def _lay_out(self) -> None:
        self.grid_button.setCheckable(True)
        self.grid_button.setToolTip("Shows the maps in a grid that moves as one; press again to leave it.")
        self.keep_button.setToolTip("Adds the map of the chosen row as a layer, for all that follows on a map.")
        self.save_button.setToolTip(
            "Write all methods, scores, curves, settings and verdicts as JSON, and the table as CSV beside it."
        )
        buttons = QHBoxLayout()
        for button in (self.grid_button, self.keep_button, self.save_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.of)
        layout.addWidget(self.table)
        layout.addLayout(buttons)
        layout.addWidget(self.curves)

    def _on_row(self) -> None:
        chosen = self.chosen
        self.keep_button.setEnabled(chosen is not None and chosen.data is not None)
        self.curves.show_rows(() if self._shown is None else self._shown.rows, chosen)
        self.picked.emit()

    def _on_grid_button(self, _checked: bool = False) -> None:
        kept = self._shown
        if not self.grid_button.isChecked():
            self.grid.leave()
        elif kept is not None:
            self.grid_button.setChecked(False)
            self._check_image(kept)
            self.grid.show(kept.rows, kept.request.asked.source.origin, kept.request.asked.frame)

    def _keep(self, _checked: bool = False) -> None:
        row, kept = self.chosen, self._shown
        if row is None or row.data is None or kept is None:
            return
        self._check_image(kept)
        origin, (y, x) = kept.request.asked.source.origin, row.metadata["position"]
        place = Place(kept.request.asked.frame, float(y), float(x))
        chosen = Chosen(row.metadata["target"]["kind"], place, row.metadata["layer"])
        self.grid.leave()
        layer = heatmap_layer(row.data, origin, chosen, details=row.metadata)
        (layer,) = show_results(self._viewer, [layer], below="atoms")
        tell_made(self._viewer, layer)
        hide_other_maps(self._viewer, layer, origin.image)

    def _save(self, _checked: bool = False) -> None:
        from napari_strata.jobs.comparison_report import write_comparison

        kept, title = self._shown, "Save the comparison"
        assert kept is not None, "the button is hidden while nothing is shown"
        typed, _kind = QFileDialog.getSaveFileName(self, title, "comparison.json", "JSON (*.json)")
        if not typed:
            return
        path = Path(typed)
        path = path if path.suffix == ".json" else path.with_name(f"{path.name}.json")
        beside = () if path.exists() else (path.with_suffix(".csv"),)  # which goes with a comparison that is there
        if all(may_write(self, title, one, typed=typed) for one in (path, *beside)):
            write_comparison(kept.described(), path)

    def _check_image(self, kept: Kept) -> None:
        if dropped := kept.request.asked.source.why_dropped(self._viewer):
            raise TargetError(dropped, remedy="Compare again.")
