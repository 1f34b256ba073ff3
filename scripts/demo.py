"""The main job in a real napari viewer, by real clicks: train, predict, locate atoms, explain.

Leaves pictures and the table of atoms in demo/ and prints the figures; the last line is one JSON object.
"""

import argparse
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils.notifications import NotificationSeverity, notification_manager
from napari.viewer import Viewer

from benchmarks.gui_stall import TrainingClock
from napari_strata.config import SimulatedData, TrainConfig
from napari_strata.control import JobState
from napari_strata.errors import StrataError
from napari_strata.events import BatchEnded, FinishReason, JobEnded, JobEvent
from napari_strata.io.atom_tables import read_atoms
from napari_strata.widgets.layers.results import find_results
from napari_strata.widgets.parts.runner import JobRunner
from napari_strata.widgets.train.settings import GOMBNET, SIMULATED, UNET, TrainSettings
from scripts.driving import click, click_canvas, open_viewer, pause, show_dock, take_picture, wait_until
from scripts.figures import lattice_figures, truth_figures
from scripts.images import check_image, open_file, open_sample

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "demo"
RECIPE = ROOT / "recipes" / "gombnet-graphene.yaml"
MINUTES = 4.0
"""Time limit of the training, so that everything ends within six minutes."""
PATIENCE = 120.0
"""Longest time that anything but the training may take [s]."""


class DemoError(Exception):
    """Something went wrong in the viewer; the message is what the viewer showed, or one like it."""


def main() -> int:
    """Run the demo; return the exit code."""
    arguments = _arguments()
    start = time.monotonic()
    try:
        if arguments.image is not None:
            check_image(arguments.image, arguments.pixel_size)
        figures = _run(arguments)
    except (StrataError, DemoError, TimeoutError) as error:
        print(f"The demo ended early: {error}", file=sys.stderr)
        return 1
    _report(figures | {"seconds": round(time.monotonic() - start, 1)})
    return 0


def _run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Do the whole job in a viewer and close it; return the figures."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    os.environ["NAPARI_STRATA_HOME"] = str(OUT)
    demo = Demo(open_viewer())
    try:
        image = demo.open_image(arguments.image, arguments.pixel_size)
        demo.train(TrainConfig.read(RECIPE), arguments.minutes)
        demo.predict(image)
        demo.explain(image)
    finally:
        demo.viewer.close()
    return demo.figures


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Run the main job in napari.")
    parser.add_argument("--image", type=Path, help="image file instead of the simulated sample")
    parser.add_argument("--pixel-size", type=float, help="pixel size [Å/px] where the file does not say")
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help="time limit of the training (default %(default)s)"
    )
    return parser.parse_args()


@dataclass
class Demo:
    """One session at the viewer; `figures` gathers what comes out."""

    viewer: Viewer
    figures: dict[str, Any] = field(default_factory=dict)
    _shown_before: int = field(default_factory=lambda: len(notification_manager.records))

    def open_image(self, path: Path | None, pixel_size: float | None) -> Image:
        """Open the image, or the sample."""
        image = open_sample(self.viewer) if path is None else open_file(self.viewer, path)
        self.figures["image"] = image.name
        if pixel_size is not None:
            show_dock(self.viewer, "Train").settings.calibration.box.setValue(pixel_size)
        return image

    def train(self, config: TrainConfig, minutes: float) -> None:
        """Set the Train dock from a recipe, press Train, wait, and measure how the window lives meanwhile."""
        dock = show_dock(self.viewer, "Train")
        set_recipe(dock.settings, config, minutes)
        watch, clock = _Watch(dock.runner), TrainingClock(dock.runner)
        _tell(f"Training {config.name} for {minutes:g} minutes")
        click(dock.train_button)
        half = 60 * minutes / 2
        self._wait(lambda: watch.seconds_left < half, seconds=half + PATIENCE, what="half of the training")
        with clock.training.paused():
            take_picture(self.viewer, OUT / "training.png")
        _tell("Half of the time is over; demo/training.png shows how it goes. Going on")
        self._end(dock.runner, watch, seconds=half + PATIENCE)
        self.figures["training"] = dict(watch.ended.result.figures)
        self.figures["gui_while_training"] = clock.training.figures()
        self.figures["gui_before_first_batch"] = clock.preparing.figures()

    def predict(self, image: Image) -> None:
        """Press Predict, keep the atoms, and measure masks and lattices."""
        dock = show_dock(self.viewer, "Predict")
        for layer in self.viewer.layers:
            layer.visible = layer is image
        _tell("Predicting masks and atoms")
        self._run(dock.panel.runner, lambda: click(dock.panel.start_button))
        masks = find_results(self.viewer, "masks", image)
        [points] = find_results(self.viewer, "atoms", image)
        points.visible = False
        self._picture("masks")
        points.visible = True
        for layer in masks:
            layer.visible = False
        self._picture("atoms")
        dock.export(OUT / "atoms.csv")
        atoms = read_atoms(OUT / "atoms.csv")
        stack = np.stack([np.asarray(layer.data) for layer in masks]).astype(np.uint8)
        self.figures |= {**lattice_figures(atoms), **truth_figures(image, atoms, stack)}

    def explain(self, image: Image) -> None:
        """Pick the atom nearest to the middle by a click on the canvas."""
        dock = show_dock(self.viewer, "Explain")
        [points] = find_results(self.viewer, "atoms", image)
        middle = image.data_to_world(np.array(image.data.shape) / 2)
        positions = np.array([points.data_to_world(position) for position in points.data])
        target = positions[np.hypot(*(positions - middle).T).argmin()]
        _tell("Explaining one atom")

        def pick() -> None:
            click(dock.panel.start_button)
            click_canvas(self.viewer, dock, (float(target[-2]), float(target[-1])))

        self._run(dock.panel.runner, pick)
        points.visible = False  # the heat has nearly the colours of the markers
        self._zoom_to(target)
        self._picture("saliency")

    def _run(self, runner: JobRunner, start: Any) -> None:
        watch = _Watch(runner)
        start()
        self._end(runner, watch, seconds=PATIENCE)

    def _end(self, runner: JobRunner, watch: "_Watch", *, seconds: float) -> None:
        self._wait(
            lambda: watch.ended is not None and runner.state is JobState.IDLE, seconds=seconds, what="a job"
        )
        if watch.ended.reason is not FinishReason.COMPLETED:
            raise DemoError(f"A job {watch.ended.reason.value}: {watch.ended.error}")

    def _wait(self, condition: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Wait until something is true, or napari shows an error: then end."""
        wait_until(lambda: bool(self._errors()) or condition(), seconds=seconds, what=what)
        if self._errors():
            raise DemoError(self._errors()[0])

    def _errors(self) -> list[str]:
        shown = notification_manager.records[self._shown_before :]
        return [one.message for one in shown if one.severity >= NotificationSeverity.ERROR]

    def _picture(self, name: str) -> None:
        pause(0.5)
        take_picture(self.viewer, OUT / f"{name}.png")

    def _zoom_to(self, position: Any) -> None:
        self.viewer.scene.camera.center = tuple(position)
        self.viewer.scene.camera.zoom *= 3


def set_recipe(settings: TrainSettings, config: TrainConfig, minutes: float) -> None:
    """Set the Train dock from a recipe for simulated crystals."""
    assert isinstance(config.data, SimulatedData), "the recipe of the demo needs no files"
    settings.source.setCurrentText(SIMULATED)
    settings.network.setCurrentText(GOMBNET if config.model.architecture == "gombnet" else UNET)
    settings.layers.setValue(config.model.layers)
    settings.simulation.set_values(config.data.simulation)
    settings.training.set_values(config.training.model_copy(update={"time_limit": minutes}))
    settings.model.set_values(config.model)
    settings.name.setText(config.name)


class _Watch:
    """Listens to a job: how long it will take, and how it ended."""

    def __init__(self, runner: JobRunner) -> None:
        self.seconds_left = math.inf
        self.ended: Any = None
        runner.reported.connect(self._on_event)

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case BatchEnded(seconds_left=left):
                self.seconds_left = left
            case JobEnded():
                self.ended = event


def _tell(text: str) -> None:
    print(f"{text} ...", flush=True)


def _report(figures: dict[str, Any]) -> None:
    print("\nPictures and the table of atoms are in demo/.")
    for name, value in figures.items():
        if isinstance(value, dict):
            print(f"{name}:", *(f"{key} {_short(number)}" for key, number in value.items()), sep="  ")
        else:
            print(f"{name}: {_short(value)}")
    print(json.dumps(figures))


def _short(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_short, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    raise SystemExit(main())
