"""What Integrated Gradients of a whole image cost: time beside as many plain passes, and memory by batch.

A step of the method and plain passes of as many images take turns, so that what else the machine does meets both.
Memory is that of a process of its own for each batch.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.figure import Figure
from benchmarks.memory import peak_memory
from napari_strata.config import ExplainConfig
from napari_strata.explain.catalogue import load_method
from napari_strata.explain.prepare import Prepared, prepare
from napari_strata.explain.question import Question
from napari_strata.explain.targets import RegionTarget
from napari_strata.models.registry import load_network
from napari_strata.types import ImageStack

SIDE, STEPS = 512, 50
BATCHES = (1, 2, 4)
TARGET = "<= 1.1"


def measure(
    model: Path,
    *,
    side: int = SIDE,
    steps: int = STEPS,
    batches: tuple[int, ...] = BATCHES,
) -> Iterator[Figure]:
    """Explain a whole slice of noise by Integrated Gradients."""
    method, passes = race(prepared(model, side, steps=steps, batch=1))
    name = f"explain_cost: Integrated Gradients, {steps} steps, {side} x {side} px"
    seconds = {"method [s]": method, "passes [s]": passes}
    words = f"{name}, time over that of {steps} forward and backward passes"
    yield Figure(words, method / passes, "", TARGET, seconds)
    for batch in batches:
        peaks = _in_child(model, side, batch)
        yield Figure(f"{name}, batch {batch}: peak memory", peaks.pop("method"), "MB", "", peaks)


def prepared(model: Path, side: int, *, steps: int, batch: int) -> Prepared:
    """Return the question why a whole slice is as it is."""
    loaded = load_network(model)
    pixels = np.random.default_rng(0).random((1, side, side), np.float32)
    image = ImageStack(pixels, loaded.card.model.pixel_size, "noise")
    question = Question(RegionTarget(np.ones((side, side), bool), "slice"), 0)
    config = ExplainConfig(method="integrated-gradients", steps=steps, batch=batch, device="cpu")
    return prepare(loaded, image, question, config, atoms=None)


def race(case: Prepared) -> tuple[float, float]:
    """Return how long the method took, and how long as many plain passes [s]."""
    config = case.scene.config
    maps = load_method("integrated-gradients")(case.score, case.scene)
    images = case.scene.image.expand(config.batch, -1, -1, -1)
    _pass(case, images)  # both begin warm
    method = passes = 0.0
    for _ in range(0, config.steps, config.batch):
        method += _seconds(lambda: next(maps))
        passes += _seconds(lambda: _pass(case, images))
    return method, passes


def _pass(case: Prepared, images: torch.Tensor) -> None:
    """Compute the score of images and its gradient, and nothing else."""
    asked = images.clone().requires_grad_()
    for weight in case.score.parameters():
        weight.requires_grad_(False)
    torch.autograd.grad(case.score(asked).sum(), asked)


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _in_child(model: Path, side: int, batch: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.explain_cost", str(model), str(side), str(batch)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SystemExit(f"the explanation failed: {answer.stdout}{answer.stderr}")
    peaks: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return peaks


def peaks_of(model: Path, side: int, batch: int) -> dict[str, float]:
    """Return the peak memory before anything is computed, after one plain pass, and after the method [MB]."""
    case = prepared(model, side, steps=2 * batch, batch=batch)
    peaks = {"one image forward": peak_memory()}
    _pass(case, case.scene.image.expand(batch, -1, -1, -1))
    peaks["one plain pass of the batch"] = peak_memory()
    list(load_method("integrated-gradients")(case.score, case.scene))
    return {**peaks, "method": peak_memory()}


if __name__ == "__main__":
    print(json.dumps(peaks_of(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
