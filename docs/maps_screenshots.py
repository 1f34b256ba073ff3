"""Make the pictures of the docks that go on from a map, on a simulated bilayer."""

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Image
from napari.viewer import Viewer

from docs.explain_screenshots import DOCK_WIDTH, PATIENCE, PIXEL_SIZE, choose_model, show_bilayer
from docs.label_screenshots import IMAGES
from napari_strata.control import JobState
from napari_strata.widgets.layers.results import find_results
from scripts.driving import click, click_canvas, dock_alone, pause, take_picture, wait_until

SIZE = 160
MIDDLE = SIZE * PIXEL_SIZE / 2
METHODS = ("input-gradient", "integrated-gradients", "grad-cam")
NEAREST = 12
"""So many atoms in the middle are scored."""


def make_map_pictures(viewer: Viewer) -> None:
    """Find atoms, explain one, and open each dock that goes on from its map.

    Parameters
    ----------
    viewer : Viewer
        A viewer with nothing but the workspace.
    """
    image = show_bilayer(viewer, size=SIZE, seed=5)
    _predict(viewer)
    _explain(viewer)
    _make_labels(viewer)
    _change(viewer, image)
    _compare(viewer)
    _explain_many(viewer, image)
    viewer.layers.clear()


def _run(dock: Any, act: Callable[[], None], what: str, *, panel: Any = None) -> None:
    """Start a job and wait for its end."""
    runner = (panel or dock.panel).runner
    act()
    wait_until(lambda: runner.state is not JobState.IDLE, seconds=10.0, what=f"the start of {what}")
    wait_until(lambda: runner.state is JobState.IDLE, seconds=PATIENCE, what=what)
    pause(1.0)


def _predict(viewer: Viewer) -> None:
    with dock_alone(viewer, "Predict", DOCK_WIDTH) as dock:
        choose_model(dock.source)
        _run(dock, lambda: click(dock.panel.start_button), "atoms")
    for layer in viewer.layers[1:]:
        layer.visible = False


def _explain(viewer: Viewer) -> None:
    with dock_alone(viewer, "Explain", DOCK_WIDTH) as dock:
        choose_model(dock.source)
        dock.method.choose("input-gradient")
        viewer.reset_view()
        pause(1.0)

        def pick() -> None:
            click(dock.panel.start_button)
            click_canvas(viewer, dock, (MIDDLE, MIDDLE))

        _run(dock, pick, "a map")


def _make_labels(viewer: Viewer) -> None:
    with dock_alone(viewer, "Map to labels", DOCK_WIDTH) as dock:
        page = dock.proposal
        page.how.setCurrentIndex(page.how.findData("graph-cut"))
        viewer.camera.zoom *= 2
        _run(page, lambda: click(page.panel.start_button), "a proposal")
        take_picture(viewer, IMAGES / "map-to-labels.png")
    viewer.reset_view()


def _change(viewer: Viewer, image: Image) -> None:
    with dock_alone(viewer, "What if", DOCK_WIDTH) as dock:
        dock.live.setChecked(False)
        click(dock.try_button)
        wait_until(lambda: bool(find_results(viewer, "what-if image", image)), seconds=PATIENCE, what="an answer")
        viewer.camera.zoom *= 1.6
        pause(4.0)
        take_picture(viewer, IMAGES / "what-if.png")
        click(dock.remove_button)
    viewer.reset_view()


def _compare(viewer: Viewer) -> None:
    with dock_alone(viewer, "Compare maps", DOCK_WIDTH) as dock:
        dock.methods.tick(METHODS)
        _run(dock, lambda: click(dock.panel.start_button), "maps and scores")
        take_picture(viewer, IMAGES / "compare-maps.png")


def _explain_many(viewer: Viewer, image: Image) -> None:
    (points,) = find_results(viewer, "atoms", image)
    points.visible = True
    with dock_alone(viewer, "Explain many", DOCK_WIDTH) as dock:
        scoring = dock.atoms
        distance = np.abs(np.asarray(points.data)[:, -2:] - SIZE / 2).max(axis=1)
        viewer.layers.selection.active = points
        points.selected_data = set(np.argsort(distance)[:NEAREST].tolist())
        pause(1.0)
        _run(scoring, lambda: click(scoring.panel.start_button), "scores")
        click(scoring.colouring.button)
        points.selected_data = set()
        pause(1.0)
        take_picture(viewer, IMAGES / "explain-many.png")
