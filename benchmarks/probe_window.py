"""A real viewer in which the key of the probe is held and the mouse moves over the image."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.gui_stall import StallClock
from napari_strata.config import ExplainConfig, ExplainMethod
from napari_strata.events import Glimpsed, JobEvent
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_strata.widgets.probe.probe import Probe

REACH = 0.8
"""How far from the middle the mouse moves, as a part of the way to the border."""


class ProbeWindow:
    """Opens the viewer and holds the key; the caller closes it.

    Parameters
    ----------
    model : Path
        A bundle's folder.
    image : ImageStack
        One frame.
    method : str
        What the probe shows.
    """

    def __init__(self, model: Path, image: ImageStack, method: ExplainMethod) -> None:
        import napari
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest
        from qtpy.QtWidgets import QWidget

        from scripts.driving import pause

        self._viewer = napari.Viewer()
        self._probe = _open_probe(self._viewer, model, image, method)
        children = self._probe.window().findChildren(QWidget)
        self._canvas = next(child for child in children if type(child).__name__ == "CanvasBackendDesktop")
        self._drawn: list[float] = []
        self._told: list[float] = []
        self._rng = np.random.default_rng(2)
        self._canvas.frameSwapped.connect(lambda: self._drawn.append(time.perf_counter()))
        self._probe.runner.reported.connect(self._note)
        pause(1)
        self._probe.box.setChecked(True)
        QTest.keyPress(self._canvas, Qt.Key.Key_Q)

    def latency(self) -> float:
        """Move the mouse, and return how long it takes until the picture of the answer is drawn [ms]."""
        from scripts.driving import pause, wait_until

        self._told.clear()
        start = time.perf_counter()
        self._move()
        wait_until(self._is_drawn, seconds=60, what="a map")
        taken = 1000 * (self._drawn[-1] - start)
        pause(0.05)
        return taken

    def gaps(self, seconds: float) -> tuple[Mapping[str, float], int]:
        """Move the mouse all the time; return the gaps of the window, and how many maps were shown."""
        from scripts.driving import pause

        self._told.clear()
        clock = StallClock()
        clock.start()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            self._move()
            pause(0.03)
        clock.stop()
        return clock.figures(), len(self._told)

    def close(self) -> None:
        """Let the worker end, and close the viewer."""
        from scripts.driving import wait_until

        self._probe.box.setChecked(False)
        wait_until(lambda: not self._probe.runner.is_busy, seconds=60, what="the end of the probe")
        self._viewer.close()

    def _note(self, event: JobEvent) -> None:
        if isinstance(event, Glimpsed):
            self._told.append(time.perf_counter())

    def _is_drawn(self) -> bool:
        return bool(self._told) and bool(self._drawn) and self._drawn[-1] > self._told[0]

    def _move(self) -> None:
        from qtpy.QtCore import QPoint
        from qtpy.QtTest import QTest

        centre = np.array([self._canvas.height(), self._canvas.width()]) / 2
        y, x = centre + self._rng.uniform(-REACH, REACH, 2) * centre.min()
        QTest.mouseMove(self._canvas, QPoint(round(x), round(y)))


def _open_probe(viewer: "Viewer", model: Path, image: ImageStack, method: ExplainMethod) -> "Probe":
    from napari_strata.widgets.layers.napari_layers import Origin
    from napari_strata.widgets.layers.source import Source
    from napari_strata.widgets.parts.models import open_model
    from napari_strata.widgets.probe.probe import Probe
    from napari_strata.widgets.probe.subject import Subject

    entry = open_model(model)
    scale = (image.pixel_size or 1.0,) * 2
    layer = viewer.add_image(image.data[0], name="noise", scale=scale, units=("angstrom",) * 2)
    source = Source(image, entry, Origin(layer, image.pixel_size, entry.card, str(model)), layer.data)
    background = (None,) * entry.card.model.layers
    subject = Subject(source, "pixel", 0, None, background, ExplainConfig(method=method), None)
    probe = Probe(viewer, lambda: subject)
    viewer.window.add_dock_widget(probe, name="Probe")
    return probe
