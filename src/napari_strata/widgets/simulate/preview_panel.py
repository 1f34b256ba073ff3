"""A simulated image beside the user's, with the Fourier transforms of both; the newest request wins."""

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_strata.config import SimulationConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult
from napari_strata.jobs.job import Job
from napari_strata.numbers import plain
from napari_strata.widgets.parts.newest import NewestJob
from napari_strata.widgets.parts.words import Words
from napari_strata.widgets.simulate.comparison import Comparison, Named
from napari_strata.widgets.simulate.field import Field
from napari_strata.widgets.simulate.pictures import grey_image, grey_spectra, shown_part
from napari_strata.widgets.simulate.words import drawn_in_words

if TYPE_CHECKING:
    from napari_strata.jobs.preview_simulation import Preview

DRAWING = "Drawing…"
YOURS, OURS = "Your image", "Simulated"
TRANSFORM = "Fourier transform"


class PreviewPanel(QWidget):
    """Pictures, and a line that tells what was drawn."""

    changed = Signal()
    """Emitted when another simulated image, or none, is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field: Field | None = None
        self.preview: Preview | None = None
        """What is shown."""
        self.pictures = Comparison()
        self.drawn = Words()
        self.live = NewestJob()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.pictures, self.drawn, self.live):
            layout.addWidget(part)
        self.live.brought.connect(self._on_result)
        self.live.runner.ended.connect(self._on_ended)
        self.live.say("")

    def expect(self) -> None:
        """Say that the pictures are old, and others are on their way."""
        height = self.drawn.minimumHeight()
        self.drawn.setText(DRAWING)
        self.drawn.setMinimumHeight(height)  # so that the buttons below stay under the mouse

    def ask(self, field: Field, config: SimulationConfig, *, seed: int) -> None:
        """Simulate with other settings; what is shown stays until that is done."""
        self._field = field
        self.expect()
        self.live.say("")
        self.live.ask(partial(_make_job, field=field, config=config, seed=seed), name="Simulating a preview")

    def refuse(self, words: str) -> None:
        """Say why nothing can be simulated, and show nothing."""
        self.live.forget()
        self.live.say(words)
        self.preview = None
        self.drawn.setText("")
        self.pictures.show_pictures([])
        self.changed.emit()

    def _on_result(self, result: JobResult) -> None:
        preview: Preview = result.value
        assert self._field is not None, "a preview was asked for"
        self.preview = preview
        self.pictures.show_pictures(_pictured(preview, self._field))
        self._tell_drawn()
        self.changed.emit()

    def _on_ended(self, _ended: object) -> None:
        """Name what is still shown, where nothing else is on its way."""
        if not self.live.is_busy and self.drawn.text() == DRAWING:
            self._tell_drawn()

    def _tell_drawn(self) -> None:
        if self.preview is None:
            self.drawn.setText("")
            return
        config = self.preview.config
        zone = None if config.crystal.cif is None else config.crystal.zone_axis
        self.drawn.setText(drawn_in_words(self.preview.parameters, dose_per=config.dose_per, zone_axis=zone))


def _pictured(preview: "Preview", field: Field) -> list[Named]:
    """Name the pictures; with the user's image in the left column, else the two that there are."""
    part = shown_part(field.shape, field.pixel_size)
    ours = grey_image(preview.image, part)
    spectrum, beside = grey_spectra(preview.spectrum, preview.beside)
    width = f"{plain(ours.shape[1] * field.pixel_size, 3)} Å wide"
    if field.image is None:
        return [Named(f"{OURS}, {width}", ours), Named(TRANSFORM, spectrum)]
    return [
        Named(f"{YOURS}, {width}", grey_image(field.image, part)),
        Named(OURS, ours),
        Named(TRANSFORM, beside),
        Named(TRANSFORM, spectrum),
    ]


def _make_job(control: JobControl, field: Field, config: SimulationConfig, seed: int) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.preview_simulation import preview_simulation

    return preview_simulation(
        control, config, shape=field.shape, pixel_size=field.pixel_size, seed=seed, beside=field.image
    )
