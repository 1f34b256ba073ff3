import json
import time
from typing import Any

import pytest
from qtpy.QtCore import QObject, QTimer, Signal

from benchmarks.gui_stall import StallClock, TrainingClock, figures
from napari_strata.events import BatchEnded, FinishReason, JobEnded


class Runner(QObject):
    reported = Signal(object)


def batch(step: int) -> BatchEnded:
    return BatchEnded(step=step, epoch=1, epochs=1, loss=0.5, learning_rate=1e-3, elapsed=0.0, seconds_left=0.0)


def test_a_stall_is_the_longest_gap(qtbot: Any) -> None:
    clock = StallClock()
    clock.start()
    QTimer.singleShot(50, lambda: time.sleep(0.3))
    qtbot.wait(600)
    clock.stop()
    found = clock.figures()
    assert 300 <= found["max_ms"] < 550
    assert found["p50_ms"] < 50
    assert found["seconds"] == pytest.approx(0.6, abs=0.15)


def test_a_stall_at_the_end_is_not_lost(qtbot: Any) -> None:
    clock = StallClock()
    clock.start()
    qtbot.wait(50)
    time.sleep(0.2)
    clock.stop()
    assert clock.figures()["max_ms"] >= 200


def test_a_pause_does_not_count(qtbot: Any) -> None:
    clock = StallClock()
    clock.start()
    qtbot.wait(50)
    with clock.paused():
        time.sleep(0.4)
    qtbot.wait(50)
    clock.stop()
    clock.stop()
    assert clock.figures()["max_ms"] < 400
    assert clock.figures()["seconds"] < 0.4


def test_a_clock_that_never_ran_has_no_figures(qtbot: Any) -> None:
    found = StallClock().figures()
    assert found.pop("seconds") == 0
    assert all(value != value for value in found.values())


def test_stalls_before_the_first_batch_are_told_apart(qtbot: Any) -> None:
    runner = Runner()
    clock = TrainingClock(runner)
    time.sleep(0.6)
    runner.reported.emit(batch(1))
    qtbot.wait(100)
    time.sleep(0.15)
    runner.reported.emit(batch(2))
    runner.reported.emit(JobEnded(FinishReason.COMPLETED))
    time.sleep(0.5)
    assert clock.ended == JobEnded(FinishReason.COMPLETED)
    assert clock.preparing.figures()["max_ms"] >= 600
    assert 150 <= clock.training.figures()["max_ms"] < 500


def test_figures_are_compared_with_the_idle_window(qtbot: Any) -> None:
    runner = Runner()
    clock = TrainingClock(runner)
    runner.reported.emit(JobEnded(FinishReason.CANCELED))
    lines = [json.loads(f.as_json()) for f in figures(clock, {"p50_ms": 10.0, "p99_ms": 13.0, "max_ms": 14.0})]
    by_name = {line["name"]: line for line in lines}
    p99 = by_name["gui_stall: 99th percentile of gaps while training"]
    assert (p99["target"], p99["baseline"], p99["value"]) == ("<= 25", {"idle window": 13.0, "pilot": 12.0}, None)
    assert by_name["gui_stall: longest gap while training"]["target"] == "<= 150"
