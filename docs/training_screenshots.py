"""Make the pictures of the rooms of training, from the real docks."""

from typing import Any

import numpy as np
from napari.layers import Labels
from napari.viewer import Viewer
from scipy.ndimage import distance_transform_edt

from docs.label_screenshots import IMAGES
from napari_strata.control import JobState
from napari_strata.types import BACKGROUND
from napari_strata.widgets.layers.calibration import METADATA
from napari_strata.widgets.train.settings import LABELLED
from scripts.driving import PLUGIN, click, pause, show_dock, take_picture, wait_until

FRAMES = (0, 3, 5, 7)
"""Slices that are painted."""
STROKES = 9
"""Strokes of each code on each of them."""
MISTAKES = 3
"""Strokes on the first slice that call background a particle, until they are corrected."""
EARLY, LATE = 40, 60
"""Time for which the network learns before and after the correction [s]."""
TRIALS = 4


def make_training_pictures(viewer: Viewer) -> None:
    """Train on particles in an open viewer.

    Parameters
    ----------
    viewer : Viewer
        A viewer with the workspace, and nothing else.
    """
    [image] = viewer.open_sample(PLUGIN, "particles")
    truth = np.asarray(image.metadata[METADATA]["truth_labels"])
    dock = show_dock(viewer, "Label")
    click(dock.new_button)
    labels: Labels = dock.labels.layer
    for frame in FRAMES:
        paint_strokes(labels, truth[frame], frame)
    viewer.dims.set_current_step(0, FRAMES[0])
    train = show_dock(viewer, "Train")
    train.settings.source.setCurrentText(LABELLED)
    _patches(viewer, train)
    _corrections(viewer, train, labels, truth[FRAMES[0]])
    _runs(viewer, train)
    _search(viewer, train)
    viewer.layers.clear()


def paint_strokes(labels: Labels, truth: np.ndarray, frame: int) -> None:
    """Paint short strokes across some particles and across the background."""
    rng = np.random.default_rng(frame)
    for code in (BACKGROUND, BACKGROUND + 1):
        inside = np.argwhere(distance_transform_edt(truth == code) > 6)
        for y, x in inside[rng.choice(len(inside), STROKES, replace=False)]:
            _stroke(labels, truth, (frame, y, x), code)


def _stroke(labels: Labels, truth: np.ndarray, middle: tuple[int, int, int], code: int) -> None:
    """Paint where the truth is the same as in the middle of the stroke."""
    frame, y, x = middle
    labels.brush_size = 5
    for step in range(-12, 13, 2):
        place = (y, int(np.clip(x + step, 0, truth.shape[1] - 1)))
        if truth[place] == truth[y, x]:
            labels.paint((frame, *place), code)


def _open(viewer: Viewer, train: Any, name: str) -> Any:
    click(train.links.buttons[name])
    pause(0.5)
    return show_dock(viewer, name)


def _set(train: Any, **values: Any) -> None:
    settings = train.settings.training.values()
    train.settings.training.set_values(settings.model_copy(update=values))


def _patches(viewer: Viewer, train: Any) -> None:
    _set(train, patch_size=96)
    dock = _open(viewer, train, "Training patches")
    click(dock.panel.start_button)
    wait_until(lambda: dock.panel.runner.state is JobState.IDLE, seconds=60, what="the patches")
    pause(0.5)
    take_picture(viewer, IMAGES / "training-patches.png")


def _corrections(viewer: Viewer, train: Any, labels: Labels, truth: np.ndarray) -> None:
    _set(train, time_limit=None, steps_per_epoch=10)
    dock = _open(viewer, train, "Corrections")
    inside = np.argwhere(distance_transform_edt(truth == BACKGROUND) > 12)
    middles = [(FRAMES[0], int(y), int(x)) for y, x in inside[:: len(inside) // MISTAKES][:MISTAKES]]
    for middle in middles:
        _stroke(labels, truth, middle, BACKGROUND + 1)
    click(train.train_button)
    wait_until(lambda: train.runner.state is JobState.RUNNING, seconds=60, what="preparing")
    pause(EARLY)
    for middle in middles:
        _stroke(labels, truth, middle, BACKGROUND)
    wait_until(lambda: dock.table.rowCount() > 0, seconds=60, what="taking the corrections")
    pause(5)
    for row in range(max(1, dock.table.rowCount() - 1)):
        dock.table.selectRow(row)
        click(dock.pin_button)
    pause(LATE)
    take_picture(viewer, IMAGES / "corrections.png")
    _end(train)


def _runs(viewer: Viewer, train: Any) -> None:
    _set(train, seed=1, steps_per_epoch=10)
    click(train.train_button)
    wait_until(lambda: train.runner.state is JobState.RUNNING, seconds=60, what="preparing")
    pause(EARLY)
    _end(train)
    dock = _open(viewer, train, "Training runs")
    wait_until(lambda: dock.table.rowCount() > 1, seconds=30, what="the list of trainings")
    dock.table.selectAll()
    pause(2)
    take_picture(viewer, IMAGES / "training-runs.png")


def _search(viewer: Viewer, train: Any) -> None:
    dock = _open(viewer, train, "Parameter search")
    dock.form.set_values(dock.form.values().model_copy(update={"trials": TRIALS, "epochs": 3}))
    click(dock.start_button)
    wait_until(lambda: dock.runner.state is JobState.RUNNING, seconds=60, what="preparing")
    wait_until(lambda: dock.runner.state is JobState.IDLE, seconds=900, what="the search")
    pause(1)
    take_picture(viewer, IMAGES / "parameter-search.png")


def _end(train: Any) -> None:
    click(train.stop_button)
    wait_until(lambda: train.runner.state is JobState.IDLE, seconds=60, what="stopping")
