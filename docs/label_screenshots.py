"""Make the pictures of the docks for labels, from the real docks."""

from pathlib import Path
from typing import Any

from napari.layers import Labels
from napari.viewer import Viewer
from scipy import ndimage
from skimage.data import coins
from skimage.filters import sobel
from skimage.measure import regionprops
from skimage.segmentation import watershed

from napari_strata.control import JobState
from napari_strata.io.labels.annotations import AnnotatedImage, Annotation, AnnotationSet, classes_of
from napari_strata.io.labels.formats import FORMATS
from napari_strata.io.labels.shapes import Ellipse
from napari_strata.types import BACKGROUND
from napari_strata.widgets.journal.save_point import keep_state
from scripts.driving import click, pause, show_dock, take_picture, wait_until

IMAGES = Path(__file__).resolve().parent / "images"
COIN = BACKGROUND + 1
STROKES = ((52, 32, COIN), (55, 88, COIN), (122, 33, COIN), (190, 200, COIN), (15, 190, BACKGROUND))
"""Where strokes begin, (y, x), and with which code."""


def make_label_pictures(viewer: Viewer, folder: Path) -> None:
    """Label coins in an open viewer.

    Parameters
    ----------
    viewer : Viewer
        A viewer with the workspace, and nothing else.
    folder : Path
        Where to write a file to import.
    """
    viewer.add_image(coins(), name="coins")
    label = show_dock(viewer, "Label")
    click(label.new_button)
    labels = label.labels.layer
    for y, x, code in STROKES:
        _stroke(labels, y, x, code)
    _doctor(viewer, label)
    _history(viewer, label, labels)
    _tools(viewer, label)
    _files(viewer, label, folder)
    viewer.layers.clear()


def _stroke(labels: Labels, y: int, x: int, code: int) -> None:
    labels.brush_size = 8
    for step in range(0, 25, 2):
        labels.paint((y, x + step), code)


def _open(viewer: Viewer, label: Any, name: str) -> Any:
    click(label.links.buttons[name])
    pause(0.5)
    return show_dock(viewer, name)


def _doctor(viewer: Viewer, label: Any) -> None:
    click(label.add_button)
    dock = _open(viewer, label, "Label doctor")
    click(dock.panel.start_button)
    wait_until(lambda: dock.table.rowCount() > 0, seconds=60, what="the examination")
    take_picture(viewer, IMAGES / "label-doctor.png")


def _history(viewer: Viewer, label: Any, labels: Labels) -> None:
    dock = _open(viewer, label, "Label history")
    keep_state(viewer, "five strokes")
    wait_until(lambda: _has_versions(dock), seconds=20, what="the save point")
    _stroke(labels, 255, 40, COIN)
    pause(1)
    dock.versions.selectRow(0)
    click(dock.compare_button)
    wait_until(lambda: len(viewer.layers) > 2, seconds=20, what="comparing")
    pause(0.5)
    take_picture(viewer, IMAGES / "label-history.png")
    viewer.layers.remove(viewer.layers[-1])


def _has_versions(dock: Any) -> bool:
    dock.refresh()
    return bool(dock.versions.rowCount())


def _tools(viewer: Viewer, label: Any) -> None:
    dock = _open(viewer, label, "Label tools")
    dock.tool.setCurrentText("Threshold")
    wait_until(lambda: len(viewer.layers) > 2, seconds=20, what="the preview")
    pause(0.5)
    take_picture(viewer, IMAGES / "label-tools.png")


def _files(viewer: Viewer, label: Any, folder: Path) -> None:
    image = viewer.layers["coins"].data
    sure = (image > 150) * COIN + (image < 30) * BACKGROUND
    numbers, _ = ndimage.label(ndimage.binary_fill_holes(watershed(sobel(image), sure) == COIN))
    found = tuple(
        Annotation(Ellipse(*region.centroid, region.axis_minor_length / 2, region.axis_major_length / 2), "coin")
        for region in regionprops(numbers)
        if region.area > 100
    )
    annotated = (AnnotatedImage("coins.png", (image.shape[0], image.shape[1]), found),)
    files = FORMATS["cvat"].write(AnnotationSet(classes_of(annotated), annotated), folder)
    dock = _open(viewer, label, "Label files")
    page = dock.importing
    page.form.files.choose(tuple(files))
    wait_until(lambda: page.panel.runner.state is JobState.IDLE, seconds=20, what="reading")
    click(page.form.preview_button)
    wait_until(lambda: len(viewer.layers) > 2, seconds=20, what="the preview")
    pause(0.5)
    take_picture(viewer, IMAGES / "label-files.png")
