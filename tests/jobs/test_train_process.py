"""Trainings in a real child process, which costs seconds to start: few of them, of tiny networks."""

import json
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from napari_strata.config import TrainConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import ConfigError, TrainingError
from napari_strata.events import (
    BatchEnded,
    CorrectionTaken,
    EpochEnded,
    FinishReason,
    JobEnded,
    JobEvent,
    PreviewReady,
    StateChanged,
)
from napari_strata.jobs.child import Child, ChildEnded
from napari_strata.jobs.train import train
from napari_strata.jobs.train_process import MODULE, trains_apart
from napari_strata.models.registry import load_network
from napari_strata.requests import Correction, Look
from napari_strata.training.patches.inputs import Painted, TrainInputs
from napari_strata.types import ImageStack

IMAGE = ImageStack(np.random.default_rng(0).random((1, 40, 50)), 0.2, "view")
ENDLESS = 100_000


def tiny(**training: object) -> TrainConfig:
    brief = {"time_limit": None, "epochs": 2, "steps_per_epoch": 3, "batch_size": 2, "patch_size": 32}
    brief |= {"validation_crops": 2, "precision": "fp32", "device": "cpu", "deterministic": True}
    return TrainConfig.parse({"model": {"filters": [4, 8]}, "training": brief | training})


def apart(**training: object) -> TrainConfig:
    return tiny(engine="process", **training)


def children() -> list[psutil.Process]:
    return [one for one in psutil.Process().children(recursive=True) if any(MODULE in w for w in words_of(one))]


def words_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


class Running:
    """A job in a thread, as the docks run it."""

    def __init__(self, config: TrainConfig, inputs: TrainInputs) -> None:
        self.control = JobControl()
        self.events: list[JobEvent] = []
        self._job = train(self.control, config, inputs)
        self._thread = threading.Thread(target=lambda: self.events.extend(self._job), daemon=True)
        self._thread.start()

    def wait_for(self, kind: type[JobEvent], **values: object) -> JobEvent:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for event in list(self.events):
                if isinstance(event, kind) and all(getattr(event, name) == v for name, v in values.items()):
                    return event
            time.sleep(0.01)
        raise AssertionError(f"no {kind.__name__} with {values} among {self.events}")

    def end(self) -> JobEnded:
        self._thread.join(60)
        last = self.events[-1]
        assert isinstance(last, JobEnded)
        return last


def losses(events: list[JobEvent]) -> list[float]:
    return [event.loss for event in events if isinstance(event, BatchEnded)]


def kinds(events: list[JobEvent]) -> list[type[JobEvent]]:
    return [type(event) for event in events if not isinstance(event, PreviewReady)]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_network(run).network.state_dict()


def test_both_engines_tell_the_same_and_give_the_same_weights(tmp_path: Path):
    here = list(train(JobControl(), tiny(), TrainInputs(tmp_path / "here")))
    there = list(train(JobControl(), apart(preview_interval=0.1), TrainInputs(tmp_path / "there", preview=IMAGE)))
    assert kinds(there) == kinds(here)
    assert losses(there) == losses(here)
    assert there[-1].reason is FinishReason.COMPLETED
    assert there[-1].result.value == tmp_path / "there" / "model"
    previews = [event.probabilities.shape for event in there if isinstance(event, PreviewReady)]
    assert previews[0] == (2, 2, 40, 50)
    first, second = weights(tmp_path / "here"), weights(tmp_path / "there")
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert {path.name for path in (tmp_path / "there").glob(".handover*")} == set()


def painted(out: Path) -> TrainInputs:
    """A bright square on a dark ground in each of two slices, two strokes in each."""
    truth = np.zeros((2, 64, 64), np.uint8)
    truth[:, 16:48, 16:48] = 1
    labels = np.zeros((2, 1, 64, 64), np.uint8)
    labels[:, 0, 20:24, 20:44] = 2
    labels[:, 0, 4:8, 4:60] = 1
    image = (truth + np.random.default_rng(0).normal(0, 0.1, truth.shape)).astype(np.float32)
    stack = ImageStack(image, None, "squares")
    preview = ImageStack(image[:1], None, "squares")
    return TrainInputs(out, (stack,), (labels,), preview=preview, painted=Painted((0, 1), 2))


def labelled(**training: object) -> TrainConfig:
    config = apart(**training).model_dump()
    config["model"] |= {"architecture": "unet", "layers": 1, "pixel_size": None}
    config["data"] = {"source": "labels", "images": ["i"], "labels": ["l"], "classes": ["square"]}
    return TrainConfig.parse(config)


def test_a_child_waits_takes_requests_and_keeps_its_best_when_it_is_stopped(tmp_path: Path):
    inputs = painted(tmp_path)
    run = Running(labelled(epochs=ENDLESS, preview_interval=0.1), inputs)
    run.wait_for(EpochEnded)
    run.control.pause()
    time.sleep(0.5)
    (child,) = children()
    before, heard = child.cpu_times().user, len(run.events)
    time.sleep(0.5)
    assert child.cpu_times().user - before < 0.2
    assert len(run.events) == heard
    run.control.post(Correction(1, 0, 30, 30, np.full((6, 6), 2, np.uint8)))
    run.control.post(Look(inputs.preview, 7))
    run.control.resume()
    run.wait_for(CorrectionTaken, frame=1, y=30, height=6)
    run.wait_for(PreviewReady, key=7)
    run.control.request_stop()
    last = run.end()
    assert last.reason is FinishReason.CANCELED
    assert last.result.figures["ended_by"] == "stop"
    assert load_network(tmp_path).card.figures["step"] >= 3
    assert run.control.state is JobState.IDLE


def test_a_killed_child_fails_the_training_in_words_and_leaves_the_best_weights(tmp_path: Path):
    run = Running(apart(epochs=ENDLESS), TrainInputs(tmp_path / "run"))
    run.wait_for(EpochEnded)
    run.wait_for(BatchEnded, step=4)
    (child,) = children()
    child.kill()
    last = run.end()
    assert last.reason is FinishReason.FAILED
    assert isinstance(last.error, TrainingError)
    assert "ended by the system (signal 9), probably for lack of memory" in last.error.message
    assert "smaller batch or patch" in last.error.remedy
    assert "--resume" in last.error.remedy
    assert last.result.value == tmp_path / "run" / "model"
    load_network(tmp_path / "run")
    ending = json.loads((tmp_path / "run" / "events.jsonl").read_text().splitlines()[-1])
    assert (ending["event"], ending["reason"]) == ("JobEnded", "failed")
    session = json.loads((tmp_path / "run" / "run.json").read_text())["sessions"][-1]
    assert session["ended_by"] == "failed"
    assert session["step"] >= 3


def test_an_abandoned_training_ends_its_child_which_keeps_its_best(tmp_path: Path):
    events = train(JobControl(), apart(epochs=ENDLESS), TrainInputs(tmp_path))
    next(event for event in events if isinstance(event, EpochEnded))
    events.close()
    assert children() == []
    assert load_network(tmp_path).card.figures["step"] >= 3


def test_a_stop_while_the_child_starts_leaves_nothing(tmp_path: Path):
    control = JobControl()
    events = train(control, apart(), TrainInputs(tmp_path / "run"))
    assert next(events) == StateChanged(JobState.PREPARING)
    control.request_stop()
    assert list(events) == [JobEnded(FinishReason.CANCELED)]
    assert children() == []
    assert not (tmp_path / "run").exists()


def test_what_is_wrong_arrives_as_it_is(tmp_path: Path):
    events = train(JobControl(), apart(batch_size=3, devices=2), TrainInputs(tmp_path / "run"))
    *_, last = events
    assert isinstance(last.error, ConfigError)
    assert "batch of 3 patches cannot be divided among 2 processes" in last.error.message
    assert "multiple of 2" in last.error.remedy


def test_a_child_that_never_comes_is_noticed():
    with Child("napari_strata.no_such_module") as child, pytest.raises(ChildEnded) as ended:
        while True:
            child.hear(0.05)
    assert ended.value.code == 1


@pytest.mark.parametrize(
    ("engine", "devices", "environment", "is_apart"),
    [
        ("thread", 1, {}, False),
        ("process", 1, {}, True),
        ("thread", 2, {}, True),
        ("process", 2, {"LOCAL_RANK": "1"}, False),
        ("thread", 2, {"SLURM_NTASKS": "2", "SLURM_PROCID": "0"}, False),
        ("thread", 2, {"SLURM_NTASKS": "1", "SLURM_PROCID": "0"}, True),
    ],
)
def test_processes_are_started_where_nobody_else_has_done_so(monkeypatch, engine, devices, environment, is_apart):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert trains_apart(tiny(engine=engine, devices=devices).training) is is_apart
