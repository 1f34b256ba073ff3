"""For how long the window is held up while a network trains in it, beside an idle window."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Qt, QTimer

from benchmarks.figure import Figure
from napari_strata.control import JobState
from napari_strata.events import BatchEnded, FinishReason, JobEnded, JobEvent

INTERVAL = 10
"""Time between two ticks of the timer when nothing holds it up [ms]."""
PATIENCE = 120.0
"""Longest time that preparing the training, and ending it, may take [s]."""
TARGETS = {"p99_ms": "<= 25", "max_ms": "<= 150"}
PILOT = {"p99_ms": 12.0, "max_ms": 51.0}
"""What the pilot reached with a bare viewer and an overlay of 512² [ms]."""
MEANING = {"p50_ms": "median gap", "p99_ms": "99th percentile of gaps", "max_ms": "longest gap"}


class StallClock(QObject):
    """A timer in the event loop; a gap between two of its ticks that is longer than 10 ms is a stall.

    What passes between `start` and the first tick, and between the last tick and `stop`, counts as a gap too, so
    that no stall can hide at the ends.
    """

    def __init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._runs: list[list[float]] = []

    def start(self) -> None:
        """Begin to measure, or go on after `stop`; the time between the two does not count."""
        self._runs.append([])
        self._tick()
        self._timer.start()

    def stop(self) -> None:
        """End the measurement; nothing happens when it does not run."""
        if self._timer.isActive():
            self._timer.stop()
            self._tick()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out what happens inside, for example a screenshot."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    def gaps(self) -> NDArray[np.float64]:
        """Return the time between each tick and the next [ms], shape (gap,)."""
        return np.concatenate([np.zeros(0), *(np.diff(run) for run in self._runs)]) * 1000

    def figures(self) -> dict[str, float]:
        """Return the median, the 99th percentile and the longest of the gaps [ms], and the time measured [s]."""
        gaps = self.gaps()
        p50, p99, longest = np.percentile(gaps, (50, 99, 100)).tolist() if len(gaps) else [float("nan")] * 3
        return {"p50_ms": p50, "p99_ms": p99, "max_ms": longest, "seconds": float(gaps.sum()) / 1000}

    def _tick(self) -> None:
        self._runs[-1].append(time.perf_counter())


class TrainingClock:
    """Measures stalls before the first batch of a training apart from those that follow.

    Parameters
    ----------
    runner : JobRunner
        The runner that will train; the clock runs from now on, until the job ends.

    Attributes
    ----------
    preparing, training : StallClock
        Until the first batch (layers are created, torch is imported), and from there to the end.
    ended : JobEnded or None
        How the job ended, once it has.
    stopping : float or None
        Time from Stop to the model [s].
    result : dict
        Figures of the training's result.
    """

    def __init__(self, runner: Any) -> None:
        self.preparing, self.training = StallClock(), StallClock()
        self.ended: JobEnded | None = None
        self.stopping: float | None = None
        self.result: dict[str, Any] = {}
        self._first: float | None = None
        runner.reported.connect(self._on_event)
        self.preparing.start()

    def has_trained(self, seconds: float) -> bool:
        """Whether a time [s] has passed since the first batch, or the training is over."""
        has_passed = self._first is not None and time.perf_counter() - self._first >= seconds
        return has_passed or self.ended is not None

    def _on_event(self, event: JobEvent) -> None:
        match event:
            case BatchEnded() if self._first is None:
                self._first = time.perf_counter()
                self.preparing.stop()
                self.training.start()
            case JobEnded():
                self.preparing.stop()
                self.training.stop()
                self.ended = event


def measure(seconds: float) -> Iterator[Figure]:
    """Train in the real dock of a real viewer for a time [s], after a quarter of it in which nothing happens."""
    from napari_strata.widgets.parts.models import HOME_VARIABLE
    from scripts.driving import PLUGIN, open_viewer, pause, show_dock

    with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, {HOME_VARIABLE: home}):
        viewer = open_viewer()
        viewer.open_sample(PLUGIN, "twisted_bilayer_graphene")
        dock = show_dock(viewer, "Train")
        pause(2)  # what opening has left to do
        idle = StallClock()
        idle.start()
        pause(seconds / 4)
        idle.stop()
        clock = train_in_dock(dock, seconds)
        viewer.close()
    yield from figures(clock, idle.figures())


def train_in_dock(dock: Any, seconds: float, *, engine: str = "thread") -> TrainingClock:
    """Press Train, and Stop when a time [s] has passed since the first batch; wait for the model.

    Parameters
    ----------
    dock : TrainDock
        The dock, as it is shown.
    seconds : float
        How long to train.
    engine : str
        Where, as `TrainingConfig.engine`.
    """
    from scripts.driving import click, wait_until

    settings = dock.settings.training.values()
    dock.settings.training.set_values(settings.model_copy(update={"time_limit": None, "engine": engine}))
    clock = TrainingClock(dock.runner)
    click(dock.train_button)
    wait_until(lambda: clock.has_trained(seconds), seconds=seconds + PATIENCE, what="enough training")
    start = time.perf_counter()
    click(dock.stop_button)
    wait_until(
        lambda: clock.ended is not None and dock.runner.state is JobState.IDLE,
        seconds=PATIENCE,
        what="the end of the training",
    )
    clock.stopping = time.perf_counter() - start
    assert clock.ended is not None
    if clock.ended.reason is not FinishReason.CANCELED or clock.ended.result is None:
        raise SystemExit(f"the training did not end as it should: {clock.ended}")
    clock.result = dict(clock.ended.result.figures)
    return clock


def figures(clock: TrainingClock, idle: Mapping[str, float]) -> Iterator[Figure]:
    """Turn the clock of a training into figures; `idle` are those of a window in which nothing happens."""
    training, preparing = clock.training.figures(), clock.preparing.figures()
    for key, words in MEANING.items():
        baseline = {"idle window": idle[key]} | ({"pilot": PILOT[key]} if key in PILOT else {})
        yield Figure(f"gui_stall: {words} while training", training[key], "ms", TARGETS.get(key, ""), baseline)
    yield Figure("gui_stall: time measured while training", training["seconds"], "s")
    yield Figure("gui_stall: longest gap before the first batch", preparing["max_ms"], "ms")
    yield Figure("gui_stall: time until the first batch", preparing["seconds"], "s", "<= 5")
    yield Figure("gui_stall: time from Stop to the model", clock.stopping, "s", "<= 2")
    share = clock.result.get("preview_share")
    percent = None if share is None else 100 * share
    yield Figure("gui_stall: live predictions", percent, "% of the training", "<= 10")
