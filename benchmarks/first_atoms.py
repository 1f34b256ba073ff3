"""From opening the Predict dock to the atoms of both layers, with nothing trained, in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from benchmarks.bundled import GRAPHENE
from benchmarks.figure import Figure
from benchmarks.real_image import IMAGE, LAYERS

TARGET = "<= 10"
PATIENCE = 120
"""Longest time that is waited for [s]."""


def measure(*, image: Path = IMAGE) -> Iterator[Figure]:
    """Open napari with the experimental bilayer, or else the sample; open the dock; press Predict."""
    command = [sys.executable, "-m", "benchmarks.first_atoms", str(image)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SystemExit(f"the prediction failed: {answer.stdout}{answer.stderr}")
    found = json.loads(answer.stdout.splitlines()[-1])
    name = f"first_atoms: from opening the Predict dock to the atoms of {LAYERS} layers of {found['image']}"
    yield Figure(name, found["seconds"], "s", TARGET)
    for layer, atoms in enumerate(found["atoms"]):
        yield Figure(f"first_atoms: atoms, layer {layer}", atoms)


def predict_once(image: Path) -> dict[str, object]:
    """Press Predict in a new dock; return the image's name, the time [s], and the atoms of each layer."""
    import napari

    from napari_strata.widgets.layers.results import role_of
    from napari_strata.widgets.parts.models import HOME_VARIABLE
    from scripts.driving import PLUGIN, WINDOW, click, show_dock, wait_until

    with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, {HOME_VARIABLE: home}):
        viewer = napari.Viewer()
        viewer.window.resize(*WINDOW)
        if image.is_file():
            viewer.open(image, plugin=PLUGIN)
        else:
            viewer.open_sample(PLUGIN, "twisted_bilayer_graphene")
        name = viewer.layers[0].name
        start = time.perf_counter()
        dock = show_dock(viewer, "Predict")
        choice = dock.source.model.box
        choice.setCurrentIndex(next(i for i in range(choice.count()) if choice.itemData(i).name == GRAPHENE))
        click(dock.panel.start_button)
        wait_until(lambda: "atoms" in map(role_of, viewer.layers), seconds=PATIENCE, what="finding the atoms")
        seconds = time.perf_counter() - start
        [points] = (layer for layer in viewer.layers if role_of(layer) == "atoms")
        atoms = [int((points.features["layer"] == layer).sum()) for layer in range(LAYERS)]
        viewer.close()
    return {"image": name, "seconds": seconds, "atoms": atoms}


if __name__ == "__main__":
    print(json.dumps(predict_once(Path(sys.argv[1]))))
