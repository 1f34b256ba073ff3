"""How fast the map of what is under the cursor follows it, beside captum's call on the whole image.

Pixels of a noisy image are asked for, at random places: what a network computes takes as long on any image.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.gui_stall import StallClock
from napari_strata.config import ExplainConfig, ExplainMethod
from napari_strata.data.grid import normalise
from napari_strata.events import Glimpsed, JobEvent
from napari_strata.explain.catalogue import METHODS, load_method
from napari_strata.explain.prepare import prepare
from napari_strata.explain.probe import Prober
from napari_strata.explain.question import Question
from napari_strata.explain.quick import QUICK
from napari_strata.explain.score import TargetScore, Term
from napari_strata.explain.targets import PixelTarget
from napari_strata.models.device import resolve_device
from napari_strata.models.registry import LoadedModel, load_network
from napari_strata.types import ImageStack

SIDE = 512
PLACES = 60
"""How many places are asked for, each answered before the next."""
WHOLE = 2
"""How often the whole image is explained; the fastest counts."""
SECONDS = 20.0
"""How long the mouse moves over the window: some 500 moves, so that more than a few gaps are beyond p99."""
TARGETS = {"median": "<= 150", "p95": "<= 300", "ratio": ">= 5", "stall": "<= 50"}
ON_GPU = TARGETS | {"median": "<= 20"}


def measure(model: Path) -> Iterator[Figure]:
    """Probe a noisy image of 512 x 512 pixels of the network's own size."""
    loaded, device = load_network(model, resolve_device("auto")), computing_device()
    targets = ON_GPU if resolve_device("auto").type == "cuda" else TARGETS
    pixel_size = loaded.card.model.pixel_size
    image = ImageStack(np.random.default_rng(0).random((1, SIDE, SIDE), np.float32), pixel_size, "noise")
    for method in QUICK:
        title = METHODS[method].title
        config = ExplainConfig(method=method)
        times = _times(Prober(loaded, image, config, atoms=None))
        whole = _whole(loaded, image, method)
        yield Figure(f"probe: {title}, computing, median", float(np.median(times)) * 1000, "ms", device=device)
        yield Figure(
            f"probe: {title}, captum on the whole image beside it",
            whole / float(np.median(times)),
            "",
            targets["ratio"],
            {"captum [ms]": whole * 1000},
            device,
        )
        for figure in _in_window(model, image, method, targets):
            yield replace(figure, device=device)


def _times(prober: Prober) -> NDArray[np.float64]:
    rng = np.random.default_rng(1)
    prober.at(SIDE / 2, SIDE / 2)
    return np.array([_seconds(lambda: prober.at(*rng.uniform(0, SIDE - 1, 2))) for _ in range(PLACES)])


def _whole(loaded: LoadedModel, image: ImageStack, method: ExplainMethod) -> float:
    """Return how long captum's call takes of the whole image [s]."""
    question = Question(PixelTarget(SIDE // 2, SIDE // 2), 0)
    prepared = prepare(loaded, image, question, ExplainConfig(method=method), atoms=None)
    weights = torch.zeros(SIDE, SIDE, device=prepared.scene.image.device)
    weights[SIDE // 2, SIDE // 2] = 1
    score = TargetScore(loaded.network, [Term(prepared.score.outputs[0], weights)])
    pixels = torch.from_numpy(normalise(image.data[0]))[None, None].to(weights.device)
    scene = replace(prepared.scene, image=pixels)
    return min(
        _seconds(lambda: [found.map.cpu() for found in load_method(method)(score, scene)]) for _ in range(WHOLE)
    )


def _in_window(
    model: Path, image: ImageStack, method: ExplainMethod, targets: Mapping[str, str]
) -> Iterator[Figure]:
    """Hold the key and move the mouse in a real viewer; measure from each move to the picture of its answer."""
    import napari
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QWidget

    from napari_strata.widgets.layers.napari_layers import Origin
    from napari_strata.widgets.layers.source import Source
    from napari_strata.widgets.parts.models import open_model
    from napari_strata.widgets.probe.probe import Probe
    from napari_strata.widgets.probe.subject import Subject
    from scripts.driving import pause, wait_until

    viewer = napari.Viewer()
    entry = open_model(model)
    scale = (image.pixel_size or 1.0,) * 2
    layer = viewer.add_image(image.data[0], name="noise", scale=scale, units=("angstrom",) * 2)
    source = Source(image, entry, Origin(layer, image.pixel_size, entry.card, str(model)), layer.data)
    background = (None,) * entry.card.model.layers
    subject = Subject(source, "pixel", 0, None, background, ExplainConfig(method=method), None)
    probe = Probe(viewer, lambda: subject)
    viewer.window.add_dock_widget(probe, name="Probe")
    canvas = next(w for w in probe.window().findChildren(QWidget) if type(w).__name__ == "CanvasBackendDesktop")
    drawn: list[float] = []
    told: list[float] = []

    def note(event: JobEvent) -> None:
        if isinstance(event, Glimpsed):
            told.append(time.perf_counter())

    canvas.frameSwapped.connect(lambda: drawn.append(time.perf_counter()))
    probe.runner.reported.connect(note)
    pause(1)
    probe.box.setChecked(True)
    QTest.keyPress(canvas, Qt.Key.Key_Q)
    rng, centre = np.random.default_rng(2), np.array([canvas.height(), canvas.width()]) / 2

    def move(reach: float) -> None:
        y, x = centre + rng.uniform(-reach, reach, 2) * centre.min()
        QTest.mouseMove(canvas, QPoint(round(x), round(y)))

    latencies = []
    for number in range(PLACES):
        told.clear()
        start = time.perf_counter()
        move(0.8)
        wait_until(lambda: bool(told) and bool(drawn) and drawn[-1] > told[0], seconds=60, what="a map")
        if number > 1:  # until the first one the model is loaded, and layers are made
            latencies.append(1000 * (drawn[-1] - start))
        pause(0.05)
    told.clear()
    clock = StallClock()
    clock.start()
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        move(0.8)
        pause(0.03)
    clock.stop()
    shown = len(told)
    probe.box.setChecked(False)
    wait_until(lambda: not probe.runner.is_busy, seconds=60, what="the end of the probe")
    viewer.close()
    title = METHODS[method].title
    yield Figure(
        f"probe: {title}, from move to picture, median", float(np.median(latencies)), "ms", targets["median"]
    )
    p95 = float(np.percentile(latencies, 95))
    yield Figure(f"probe: {title}, from move to picture, 95th percentile", p95, "ms", targets["p95"])
    stalls = clock.figures()
    longest = {"longest": stalls["max_ms"]}
    yield Figure(
        f"probe: {title}, gaps while moving, 99th percentile", stalls["p99_ms"], "ms", targets["stall"], longest
    )
    yield Figure(f"probe: {title}, pictures while moving", shown / stalls["seconds"], "/s")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
