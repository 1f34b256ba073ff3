"""Make the pictures of the rooms of training, from the real docks."""

from typing import Any

from napari.layers import Labels
from napari.viewer import Viewer
from skimage.data import coins

from docs.label_screenshots import IMAGES
from napari_strata.control import JobState
from napari_strata.types import BACKGROUND
from scripts.driving import click, pause, show_dock, take_picture, wait_until

COIN = BACKGROUND + 1
PAINTED = ((52, 32, COIN), (55, 88, COIN), (122, 33, COIN), (190, 200, COIN), (15, 190, BACKGROUND))
"""Where strokes begin, (y, x), and with which code."""
MISTAKE = (96, 250)
"""Where background between the coins is painted as coin."""
EARLY, LATE = 40, 60
"""Time for which the network learns before and after the correction [s]."""
TRIALS = 4


def make_training_pictures(viewer: Viewer) -> None:
    """Train on coins in an open viewer.

    Parameters
    ----------
    viewer : Viewer
        A viewer with the workspace, and nothing else.
    """
    viewer.add_image(coins(), name="coins")
    labels = _label(viewer)
    train = show_dock(viewer, "Train")
    _patches(viewer, train)
    _corrections(viewer, train, labels)
    _runs(viewer, train)
    _search(viewer, train)
    viewer.layers.clear()


def _label(viewer: Viewer) -> Labels:
    dock = show_dock(viewer, "Label")
    click(dock.new_button)
    labels: Labels = dock.labels.layer
    for y, x, code in PAINTED:
        _stroke(labels, y, x, code)
    _stroke(labels, *MISTAKE, COIN)
    return labels


def _stroke(labels: Labels, y: int, x: int, code: int) -> None:
    labels.brush_size = 8
    for step in range(0, 25, 2):
        labels.paint((y, x + step), code)


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


def _corrections(viewer: Viewer, train: Any, labels: Labels) -> None:
    _set(train, time_limit=None, steps_per_epoch=10)
    dock = _open(viewer, train, "Corrections")
    click(train.train_button)
    wait_until(lambda: train.runner.state is JobState.RUNNING, seconds=60, what="preparing")
    pause(EARLY)
    _stroke(labels, *MISTAKE, BACKGROUND)
    wait_until(lambda: dock.table.rowCount() > 0, seconds=60, what="taking the correction")
    dock.table.selectRow(0)
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
