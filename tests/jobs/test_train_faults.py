"""What can go wrong in a training: it ends in a stated state, the best weights so far on disk, with a remedy."""

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from napari_strata.config import TrainConfig
from napari_strata.control import JobControl
from napari_strata.errors import OutputError, TrainingError
from napari_strata.events import BatchEnded, EpochEnded, FinishReason, JobEnded, JobEvent
from napari_strata.jobs.train import train
from napari_strata.models.registry import load_network
from napari_strata.training.engine.checkpoint import load_checkpoint
from napari_strata.training.engine.optimizer import Stepper
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.training.run.facts import read_facts
from napari_strata.types import ImageStack

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")

BRIEF = {"epochs": 3, "steps_per_epoch": 2, "batch_size": 2, "patch_size": 32, "time_limit": None}
BRIEF |= {"precision": "fp32", "device": "cpu"}
MODEL = {"architecture": "unet", "layers": 1, "filters": [4, 8], "pixel_size": None}
DATA = {"source": "labels", "images": ["i"], "labels": ["l"], "classes": ["square"]}


def config(**training: object) -> TrainConfig:
    return TrainConfig.parse({"model": MODEL, "data": DATA, "training": BRIEF | training})


def squares(out: Path, *sides: int) -> TrainInputs:
    """One image of each side, a bright square in its middle."""
    images, labels = [], []
    for number, side in enumerate(sides):
        truth = np.zeros((1, side, side), np.uint8)
        truth[0, side // 4 : -side // 4, side // 4 : -side // 4] = 1
        noise = np.random.default_rng(number).normal(0, 0.1, truth.shape)
        images.append(ImageStack((truth + noise).astype(np.float32), None, f"squares {number}"))
        labels.append(truth[:, None] + 1)
    return TrainInputs(out, tuple(images), tuple(labels))


def run(inputs: TrainInputs, **training: object) -> list[JobEvent]:
    return list(train(JobControl(), config(**training), inputs))


def assert_kept(last: JobEnded, out: Path, *, step: int) -> None:
    """The training failed, and says where the weights of an earlier epoch are, which are whole."""
    assert last.reason is FinishReason.FAILED
    assert last.result is not None
    assert last.result.paths["model"] == str(out / "model")
    assert load_network(out / "model").card.figures["step"] == step
    assert not list(out.rglob(".*.part"))


def failing_from(step: int, error: Exception) -> Callable[..., float]:
    """Return a step of the optimizer that raises an error from some call on."""
    original, calls = Stepper.step, []

    def stepped(self: Stepper, *args: Any, **kwargs: Any) -> float:
        calls.append(1)
        if len(calls) >= step:
            raise error
        return original(self, *args, **kwargs)

    return stepped


LOST = [torch.AcceleratorError("CUDA error: unspecified launch failure\nmore"), RuntimeError("CUDA error: oops")]


@pytest.mark.parametrize("error", LOST, ids=["accelerator", "runtime"])
def test_a_gpu_that_is_lost_leaves_the_best_weights_and_a_run_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    with monkeypatch.context() as patch:
        patch.setattr(Stepper, "step", failing_from(4, error))
        last = run(squares(tmp_path, 48, 48))[-1]
    assert isinstance(last.error, TrainingError)
    assert "The GPU no longer answers (CUDA error: " in last.error.message
    assert f"--resume {tmp_path}" in last.error.remedy
    assert_kept(last, tmp_path, step=2)
    assert read_facts(tmp_path)["sessions"][-1]["ended_by"] == "failed"


def test_what_is_not_exact_on_a_device_is_told_from_a_fault_of_the_program(tmp_path: Path, monkeypatch):
    words = "nll_loss2d_forward_out_cuda_template does not have a deterministic implementation"
    monkeypatch.setattr(Stepper, "step", failing_from(1, RuntimeError(words)))
    last = run(squares(tmp_path, 48, 48), deterministic=True)[-1]
    assert "Leave out 'deterministic'" in last.error.remedy


def test_memory_that_is_used_up_beside_the_steps_is_told_with_a_remedy(tmp_path: Path, monkeypatch):
    error = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
    monkeypatch.setattr(Stepper, "step", failing_from(3, error))
    last = run(squares(tmp_path, 48, 48))[-1]
    assert isinstance(last.error, TrainingError)
    assert "memory is used up (CUDA out of memory" in last.error.message
    assert "smaller batch or patch" in last.error.remedy
    assert f"--resume {tmp_path}" in last.error.remedy
    assert_kept(last, tmp_path, step=2)


def test_an_unknown_fault_stays_what_it_is(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(Stepper, "step", failing_from(3, ZeroDivisionError("oops")))
    last = run(squares(tmp_path, 48, 48))[-1]
    assert isinstance(last.error, ZeroDivisionError)
    assert_kept(last, tmp_path, step=2)


@pytest.mark.parametrize(("step", "kept"), [(1, None), (3, 2), (6, 4)])
def test_a_loss_that_is_nan_leaves_the_best_weights(tmp_path: Path, monkeypatch, step: int, kept: int | None):
    original, calls = Stepper.step, []

    def stepped(self: Stepper, *args: Any, **kwargs: Any) -> float:
        calls.append(1)
        return float("nan") if len(calls) == step else original(self, *args, **kwargs)

    monkeypatch.setattr(Stepper, "step", stepped)
    last = run(squares(tmp_path, 48, 48))[-1]
    assert f"became nan at step {step}" in last.error.message
    if kept is None:
        assert "model" not in last.result.paths
    else:
        assert_kept(last, tmp_path, step=kept)


def full(code: int, from_call: int, original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that fails from some call on, as a disk that is full or can no longer be written."""
    calls = []

    def write(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) >= from_call:
            raise OSError(code, os.strerror(code))
        return original(*args, **kwargs)

    return write


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path: Path, monkeypatch, code: int):
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full(code, 3, os.fsync))
        last = run(squares(tmp_path, 48, 48))[-1]
    assert isinstance(last.error, OutputError)
    assert os.strerror(code) in last.error.message
    assert_kept(last, tmp_path, step=4)
    assert load_checkpoint(tmp_path / "checkpoint")["parts"]["clock"]["step"] == 2
    *events, last = train(JobControl(), config(), replace(squares(tmp_path, 48, 48), resumes=True))
    assert [e.step for e in events if isinstance(e, BatchEnded)] == [3, 4, 5, 6]
    assert last.reason is FinishReason.COMPLETED


def test_weights_that_cannot_be_written_leave_those_before(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", full(errno.ENOSPC, 3, Path.write_bytes))
    last = run(squares(tmp_path, 48, 48))[-1]
    assert isinstance(last.error, OutputError)
    assert "No space left" in last.error.message
    assert_kept(last, tmp_path, step=2)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_record_that_cannot_be_written_ends_the_training_with_the_remedy(tmp_path: Path):
    (tmp_path / "history.csv").symlink_to("/dev/full")
    *events, last = run(squares(tmp_path, 48, 48))
    assert isinstance(last.error, OutputError)
    assert "No space left" in last.error.message
    assert not any(isinstance(event, EpochEnded) for event in events)
    assert_kept(last, tmp_path, step=2)


def test_an_image_smaller_than_the_patch_among_larger_ones_is_learned_from(tmp_path: Path):
    *events, last = run(squares(tmp_path, 20, 64, 64))
    assert last.reason is FinishReason.COMPLETED
    assert all(np.isfinite(e.loss) for e in events if isinstance(e, BatchEnded))


def test_two_images_are_enough(tmp_path: Path):
    last = run(squares(tmp_path, 48, 48))[-1]
    assert last.reason is FinishReason.COMPLETED
    assert last.result.figures["validation_dice"] is not None


def test_one_tiny_image_trains_without_a_score(tmp_path: Path):
    last = run(squares(tmp_path, 12))[-1]
    assert last.reason is FinishReason.COMPLETED
    assert last.result.figures["validation_dice"] is None


def test_a_stop_waits_for_no_long_validation(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("napari_strata.training.engine.loop.STOP_SECONDS", -1.0)
    control, events = JobControl(), []
    for event in train(control, config(), squares(tmp_path, 48, 48)):
        events.append(event)
        if isinstance(event, BatchEnded) and event.step == 3:
            control.request_stop()
    assert [e.step for e in events if isinstance(e, EpochEnded)] == [2]
    assert event.reason is FinishReason.CANCELED
    assert load_network(tmp_path).card.figures["step"] == 2


def test_a_stop_in_the_first_epoch_keeps_the_weights_at_hand_though_nobody_scored_them(
    tmp_path: Path, monkeypatch
):
    monkeypatch.setattr("napari_strata.training.engine.loop.STOP_SECONDS", -1.0)
    control = JobControl()
    for event in train(control, config(), squares(tmp_path, 48, 48)):
        if isinstance(event, BatchEnded):
            control.request_stop()
    assert event.result.figures["validation_dice"] is None
    assert load_network(tmp_path).card.figures["step"] == 1


@pytest.mark.parametrize("name", ["config.yaml", "labels.tif"])
def test_a_folder_in_which_a_run_would_overwrite_somebody_s_file_is_refused(tmp_path: Path, name: str):
    (tmp_path / name).write_text("mine")
    *_, last = run(squares(tmp_path, 40, 40))
    assert isinstance(last.error, OutputError)
    assert f"holds a file {name}" in last.error.message
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]
