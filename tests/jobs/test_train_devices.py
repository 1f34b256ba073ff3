"""Two processes on the CPU that train together, beside one that has the whole batch."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
import torch
import yaml

from napari_strata.config import TrainConfig
from napari_strata.control import JobControl
from napari_strata.errors import TrainingError
from napari_strata.events import BatchEnded, EpochEnded, FinishReason, JobEvent
from napari_strata.jobs.train import train
from napari_strata.jobs.train_process import MODULE
from napari_strata.models.registry import load_network
from napari_strata.training.patches.inputs import TrainInputs

TOLERANCE = 1e-5
"""Of losses, after few steps in float32: sums over parts are rounded otherwise than those over the whole."""


def settings(*, norm: object = "batch", **training: object) -> dict[str, object]:
    brief = {"time_limit": None, "epochs": 2, "steps_per_epoch": 4, "batch_size": 4, "patch_size": 32}
    brief |= {"validation_crops": 2, "precision": "fp32", "device": "cpu", "deterministic": True}
    return {"model": {"filters": [4, 8], "norm": norm}, "training": brief | training}


def run(out: Path, **changes: object) -> list[JobEvent]:
    return list(train(JobControl(), TrainConfig.parse(settings(**changes)), TrainInputs(out)))


def losses(events: list[JobEvent]) -> list[float]:
    return [event.loss for event in events if isinstance(event, BatchEnded)]


def scores(events: list[JobEvent]) -> list[float]:
    return [event.validation_loss for event in events if isinstance(event, EpochEnded)]


def processes() -> list[psutil.Process]:
    """Return the one that leads and the one that helps."""
    found = []
    for one in psutil.Process().children(recursive=True):
        try:
            found += [one] if MODULE in one.cmdline() else []
        except psutil.Error:
            continue
    return sorted(found, key=lambda one: one.create_time())


def test_two_processes_learn_what_one_does_with_the_same_batch_batch_norm_included(tmp_path: Path):
    mean = {"averaging": {"kind": "swa", "swa_start": 0.3}}  # whose statistics are computed anew, too
    alone, together = run(tmp_path / "alone", **mean), run(tmp_path / "together", devices=2, **mean)
    assert together[-1].reason is FinishReason.COMPLETED
    assert losses(together) == pytest.approx(losses(alone), rel=TOLERANCE)
    assert scores(together) == pytest.approx(scores(alone), rel=TOLERANCE)
    first, second = (load_network(tmp_path / name).network.state_dict() for name in ("alone", "together"))
    assert all(torch.allclose(first[name], second[name], rtol=1e-3, atol=1e-5) for name in first)
    assert processes() == []


def test_torchrun_starts_the_processes_and_one_of_them_reports(tmp_path: Path):
    several: dict[str, object] = {"norm": "group", "epochs": 1, "ensemble": {"kind": "deep", "members": 2}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings(devices=2, **several)))
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    command = ("-m", "napari_strata", "train", tmp_path / "config.yaml", "--out", tmp_path / "run", "--json")
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([*torchrun, *command], capture_output=True, text=True, timeout=100, env=environment)
    assert done.returncode == 0, done.stderr
    (report,) = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert report["finish_reason"] == "completed"
    written = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    together = [event["loss"] for event in written if event["event"] == "BatchEnded"]
    assert together == pytest.approx(losses(run(tmp_path / "alone", **several)), rel=TOLERANCE)


def test_a_process_that_dies_ends_the_others_and_the_training_says_so(tmp_path: Path):
    events: list[JobEvent] = []
    config = TrainConfig.parse(settings(devices=2, epochs=100_000))
    job = train(JobControl(), config, TrainInputs(tmp_path))
    thread = threading.Thread(target=lambda: events.extend(job), daemon=True)
    thread.start()
    while not any(isinstance(event, EpochEnded) for event in events):
        time.sleep(0.05)
    _leader, helper = processes()
    helper.kill()
    thread.join(60)
    assert isinstance(events[-1].error, TrainingError)
    assert "processes that train together has ended" in events[-1].error.message
    assert events[-1].result.value == tmp_path / "model"
    assert processes() == []
