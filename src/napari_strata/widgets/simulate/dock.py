"""The Simulate dock: what the simulator makes with these settings, beside the user's image."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari.viewer import Viewer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.config import SimulationConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import ImageError, StrataError
from napari_strata.events import JobResult
from napari_strata.jobs.job import Job
from napari_strata.types import ImageStack
from napari_strata.widgets.layers.layer_data import full_data, stack_of
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.notify import in_notifications, in_words
from napari_strata.widgets.parts.number_boxes import IntegerBox
from napari_strata.widgets.parts.other_docks import open_train_dock, train_dock
from napari_strata.widgets.simulate.image_rows import ImageRows
from napari_strata.widgets.simulate.preview_panel import PreviewPanel
from napari_strata.widgets.simulate.settings import SimulationSettings
from napari_strata.widgets.simulate.shown_layers import add_simulated, units_of
from napari_strata.widgets.train.shown_settings import show_simulation

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_strata.jobs.match_image import Match
    from napari_strata.widgets.train.dock import TrainDock

SETTLED = 250
"""Time after the last change after which a preview is made [ms]."""
IMAGES = 10
"""How many are written unless another number is typed."""
HINT = "“Match my image” sets the ranges around what your image tells. Choose material and layers first."


class SimulateDock(Dock):
    """Simulates as the settings change, and finds settings that go with an image.

    Parameters
    ----------
    viewer : Viewer
        Whose images to offer.
    train : callable, optional
        Gives the Train dock; by default the viewer's.
    """

    def __init__(self, viewer: Viewer, train: "Callable[[], TrainDock] | None" = None) -> None:
        super().__init__()
        self._viewer = viewer
        self._train = train or (lambda: train_dock(viewer))
        self._matching: Image | None = None
        self._seed = 0
        self.rows = ImageRows(viewer)
        self.settings = SimulationSettings(self)
        self.panel = JobPanel(QPushButton("Match my image"))
        self.shown = PreviewPanel()
        self.draw_button = QPushButton("New draw")
        self.add_button = QPushButton("Add to viewer")
        self.write_button = QPushButton("Write to disk…")
        self.count = IntegerBox(1, 100_000)
        self.take_button = QPushButton("Take from Train")
        self.use_button = QPushButton("Use in Train")
        self._complaint = ""
        self._wait = QTimer(self)
        self._lay_out()
        self._explain()
        begin = open_train_dock(viewer) if train is None else train()
        if begin is not None:
            self.settings.set_values(begin.settings.simulated())
        self._connect()
        self._later()

    def came_to_front(self, is_in_front: bool) -> None:
        """Preview what changed while nobody saw it."""
        if is_in_front and self.shown.preview is None:
            self._later()

    @property
    def waits(self) -> bool:
        """Whether a change is about to be previewed."""
        return bool(self._wait.isActive())

    def write(self, folder: Path) -> None:
        """Write images into a new folder, or, where it is there already, into a new one below it.

        Raises
        ------
        StrataError
            If the settings or the field of view cannot be as they are.
        """
        config, field = self.settings.values(), self.rows.field()
        out = _free_folder(folder, f"simulated {config.subject}") if folder.exists() else folder
        options = {"count": self.count.value(), "size": max(field.shape), "pixel_size": field.pixel_size}
        self._matching = None
        self.panel.run(
            partial(_make_writing, config=config, out=out, seed=self._seed, **options), name="Simulating images"
        )

    def _lay_out(self) -> None:
        content = QWidget()
        layout = QVBoxLayout(content)
        for part in (
            self.rows,
            self.settings.face,
            self.panel,
            self.shown,
            _beside(self.draw_button, self.add_button),
            _beside(self.write_button, self.count),
            self.settings.rest,
            _beside(self.take_button, self.use_button),
        ):
            layout.addWidget(part)
        layout.addStretch(1)
        self.scroll(content)

    def _explain(self) -> None:
        self.count.setSuffix(" images")
        self.count.setAccessibleName("Images to write")
        self.count.setValue(IMAGES)
        self._wait.setInterval(SETTLED)
        self._wait.setSingleShot(True)
        self.panel.start_button.setToolTip(
            "Estimate pixel size, twist, probe width, dose and background of the image from its Fourier transform "
            "and its noise, and set the ranges around them."
        )
        self.draw_button.setToolTip("Draw other values from the same ranges.")
        self.add_button.setToolTip("Add this simulated image, its masks and its atoms as layers.")
        self.write_button.setToolTip(
            "Write so many images with their masks and atoms to a new folder that you name; the first is the one "
            "shown here."
        )
        self.take_button.setToolTip("Show the settings of the Train dock here.")
        self.use_button.setToolTip("Train on crystals that are simulated with these settings.")
        self.panel.say(HINT)

    def _connect(self) -> None:
        self.rows.changed.connect(self._later)
        self.settings.changed.connect(self._on_settings)
        self._wait.timeout.connect(self.ask)
        self.shown.changed.connect(self._on_shown)
        self.panel.brought.connect(self._on_result)
        self.panel.runner.state_changed.connect(self._on_state)
        for button, slot in (
            (self.panel.start_button, self._match),
            (self.draw_button, self._draw_again),
            (self.add_button, self._add),
            (self.write_button, self._ask_where),
            (self.take_button, self._take),
            (self.use_button, self._use),
        ):
            button.clicked.connect(in_notifications(slot, say=self._complain))
        self._on_shown()

    def _complain(self, words: str) -> None:
        self._complaint = words
        self.panel.say(words)

    def _on_settings(self) -> None:
        """Take back what was wrong with settings that are no more."""
        if self._complaint and self.panel.words.text() == self._complaint:
            self.panel.say("")
        self._complaint = ""
        self._later()

    def _later(self) -> None:
        """Preview once the user pauses."""
        self.shown.expect()
        layer = self.rows.image.layer
        self.panel.set_obstacle("" if layer is not None else "Open an image to match.")
        self._wait.start()

    def ask(self) -> None:
        """Simulate with the settings as they are; a newer request takes the place of an older one."""
        self._wait.stop()
        try:
            self.shown.ask(self.rows.field(), self.settings.values(), seed=self._seed)
        except StrataError as error:  # nobody pressed a button: it is said, but not in a notification
            self.shown.refuse(in_words(error))

    def _draw_again(self, _checked: bool = False) -> None:
        self._seed += 1
        self.ask()

    def _match(self, _checked: bool = False) -> None:
        layer = self.rows.image.layer
        if layer is None:
            raise ImageError("No image is chosen.", remedy="Open an image.")
        from napari_strata.matching.match import spread_frames

        config = self.settings.values()
        frames = spread_frames(len(full_data(layer))) if layer.ndim == 3 else None
        stack = stack_of(layer, self.rows.calibration.calibration.value, frames=frames)
        self._matching = layer
        self.panel.run(partial(_make_matching, stack=stack, config=config), name=f"Matching {layer.name}")

    def _on_result(self, result: JobResult) -> None:
        image, self._matching = self._matching, None
        if image is None:
            self.panel.say(f"{result.figures['images']} images written to {Path(result.paths['images']).parent}.")
            return
        match: Match = result.value
        self.settings.set_values(match.simulation)
        self.rows.use_found(image, match.estimates.pixel_size.value)
        self.panel.say("\n".join([match.summary, *match.doubts, "The ranges are set around this."]))
        self.panel.words.setToolTip("\n".join(match.words))

    def _on_state(self, state: JobState) -> None:
        for one in (self.rows, self.settings.face, self.settings.rest, self.take_button, self.write_button):
            one.setEnabled(state is JobState.IDLE)

    def _on_shown(self) -> None:
        self.add_button.setEnabled(self.shown.preview is not None)

    def _add(self, _checked: bool = False) -> None:
        preview = self.shown.preview
        assert preview is not None, "the button is off without a preview"
        own, size = self.rows.image.layer, self.rows.image_size
        units = None if own is None or size is None else units_of(own, size)
        image = add_simulated(self._viewer, preview, f"Simulated {preview.config.subject}", units)
        self._viewer.reset_view()  # it lies beside the others, perhaps out of view
        self.panel.say(
            f"{image.name} is added and in view. Its masks and atoms are hidden: switch them on with the eye in "
            "the layer list."
        )

    def _ask_where(self, _checked: bool = False) -> None:
        proposed = f"simulated {self.settings.values().subject}"
        typed, _kind = QFileDialog.getSaveFileName(
            self, "New folder for simulated images", proposed, "Folders (*)"
        )
        if typed:
            self.write(Path(typed))

    def _take(self, _checked: bool = False) -> None:
        self.settings.set_values(self._train().settings.simulated())

    def _use(self, _checked: bool = False) -> None:
        train, image = self._train().settings, self.rows.image.layer
        show_simulation(train, self.settings.values())
        if image is not None:
            train.image.choose(image)
        self.panel.say("The Train dock has these settings now.")


def _beside(*widgets: QWidget) -> QWidget:
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    for widget in widgets:
        layout.addWidget(widget, 1)
    return row


def _free_folder(parent: Path, name: str) -> Path:
    number, folder = 1, parent / name
    while folder.exists():
        number += 1
        folder = parent / f"{name} {number}"
    return folder


def _make_matching(control: JobControl, stack: ImageStack, config: SimulationConfig) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.match_image import match_image

    return match_image(control, stack, config)


def _make_writing(
    control: JobControl,
    config: SimulationConfig,
    *,
    count: int,
    size: int,
    pixel_size: float,
    seed: int,
    out: Path,
) -> Job:
    from napari_strata.jobs.simulate import simulate

    return simulate(control, config, count=count, size=size, pixel_size=pixel_size, seed=seed, out=out)
