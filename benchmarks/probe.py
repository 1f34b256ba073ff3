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
from benchmarks.probe_window import ProbeWindow
from napari_strata.config import ExplainConfig, ExplainMethod
from napari_strata.data.grid import normalise
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
    window = ProbeWindow(model, image, method)
    # until the first one the model is loaded, and layers are made
    latencies = [window.latency() for _ in range(PLACES)][2:]
    stalls, shown = window.gaps(SECONDS)
    window.close()
    title = METHODS[method].title
    yield Figure(
        f"probe: {title}, from move to picture, median", float(np.median(latencies)), "ms", targets["median"]
    )
    p95 = float(np.percentile(latencies, 95))
    yield Figure(f"probe: {title}, from move to picture, 95th percentile", p95, "ms", targets["p95"])
    longest = {"longest": stalls["max_ms"]}
    yield Figure(
        f"probe: {title}, gaps while moving, 99th percentile", stalls["p99_ms"], "ms", targets["stall"], longest
    )
    yield Figure(f"probe: {title}, pictures while moving", shown / stalls["seconds"], "/s")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
