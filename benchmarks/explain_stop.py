"""How long an explanation goes on after a stop, at moments spread over the first seconds of each slow method.

A pixel of a large image, whose preparation takes longest, and the whole slice of a smaller one, whose passes do.
"""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from napari_strata.config import ExplainConfig, ExplainMethod
from napari_strata.control import JobControl
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.question import Question
from napari_strata.explain.targets import PixelTarget, RegionTarget, Target
from napari_strata.io.bundle import read_card
from napari_strata.jobs.explain import explain
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.types import ImageStack

LARGE, SMALL = 2048, 512
DELAYS = (0.5, 1.5)
"""When the stop comes, after the job has begun [s]."""
TARGET = "<= 500"


def measure(
    model: Path, *, large: int = LARGE, small: int = SMALL, delays: tuple[float, ...] = DELAYS
) -> Iterator[Figure]:
    """Tell the longest time of all methods of many passes."""
    slow = [name for name, facts in METHODS.items() if facts.many_passes]
    seconds_to_the_end(model, small, PixelTarget(0, 0), "smooth-grad", 600)  # so that all is imported
    whole = RegionTarget(np.ones((small, small), bool), "slice")
    for words, side, target in (
        (f"a pixel of {large} x {large} px", large, PixelTarget(large // 2, large // 2)),
        (f"a slice of {small} x {small} px", small, whole),
    ):
        found = {
            method: max(seconds_to_the_end(model, side, target, method, delay) for delay in delays)
            for method in slow
        }
        worst = max(found, key=lambda name: found[name])
        name = f"explain_stop: {words}, {len(slow)} methods, longest ({METHODS[worst].title})"
        yield Figure(name, 1000 * found[worst], "ms", TARGET)


def seconds_to_the_end(model: Path, side: int, target: Target, method: ExplainMethod, delay: float) -> float:
    """Return how long a job goes on after a stop [s]; 0 of one that was done before."""
    pixels = np.random.default_rng(0).random((1, side, side), np.float32)
    image = ImageStack(pixels, read_card(model).model.pixel_size, "noise")
    control, stopped = JobControl(), 0.0

    def stop() -> None:
        nonlocal stopped
        stopped = time.perf_counter()
        control.request_stop()

    timer = threading.Timer(delay, stop)
    for number, _ in enumerate(
        explain(control, Inquiry(model, image, Question(target, 0), ExplainConfig(method=method)))
    ):
        if number == 0:
            timer.start()
    timer.cancel()
    return time.perf_counter() - stopped if stopped else 0.0
