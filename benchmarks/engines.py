"""The engines "thread" and "process" beside each other: the same training in the real dock, in a window each.

The process comes first, so that the thread still has torch to import, as in a window that was opened just now.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

from benchmarks.figure import Figure
from benchmarks.gui_stall import PATIENCE, TARGETS, TrainingClock
from napari_strata.control import JobState

ENGINES = ("process", "thread")


@dataclass(frozen=True, slots=True)
class Run:
    """What one training came to.

    Attributes
    ----------
    p99_ms, max_ms : float
        99th percentile and longest of the gaps between ticks of a 10 ms timer while it trained [ms].
    preparing_max_ms : float
        Longest gap before the first batch [ms].
    first_batch_s : float
        Time from the click on Train to the first batch [s].
    stop_s : float
        Time from the click on Stop to the end, when the best model is on disk [s].
    steps_per_s : float
        Steps per second of training.
    """

    p99_ms: float
    max_ms: float
    preparing_max_ms: float
    first_batch_s: float
    stop_s: float
    steps_per_s: float


MEANING = {
    "p99_ms": ("99th percentile of gaps while training", "ms", TARGETS["p99_ms"]),
    "max_ms": ("longest gap while training", "ms", TARGETS["max_ms"]),
    "preparing_max_ms": ("longest gap before the first batch", "ms", ""),
    "first_batch_s": ("time to the first batch", "s", "<= 5"),
    "stop_s": ("time from Stop to the model", "s", "<= 2"),
    "steps_per_s": ("steps per second", "1/s", ""),
}


def measure(seconds: float) -> Iterator[Figure]:
    """Train for a time [s] with each engine."""
    runs = {engine: _train(engine, seconds) for engine in ENGINES}
    yield from figures(runs["process"], runs["thread"])


def figures(process: Run, thread: Run) -> Iterator[Figure]:
    """Turn both runs into figures, the other engine being the baseline of each."""
    for key, (words, unit, target) in MEANING.items():
        values = {"process": getattr(process, key), "thread": getattr(thread, key)}
        for engine, other in (("thread", "process"), ("process", "thread")):
            baseline = {other: values[other]}
            yield Figure(f"engines: {words}, {engine}", values[engine], unit, target, baseline)


def _train(engine: str, seconds: float) -> Run:
    from napari_strata.widgets.parts.models import HOME_VARIABLE
    from scripts.driving import PLUGIN, open_viewer, pause, show_dock

    with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, {HOME_VARIABLE: home}):
        viewer = open_viewer()
        viewer.open_sample(PLUGIN, "twisted_bilayer_graphene")
        dock = show_dock(viewer, "Train")
        pause(2)  # what opening has left to do
        dock.settings.training.set_value("engine", engine)
        dock.settings.training.set_value("time_limit", 60.0)
        run = _timed(dock, seconds)
        viewer.close()
    return run


def _timed(dock: Any, seconds: float) -> Run:
    from scripts.driving import click, pause, wait_until

    clock = TrainingClock(dock.runner)
    click(dock.train_button)
    wait_until(lambda: dock.runner.state is JobState.RUNNING, seconds=PATIENCE, what="the first batch")
    pause(seconds)
    stopped = time.perf_counter()
    click(dock.stop_button)
    wait_until(lambda: clock.ended is not None, seconds=PATIENCE, what="the end of the training")
    stop_s = time.perf_counter() - stopped
    assert clock.ended is not None
    if clock.ended.result is None:
        raise SystemExit(f"engines: the training left nothing: {clock.ended.error}")
    done = clock.ended.result.figures
    training, preparing = clock.training.figures(), clock.preparing.figures()
    return Run(
        p99_ms=training["p99_ms"],
        max_ms=training["max_ms"],
        preparing_max_ms=preparing["max_ms"],
        first_batch_s=preparing["seconds"],
        stop_s=stop_s,
        steps_per_s=done["steps"] / done["seconds"],
    )
