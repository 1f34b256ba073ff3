import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.control import JobControl
from napari_strata.errors import TrainingError
from napari_strata.events import (
    BatchEnded,
    EpochEnded,
    FinishReason,
    JobEnded,
    JobEvent,
    PinResult,
    PinsChecked,
    Warned,
)
from napari_strata.jobs import follow_run as module
from napari_strata.jobs.follow_run import follow_run
from napari_strata.training.run.told_events import ToldEvents, event_of

EPOCH = {"event": "EpochEnded", "epoch": 1, "epochs": 2, "step": 2, "train_loss": 0.5, "validation_loss": 0.4}
EPOCH |= {"validation_dice": None, "is_best": True, "elapsed": 1.0, "seconds_left": 1.0}


def batch(step: int, loss: float = 0.5) -> dict[str, object]:
    told = {"event": "BatchEnded", "step": step, "epoch": 1, "epochs": 2, "loss": loss, "learning_rate": 1e-3}
    return told | {"elapsed": float(step), "seconds_left": 3.0, "time": 1e9}


def end(reason: str, error: str | None = None) -> dict[str, object]:
    return {"event": "JobEnded", "reason": reason, "error": error, "time": 1e9}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "POLL", 0.01)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.yaml").write_text("")
    return folder


def write(run: Path, *lines: dict[str, object]) -> None:
    with (run / "events.jsonl").open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def until(events: Iterator[JobEvent], kind: type[JobEvent]) -> JobEvent:
    return next(event for event in events if isinstance(event, kind))


def test_a_run_is_followed_from_its_beginning_to_its_end(run: Path):
    write(run, batch(1, 0.9), batch(2, 0.8))
    events = follow_run(JobControl(), run)
    assert [until(events, BatchEnded).loss, until(events, BatchEnded).loss] == [0.9, 0.8]
    write(run, EPOCH, batch(3, 0.7))
    assert until(events, EpochEnded).validation_loss == 0.4
    assert until(events, BatchEnded).step == 3
    write(run, end("completed"))
    last = until(events, JobEnded)
    assert last.reason is FinishReason.COMPLETED
    assert last.result.figures == {"ended_by": "completed"}
    assert last.result.value is None


def test_a_run_that_has_not_begun_is_waited_for(run: Path):
    events = follow_run(JobControl(), run)
    timer = threading.Timer(0.1, write, (run, batch(1)))
    timer.start()
    assert until(events, BatchEnded).step == 1
    events.close()


def test_stop_ends_the_following_and_leaves_the_run_alone(run: Path):
    write(run, batch(1))
    control = JobControl()
    events = follow_run(control, run)
    until(events, BatchEnded)
    before = {path.name for path in run.iterdir()}
    control.request_stop()
    last = until(events, JobEnded)
    assert (last.reason, last.result.figures["ended_by"]) == (FinishReason.CANCELED, "followed no longer")
    assert {path.name for path in run.iterdir()} == before


def test_a_run_that_failed_says_why(run: Path):
    write(run, batch(1), end("failed", "TrainingError: The loss became nan."))
    *_, last = follow_run(JobControl(), run)
    assert isinstance(last.error, TrainingError)
    assert "The loss became nan." in last.error.message


def test_a_run_that_was_resumed_goes_on_after_its_first_end(run: Path):
    write(run, batch(1), end("canceled"), batch(2), end("completed"))
    *events, last = follow_run(JobControl(), run)
    assert [event.step for event in events if isinstance(event, BatchEnded)] == [1, 2]
    assert last.reason is FinishReason.COMPLETED


def test_a_folder_without_a_run_is_refused(tmp_path: Path):
    *_, last = follow_run(JobControl(), tmp_path)
    assert isinstance(last.error, TrainingError)
    assert "holds no training" in last.error.message


def test_silence_is_said_once(run: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "QUIET", 0.02)
    control = JobControl()
    threading.Timer(0.3, control.request_stop).start()
    warned = [event for event in follow_run(control, run) if isinstance(event, Warned)]
    assert len(warned) == 1


def test_of_a_long_past_enough_is_told_for_a_curve(run: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "SHOWN", 10)
    write(run, *(batch(step) for step in range(1, 101)), end("completed"))
    steps = [event.step for event in follow_run(JobControl(), run) if isinstance(event, BatchEnded)]
    assert steps == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]


def test_nested_events_come_back_as_they_were():
    told = {"event": "PinsChecked", "epoch": 3}
    told["results"] = [{"name": "a", "error": 0.5, "is_right": False, "was_right": None}]
    assert event_of(told) == PinsChecked(3, (PinResult("a", 0.5, False, None),))


@given(text=st.binary(max_size=200), cut=st.integers(0, 200))
def test_whatever_the_file_holds_whole_lines_are_read_once(tmp_path_factory, text: bytes, cut: int):
    folder = tmp_path_factory.mktemp("run")
    good = json.dumps(batch(1)).encode() + b"\n"
    content = text.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n" + good
    told, events = ToldEvents(folder), []
    for part in (content[:cut], content[cut:]):
        with (folder / "events.jsonl").open("ab") as file:
            file.write(part)
        events += told.new()
    assert [event for event in events if event.get("event") == "BatchEnded"] == [batch(1)]
    assert told.new() == []
