"""Make the pictures of the Explain dock, its probe, and Inside the network, on a simulated bilayer."""

import numpy as np
from napari.layers import Image
from napari.viewer import Viewer
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QWidget

from docs.label_screenshots import IMAGES
from napari_strata.config import SimulationConfig
from napari_strata.control import JobState
from napari_strata.io.bundled import bundled_models
from napari_strata.simulate.scene import simulate_image
from napari_strata.widgets.layers.results import find_results
from scripts.driving import click, click_canvas, dock_alone, pause, take_picture, wait_until

MODEL = "gombnet-graphene"
SIZE, PIXEL_SIZE = 256, 0.106
CONFIG = {"material": "graphene", "twist": (12, 12), "dose": (400, 400)}
DOCK_WIDTH = 500
"""[screen px]"""
ENLARGED = 2.5
LEVEL = "encoder, level 2"
PATIENCE = 240.0
"""[s]"""


def make_explain_pictures(viewer: Viewer) -> None:
    """Explain an atom, probe a pixel, and look for the best patches of a channel, in an open viewer.

    Parameters
    ----------
    viewer : Viewer
        A viewer with nothing but the workspace.
    """
    image = show_bilayer(viewer, size=SIZE, seed=3)
    _explain(viewer, image)
    _probe(viewer, image)
    _look_inside(viewer, image)
    viewer.layers.clear()


def show_bilayer(viewer: Viewer, *, size: int, seed: int) -> Image:
    """Simulate a bilayer of graphene and show it with a scale bar."""
    scene = simulate_image(
        SimulationConfig.model_validate(CONFIG), size=size, pixel_size=PIXEL_SIZE, rng=np.random.default_rng(seed)
    )
    place = {"scale": (PIXEL_SIZE,) * 2, "units": ("angstrom",) * 2}
    image = viewer.add_image(scene.image, name="twisted bilayer", **place)
    image.contrast_limits = tuple(np.percentile(scene.image, (0.5, 99.8)))
    viewer.canvas.overlays.scale_bar.visible = True
    return image


def choose_model(source: QWidget) -> None:
    """Choose the model of graphene that comes with the package."""
    (folder,) = (one for one in bundled_models() if one.name == MODEL)
    source.model.open(folder)


def _explain(viewer: Viewer, image: Image) -> None:
    """Explain the atom of layer 0 nearest to the middle by a click."""
    with dock_alone(viewer, "Explain", DOCK_WIDTH) as dock:
        choose_model(dock.source)
        dock.question.decoder.setCurrentIndex(dock.question.decoder.findData(0))
        dock.method.choose("integrated-gradients")
        viewer.reset_view()
        pause(1.0)
        click(dock.panel.start_button)
        middle = SIZE * PIXEL_SIZE / 2
        click_canvas(viewer, dock, (middle, middle))
        wait_until(lambda: dock.panel.runner.state is not JobState.IDLE, seconds=10.0, what="the start")
        wait_until(lambda: dock.panel.runner.state is JobState.IDLE, seconds=PATIENCE, what="a map")
        viewer.camera.zoom *= ENLARGED
        wait_until(lambda: "passes" in dock.cost.words.text(), seconds=PATIENCE, what="the cost")
        pause(1.0)
        take_picture(viewer, IMAGES / "explain.png")
    viewer.layers[:] = [image]


def _probe(viewer: Viewer, image: Image) -> None:
    """Hold the key and move the mouse over the image."""
    with dock_alone(viewer, "Explain", DOCK_WIDTH) as dock:
        choose_model(dock.source)
        dock.question.target.setCurrentIndex(dock.question.target.findData("pixel"))
        viewer.reset_view()
        pause(0.5)
        canvas = next(w for w in dock.window().findChildren(QWidget) if type(w).__name__ == "CanvasBackendDesktop")
        dock.probe.box.setChecked(True)
        QTest.keyPress(canvas, Qt.Key.Key_Q)
        middle = QPoint(canvas.width() // 2, canvas.height() // 2)
        for step in (QPoint(40, 30), QPoint(0, 0)):
            QTest.mouseMove(canvas, middle + step)
            pause(0.2)
        wait_until(lambda: bool(find_results(viewer, "probe", image)), seconds=PATIENCE, what="a map")
        pause(2.0)
        take_picture(viewer, IMAGES / "probe.png")
        QTest.keyRelease(canvas, Qt.Key.Key_Q)
        dock.probe.box.setChecked(False)


def _look_inside(viewer: Viewer, image: Image) -> None:
    with dock_alone(viewer, "Inside the network", DOCK_WIDTH) as dock:
        choose_model(dock.source)
        wait_until(lambda: dock.feature_map.findText(LEVEL) >= 0, seconds=PATIENCE, what="reading the model")
        dock.feature_map.setCurrentIndex(dock.feature_map.findText(LEVEL))
        for button, role in ((dock.panel.start_button, "activations"), (dock.buttons["patches"], "patches")):
            click(button)
            wait_until(
                lambda role=role: (
                    bool(find_results(viewer, role, image)) and dock.panel.runner.state is JobState.IDLE
                ),
                seconds=PATIENCE,
                what=role,
            )
        pause(1.0)
        take_picture(viewer, IMAGES / "inside-the-network.png")
