"""Writes maps, and their statistics in regions, to files."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from napari_strata.control import JobControl
from napari_strata.events import JobResult
from napari_strata.io.map_files import PICTURES, TABLES, write_statistics
from napari_strata.jobs.job import Job
from napari_strata.jobs.save_maps import MappedFrame
from napari_strata.lattice.regions import Region, statistics_in
from napari_strata.widgets.layers.layer_data import full_data
from napari_strata.widgets.parts.newest import NewestJob
from napari_strata.widgets.parts.notify import in_notifications
from napari_strata.widgets.parts.save_place import may_write

if TYPE_CHECKING:
    from napari_strata.widgets.lattice.maps_panel import Measured


class MapSaving(QWidget):
    """A button that writes all maps, and a line that says where they went.

    Parameters
    ----------
    take : callable
        Returns what was measured, or None, and whether the smooth distortion is to be taken out.
    """

    def __init__(self, take: "Callable[[], tuple[Measured | None, bool]]", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._take = take
        self.button, self.saving = QPushButton("Save all maps…"), NewestJob(can_cancel=True)
        self.button.setToolTip(
            "Write all maps beside the atoms (csv, parquet) or on the image's pixels (npz, tif)."
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        layout.addWidget(self.saving)
        self.button.clicked.connect(in_notifications(self._save))
        self.saving.brought.connect(self._on_saved)

    def forget(self) -> None:
        """Say no more where something was saved."""
        if not self.saving.is_busy:
            self.saving.say("")

    def save_statistics(self, regions: Sequence[Region]) -> None:
        """Ask for a file, and write the statistics of all maps in regions."""
        at, frees = self._take()
        if at is None:
            return
        path = _ask(self, "Save statistics", f"{at.image.name}-regions", {".csv": "CSV table"})
        if path is not None:
            write_statistics(statistics_in(at.maps.frame, regions, at.frame, without_field=frees), path)
            self.saving.say(f"Saved {path.name}.")

    def _save(self, _checked: bool = False) -> None:
        at, frees = self._take()
        if at is None:
            return
        path = _ask(self, "Save all maps", f"{at.image.name}-maps", TABLES | PICTURES)
        if path is None:
            return
        height, width = full_data(at.image).shape[-2:]
        maps = at.maps.frame
        frame = MappedFrame(at.image.name, at.frame, maps.atoms, maps, (int(height), int(width)))
        self.saving.ask(
            lambda control: _make_job(control, frame, path, without_field=frees), name=f"Writing {path.name}"
        )

    def _on_saved(self, result: JobResult) -> None:
        self.saving.say(f"Saved {Path(result.paths['maps']).name}.")


def _ask(parent: QWidget, title: str, name: str, kinds: Mapping[str, str]) -> Path | None:
    """Ask for a file of one of some kinds, by ending; what is typed wins over the list of kinds."""
    filters = {f"{words} (*{ending})": ending for ending, words in kinds.items()}
    first = next(iter(kinds))
    typed, chosen = QFileDialog.getSaveFileName(parent, title, f"{name}{first}", ";;".join(filters))
    if not typed:
        return None
    path, ending = Path(typed), filters.get(chosen, first)
    if path.suffix.lower() not in kinds:
        path = path.with_name(path.name + ending)
    elif path.name == f"{name}{first}":  # the proposal, which some dialogs leave as it is
        path = path.with_suffix(ending)
    return path if may_write(parent, title, path, typed=typed) else None


def _make_job(control: JobControl, frame: MappedFrame, path: Path, *, without_field: bool) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.save_maps import save_maps

    return save_maps(control, [frame], path, without_field=without_field)
