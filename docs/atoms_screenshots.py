"""Make the pictures of the docks for atoms and lattices, and of a report, on a simulated bilayer.

Nothing is trained: the Predict dock shows the model that comes with the package, and else the atoms are the
simulator's own, each moved a little, some left out and two made up.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from napari.layers import Points
from napari.viewer import Viewer
from PIL import Image as Picture
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QImage
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QScrollArea, QWidget

from docs.label_screenshots import IMAGES
from napari_strata.atoms.candidates import find_candidates
from napari_strata.config import ClassTable, ModelCard, ModelConfig, ReportConfig, SimulationConfig
from napari_strata.control import JobState
from napari_strata.report.figure import draw_report
from napari_strata.report.subject import Known, examine
from napari_strata.simulate.scene import SimulatedImage, simulate_image
from napari_strata.types import ImageStack
from napari_strata.widgets.layers.atom_layers import atom_layer, candidate_layer
from napari_strata.widgets.layers.napari_layers import Origin
from napari_strata.widgets.layers.results import find_results, show_results
from scripts.driving import PLUGIN, click, click_canvas, dock_alone, pause, show_dock, take_picture, wait_until

NAME = "twisted bilayer"
SIZE, PIXEL_SIZE = 512, 0.106
SEED = 3
ERROR = 0.05
"""Of the positions, along each axis [Å]."""
MISSED = 12
"""So many atoms are left out."""
INVENTED = ((21.3, 24.8), (33.0, 29.1))
"""Atoms that are not there, (y, x) [Å]."""
CENTRE, ZOOMED = (27.0, 27.0), 38.0
"""What of the image is shown where single atoms count: its middle, (y, x) [Å], and screen pixels per Å."""
DOCK_WIDTH = 500
"""[screen px]"""
LONG = (1.58, 3.0)
"""Where a drag over long bonds begins in the plot of distances: distance [Å] and number of pairs."""
CONFIG = {
    "material": "graphene",
    "twist": (12, 12),
    "dose": (60, 60),
    "stacking": {"strain_field": (0.008, 0.008), "strain_wavelength": (40, 50)},
    "scan": {"affine": 0.01},
    "contamination": {"background": (0.1, 0.1)},
    "defects": {"dopants": ("Si for C 0.01",), "vacancies": (0.004, 0.004), "displacement": (0.02, 0.02)},
}


def make_atom_pictures(viewer: Viewer) -> None:
    """Correct, measure and plot atoms in an open viewer, and draw the figure of a report.

    Parameters
    ----------
    viewer : Viewer
        A viewer with nothing but the workspace.
    """
    _predict(viewer)
    scene = simulate_image(
        SimulationConfig.model_validate(CONFIG),
        size=SIZE,
        pixel_size=PIXEL_SIZE,
        rng=np.random.default_rng(SEED),
    )
    table = located(scene)
    points = _show(viewer, scene.image, table)
    _atoms(viewer, points)
    _lattice(viewer, points)
    _plots(viewer, points)
    viewer.layers.clear()
    _report(scene.image, table)


def _predict(viewer: Viewer) -> None:
    """Find the atoms of the sample bilayer with the model that comes with the package."""
    [image] = viewer.open_sample(PLUGIN, "twisted_bilayer_graphene")
    dock = show_dock(viewer, "Predict")
    assert dock.source.model.entry.name == "gombnet-graphene", "the first of the models that come with the package"
    click(dock.panel.start_button)
    wait_until(lambda: bool(find_results(viewer, "atoms", image)), seconds=120, what="the prediction")
    pause(1)
    take_picture(viewer, IMAGES / "predict.png")
    viewer.layers.clear()


def located(scene: SimulatedImage) -> pd.DataFrame:
    """Return the atoms of a simulated image as a network might have found them."""
    rng = np.random.default_rng(SEED)
    atoms = scene.atoms.drop(index=rng.choice(len(scene.atoms), MISSED, replace=False))
    invented = pd.DataFrame(INVENTED, columns=["y_A", "x_A"]).assign(layer=range(len(INVENTED)), species="C")
    atoms = pd.concat([atoms, invented], ignore_index=True)
    atoms[["y_A", "x_A"]] += rng.normal(0, ERROR, (len(atoms), 2))
    atoms[["y_px", "x_px"]] = atoms[["y_A", "x_A"]] / PIXEL_SIZE
    return atoms.assign(image=NAME, frame=0, probability=1.0)


def _show(viewer: Viewer, image: np.ndarray, table: pd.DataFrame) -> Points:
    shown = viewer.add_image(image, name=NAME, scale=(PIXEL_SIZE,) * 2, units=("angstrom",) * 2)
    shown.contrast_limits = tuple(np.percentile(image, (0.5, 99.8)))
    card = ModelCard(
        name="simulator",
        created="2026-01-01T00:00:00Z",
        model=ModelConfig(architecture="gombnet", layers=2),
        classes=ClassTable.from_names(("C", "Si")),
        trained_on="nothing: the simulator's own atoms",
        figures={},
        software={},
        weights_file="weights-0.safetensors",
        weights_sha256="0" * 64,
    )
    origin = Origin(shown, PIXEL_SIZE, card, "simulator")
    points = atom_layer(table, origin)
    show_results(viewer, [points, candidate_layer(find_candidates(table, image.shape), origin)])
    viewer.canvas.overlays.scale_bar.visible = True
    return points


def _look_closely(viewer: Viewer) -> None:
    viewer.scene.camera.center, viewer.scene.camera.zoom = (0, *CENTRE), ZOOMED
    pause(0.5)


def _atoms(viewer: Viewer, points: Points) -> None:
    """Add, delete and move an atom, and select some."""
    with dock_alone(viewer, "Atoms", DOCK_WIDTH) as dock:
        _look_closely(viewer)
        select, add, _move = dock.tools.buttons()
        click(add)
        click_canvas(viewer, dock, (CENTRE[0] + 4.2, CENTRE[1] - 6))
        click(select)
        outward = np.argsort(np.linalg.norm(points.data * PIXEL_SIZE - CENTRE, axis=1))
        points.selected_data = {int(outward[40])}
        click(dock.delete_button)
        moved = points.data.copy()
        moved[outward[25]] += 3
        points.data = moved
        points.selected_data = {int(one) for one in outward[:4]}
        pause(0.5)
        take_picture(viewer, IMAGES / "atoms-dock.png")
        click(dock.discard_button)
        click(dock.accept_button)


def _lattice(viewer: Viewer, points: Points) -> None:
    """Measure, and map a strain."""
    with dock_alone(viewer, "Lattice", DOCK_WIDTH) as dock:
        viewer.fit_to_view()
        points.selected_data = set()
        click(dock.panel.start_button)
        wait_until(lambda: dock.panel.runner.state is JobState.IDLE, seconds=120, what="measuring")
        pause(1)
        take_picture(viewer, IMAGES / "lattice-figures.png")
        points.visible = False
        choice, layers = dock.maps.choice, len(viewer.layers)
        choice.quantity.setCurrentText("Strain exx [%]")
        choice.layer.setCurrentText("layer 0")
        choice.way.setCurrentText("a smooth image")
        click(dock.maps.show_button)
        wait_until(lambda: len(viewer.layers) > layers, seconds=60, what="the map")
        dock.findChild(QScrollArea).ensureWidgetVisible(dock.species)
        pause(1)
        take_picture(viewer, IMAGES / "lattice-map.png")


def _plots(viewer: Viewer, points: Points) -> None:
    """Select atoms whose bonds are long, then look at angles and spots."""
    with dock_alone(viewer, "Plots", DOCK_WIDTH) as dock:
        for layer in viewer.layers:
            layer.visible = layer is points or layer.name == NAME
        _look_closely(viewer)
        wait_until(lambda: bool(dock.distances.marks), seconds=120, what="the distances")
        pause(1)
        _drag(dock.distances.plot, LONG, (1.9, LONG[1]))
        pause(1)
        take_picture(viewer, IMAGES / "plots-distances.png")
        dock.tabs.setCurrentWidget(dock.angles)
        pause(1)
        angles = _grab(dock)
        click(dock.none_button)
        dock.tabs.setCurrentWidget(dock.spots)
        pause(1)
        wait_until(lambda: not dock.spectrum_job.is_busy, seconds=120, what="the transform")
        pause(1)
        _save(np.concatenate([angles, _grab(dock)], axis=1), IMAGES / "plots-angles-fourier.png")


def _drag(plot: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag with the left button from one place of a plot to another one."""
    box = plot.getPlotItem().getViewBox()
    first, last = (plot.mapFromScene(box.mapViewToScene(QPointF(*place))) for place in (start, end))
    QTest.mousePress(plot.viewport(), Qt.MouseButton.LeftButton, pos=first)
    for part in (0.3, 0.6, 1.0):
        way = QPointF(last - first) * part
        QTest.mouseMove(plot.viewport(), first + QPoint(round(way.x()), round(way.y())))
        pause(0.1)
    QTest.mouseRelease(plot.viewport(), Qt.MouseButton.LeftButton, pos=last)


def _grab(dock: QWidget) -> np.ndarray:
    """Return a picture of one dock, (y, x, colour)."""
    picture = dock.grab().toImage().convertToFormat(QImage.Format.Format_RGBA8888)
    height, width = picture.height(), picture.width()
    return np.frombuffer(picture.constBits(), np.uint8).reshape(height, width, 4)[..., :3].copy()


def _save(pixels: np.ndarray, path: Path) -> None:
    """Save a picture as a small PNG of 256 colours."""
    Picture.fromarray(pixels).quantize(256, Picture.Quantize.MAXCOVERAGE, kmeans=1).save(path, optimize=True)


def _report(image: np.ndarray, table: pd.DataFrame) -> None:
    """Draw the figure of a report."""
    stack = ImageStack(image[None], PIXEL_SIZE, NAME)
    figure = draw_report(examine(stack, table, Known()), ReportConfig(crystal="graphene")).figure
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(170)
    canvas.draw()
    _save(np.asarray(canvas.buffer_rgba())[..., :3], IMAGES / "report.png")
