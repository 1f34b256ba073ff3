"""Make the pictures of the documentation from the real docks.

``python -m docs.make_screenshots`` makes all, ``... labels`` only those of the docks for labels, ``... training``
only those of the rooms of training, ``... simulation`` only that of the Simulate dock, ``... atoms`` only those of
the docks for atoms and lattices, ``... explain`` only those of the docks Explain and Inside the network, and
``... maps`` only those of the docks that go on from a map. The pictures of the bilayer are those of ``make demo``,
which runs before.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from napari.layers import Image
from napari.viewer import Viewer

from docs.atoms_screenshots import make_atom_pictures
from docs.explain_screenshots import make_explain_pictures
from docs.label_screenshots import make_label_pictures
from docs.maps_screenshots import make_map_pictures
from docs.simulation_screenshots import make_simulation_pictures
from docs.training_screenshots import FRAMES, make_training_pictures, paint_strokes
from napari_strata.control import JobState
from napari_strata.widgets.layers.calibration import METADATA
from napari_strata.widgets.layers.results import find_results
from napari_strata.widgets.train.settings import LABELLED
from scripts.demo import OUT
from scripts.driving import PLUGIN, click, open_viewer, pause, show_dock, take_picture, wait_until

IMAGES = Path(__file__).resolve().parent / "images"
MINUTES = 5.0
"""Time limit of the training on strokes."""


def main() -> None:
    """Make all pictures, or those of one part."""
    wanted = sys.argv[1:] or ["labels", "training", "simulation", "atoms", "explain", "maps", "demo"]
    with tempfile.TemporaryDirectory() as home:
        os.environ["NAPARI_STRATA_HOME"] = home
        viewer = open_viewer()
        if "training" in wanted:
            make_training_pictures(viewer)
            _close_below(viewer, "Train")
        if "simulation" in wanted:
            make_simulation_pictures(viewer)
        if "atoms" in wanted:
            make_atom_pictures(viewer)
        if "explain" in wanted:
            make_explain_pictures(viewer)
        if "maps" in wanted:
            make_map_pictures(viewer)
        if "labels" in wanted:
            make_label_pictures(viewer, Path(home))
            _close_below(viewer, "Label")
            [image] = viewer.open_sample(PLUGIN, "particles")
            _label(viewer, image)
            if "demo" in wanted:
                _train(viewer)
                _predict(viewer, image)
        viewer.close()
    if "demo" in wanted:
        for name in ("training", "masks", "atoms", "saliency"):
            shutil.copy(OUT / f"{name}.png", IMAGES / f"{name}.png")


def _close_below(viewer: Viewer, name: str) -> None:
    """Close the docks below another one."""
    links = show_dock(viewer, name).links
    for name in links.buttons:
        dock, _ = viewer.window.add_plugin_dock_widget(PLUGIN, name)
        dock.destroyOnClose()


def _label(viewer: Viewer, image: Image) -> None:
    dock = show_dock(viewer, "Label")
    click(dock.new_button)
    labels = dock.labels.layer
    for frame in FRAMES:
        paint_strokes(labels, np.asarray(image.metadata[METADATA]["truth_labels"])[frame], frame)
    viewer.dims.set_current_step(0, FRAMES[0])
    pause(0.5)
    take_picture(viewer, IMAGES / "label.png")


def _train(viewer: Viewer) -> None:
    dock = show_dock(viewer, "Train")
    dock.settings.source.setCurrentText(LABELLED)
    dock.settings.training.set_value("time_limit", MINUTES)
    click(dock.train_button)
    wait_until(lambda: dock.runner.state is JobState.RUNNING, seconds=60, what="preparing")
    pause(45 * MINUTES)
    take_picture(viewer, IMAGES / "few-strokes.png")
    wait_until(lambda: dock.runner.state is JobState.IDLE, seconds=120 * MINUTES + 60, what="the training")


def _predict(viewer: Viewer, image: Image) -> None:
    dock = show_dock(viewer, "Predict")
    for layer in viewer.layers:
        layer.visible = layer is image
    click(dock.panel.start_button)
    wait_until(lambda: bool(find_results(viewer, "masks", image)), seconds=120, what="the prediction")
    viewer.dims.set_current_step(0, 4)
    pause(0.5)
    take_picture(viewer, IMAGES / "few-strokes-masks.png")


if __name__ == "__main__":
    main()
