"""The Training patches dock: what the network will see, with the settings of the Train dock as they are."""

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from napari.viewer import Viewer
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_strata.control import JobControl
from napari_strata.events import JobResult
from napari_strata.jobs.job import Job
from napari_strata.numbers import plain
from napari_strata.types import NOT_LABELLED
from napari_strata.widgets.doctor.place import show_region
from napari_strata.widgets.layers.colours import label_colours
from napari_strata.widgets.parts.dock import Dock
from napari_strata.widgets.parts.job_panel import JobPanel
from napari_strata.widgets.parts.other_docks import train_dock
from napari_strata.widgets.parts.words import Words
from napari_strata.widgets.patches.grid import PatchGrid
from napari_strata.widgets.patches.pictures import draw_pictures

if TYPE_CHECKING:
    from napari_strata.jobs.show_patches import SeenPatches
    from napari_strata.widgets.live.plan import TrainPlan
    from napari_strata.widgets.train.dock import TrainDock

PATCHES = 12
"""How many are shown at a time."""
PATCH_ON_SCREEN = 250.0
"""The image is magnified until a patch that was clicked is so large [screen px]."""
_HINT = "Shows what the network will see with the settings of the Train dock."


class PatchesDock(Dock):
    """Draws the patches of a training that has not begun.

    Parameters
    ----------
    viewer : Viewer
        The viewer whose Train dock has the settings.
    train : callable, optional
        Gives the Train dock; by default the viewer's.
    """

    def __init__(self, viewer: Viewer, train: "Callable[[], TrainDock] | None" = None) -> None:
        super().__init__()
        self._viewer = viewer
        self._train = train or (lambda: train_dock(viewer))
        self._plan: TrainPlan | None = None
        self._shown: TrainPlan | None = None
        self._seen: SeenPatches | None = None
        self._first = 0
        self.panel = JobPanel(QPushButton("New patches"))
        self.as_drawn = QCheckBox("As drawn")
        self.outlines = QCheckBox("Outlines of labels")
        self.outlines.setChecked(True)
        self.grid = PatchGrid()
        self.legend = Words()
        self._lay_out()
        self.panel.start_button.clicked.connect(self.panel.guarded(self._start))
        self.panel.brought.connect(self._on_result)
        for switch in (self.as_drawn, self.outlines):
            switch.toggled.connect(self._draw)
        self.grid.clicked.connect(self._go_to)
        self.panel.say(_HINT)

    def _lay_out(self) -> None:
        self.panel.start_button.setToolTip("Draw the next patches that a training with these settings would see.")
        self.as_drawn.setToolTip("Show the patches before they are turned, mirrored and otherwise varied.")
        self.grid.setToolTip("Click a patch of your own image to go to its place.")
        self.outlines.setToolTip("Draw the outlines of labels; white: the border of what is labelled.")
        switches = QHBoxLayout()
        for switch in (self.as_drawn, self.outlines):
            switches.addWidget(switch)
        content = QWidget()
        layout = QVBoxLayout(content)
        layout.addWidget(self.panel)
        layout.addLayout(switches)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self.legend)
        self.scroll(content)

    def _start(self, _checked: bool = False) -> None:
        plan, first = self._train().settings.take(), self._first
        self._plan = plan
        self.panel.run(lambda control: _make_job(control, plan, first), name="Drawing training patches")

    def _on_result(self, result: JobResult) -> None:
        seen: SeenPatches = result.value
        plan, self._plan = self._plan, None
        assert plan is not None, "a job ended that was never started"
        self._seen, self._shown = seen, plan
        self._first += PATCHES
        self._draw()
        self.panel.say(_in_words(seen, plan))

    def _draw(self, _checked: bool = False) -> None:
        seen, plan = self._seen, self._shown
        if seen is None or plan is None:
            return
        if self.as_drawn.isChecked():
            images, labels = [p.drawn for p in seen.patches], [p.drawn_labels for p in seen.patches]
        else:
            images, labels = [p.varied for p in seen.patches], [p.varied_labels for p in seen.patches]
        outlined = labels if self.outlines.isChecked() else None
        self.grid.show_pictures(draw_pictures(images, outlined, plan.classes))
        self.grid.set_clickable(any(patch.frame is not None for patch in seen.patches))
        self.legend.setText(_legend(plan) if outlined else "")

    def _go_to(self, number: int) -> None:
        """Show where on the image a patch was cut out."""
        if self._seen is None or self._shown is None or self._shown.window is None:
            return
        patch, image = self._seen.patches[number], self._shown.window.image
        if patch.frame is not None and image in self._viewer.layers:
            show_region(self._viewer, image, patch.frame, patch.box, side=PATCH_ON_SCREEN)


def _make_job(control: JobControl, plan: "TrainPlan", first: int) -> Job:
    """Make the job in the worker thread, so that its imports do not hold the GUI up."""
    from napari_strata.jobs.show_patches import show_patches

    return show_patches(control, plan.config, plan.inputs(Path()), first=first, count=PATCHES)


def _in_words(seen: "SeenPatches", plan: "TrainPlan") -> str:
    side = len(seen.patches[0].drawn)
    pixel_size = plan.config.model.pixel_size or plan.pixel_size
    extent = "" if pixel_size is None else f" ({plain(side * pixel_size, 3)} × {plain(side * pixel_size, 3)} Å)"
    labelled = np.mean([(patch.varied_labels != NOT_LABELLED).mean() for patch in seen.patches])
    return (
        f"{len(seen.patches)} patches of {side} × {side} px{extent}, from {seen.description}. "
        f"{_labelled_part(labelled)} labelled."
    )


def _labelled_part(part: float) -> str:
    if part == 1:
        return "All pixels are"
    return (f"{100 * part:.0f} %" if part >= 0.1 else f"{plain(100 * part, 2)} %") + " of the pixels are"


def _legend(plan: "TrainPlan") -> str:
    """Name the colours."""
    layers = plan.config.model.layers
    if layers == 1:
        named = [(entry.name, entry.color) for entry in plan.classes.classes]
    else:
        named = [(f"layer {layer}", label_colours(plan.classes, layers, layer)[0]) for layer in range(layers)]
    return "Outlines: " + ", ".join(
        f'<span style="color: {colour}">{escape(name)}</span>' for name, colour in named
    )
