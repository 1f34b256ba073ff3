import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from napari_strata.config import TrainConfig
from napari_strata.control import JobControl
from napari_strata.events import Warned
from napari_strata.jobs.estimate_memory import estimate_memory
from napari_strata.training.machine import memory
from napari_strata.training.machine.memory import MemoryNeed, in_words, memory_warnings

MB = 10**6


def config(**training: object) -> TrainConfig:
    brief = {"precision": "fp32", "device": "cpu", "batch_size": 4, "patch_size": 64}
    return TrainConfig.parse({"model": {"filters": [8, 16]}, "training": brief | training})


def memory_need(settings: TrainConfig, classes: int, **seen: int) -> MemoryNeed:
    return memory.memory_need(settings.model, settings.training, classes, **seen)


def need(**sizes: int) -> MemoryNeed:
    return MemoryNeed(**({"weights": 10, "per_patch": 20, "looking": 5, "batch": 8, "free": 1000} | sizes))


def test_what_a_training_takes_grows_with_batch_and_pixels():
    one, larger, wider = (memory_need(config(**s), 1) for s in ({}, {"batch_size": 8}, {"patch_size": 128}))
    assert larger.peak - larger.weights == 2 * (one.peak - one.weights)
    assert wider.per_patch == pytest.approx(4 * one.per_patch, rel=0.01)


@pytest.mark.parametrize(
    ("settings", "copies"),
    [
        ({}, 5),
        ({"averaging": {"kind": "none"}}, 4),
        ({"optimizer": {"name": "sgd"}}, 3),
        ({"optimizer": {"name": "momentum"}}, 4),
        ({"ensemble": {"kind": "deep", "members": 5}}, 10),
    ],
)
def test_weights_are_there_so_many_times(settings, copies):
    bare = memory_need(config(optimizer={"name": "sgd"}, averaging={"kind": "none"}), 1).weights
    assert memory_need(config(**settings), 1).weights == copies * bare / 2


def test_a_large_image_that_is_predicted_at_once_counts():
    assert memory_need(config(), 1, seen=4000**2).peak > memory_need(config(), 1).peak


@pytest.mark.parametrize(
    ("sizes", "fits", "batch"),
    [({}, True, 8), ({"free": 100}, False, 3), ({"free": 20}, False, 0), ({"looking": 990}, False, 0)],
)
def test_the_largest_batch_that_fits_is_proposed(sizes, fits, batch):
    assert (need(**sizes).fits, need(**sizes).fitting_batch) == (fits, batch)


@pytest.mark.parametrize(
    ("shares", "batch"),
    [({}, 3), ({"processes": 2}, 2), ({"memories": 4}, 12), ({"processes": 2, "memories": 4}, 8)],
)
def test_what_is_proposed_is_the_whole_batch_in_equal_parts(shares, batch):
    assert need(free=100, **shares).fitting_batch == batch


def test_processes_on_a_cpu_share_its_memory():
    alone, both = memory_need(config(), 1), memory_need(config(devices=2), 1)
    assert (both.weights, both.batch, both.per_patch) == (2 * alone.weights, alone.batch, alone.per_patch)
    assert (both.processes, both.memories) == (2, 1)
    apart = memory_need(config(nodes=2), 1)
    assert (apart.weights, apart.batch) == (alone.weights, alone.batch // 2)


def test_where_not_one_patch_fits_a_smaller_one_is_proposed_with_which_the_batch_does(monkeypatch):
    whole = memory_need(config(patch_size=512, batch_size=4), 1)
    free = whole.weights + whole.per_patch
    monkeypatch.setattr(memory, "free_memory_of", lambda _device: free)
    need = memory_need(config(patch_size=512, batch_size=4), 1)
    assert (need.fitting_batch, need.fitting_patch % 16) == (0, 0)
    assert 160 <= need.fitting_patch < 256  # a quarter of the pixels, 80 % of the memory
    assert memory_need(config(patch_size=need.fitting_patch, batch_size=4), 1).fits
    assert not memory_need(config(patch_size=512, batch_size=4), 1).fits
    (warned,) = memory_warnings(need)
    assert warned.remedy == f"A patch of {need.fitting_patch} px fits."


def test_a_patch_that_is_proposed_is_a_multiple_of_the_stride(monkeypatch):
    deep = TrainConfig.parse(
        {
            "model": {"filters": [2] * 6},
            "training": {"precision": "fp32", "device": "cpu", "batch_size": 1, "patch_size": 512},
        }
    )
    whole = memory_need(deep, 1)
    free = whole.weights + 36 * whole.per_patch // 100
    monkeypatch.setattr(memory, "free_memory_of", lambda _device: free)
    assert memory_need(deep, 1).fitting_patch == 256  # 272 would fit, too, but be filled up to 288


def test_where_the_image_in_view_alone_takes_too_much_no_patch_is_proposed(monkeypatch):
    monkeypatch.setattr(memory, "free_memory_of", lambda _device: 20 * MB)
    assert memory_need(config(), 1, seen=4000**2).fitting_patch == 0


def test_only_a_training_that_does_not_fit_is_warned_of():
    assert list(memory_warnings(need())) == []
    (warned,) = memory_warnings(need(per_patch=300 * MB, free=1500 * MB))
    assert warned == Warned(
        "The training needs about 2.4 GB of memory, and 1.5 GB are free.", "A batch of 3 fits."
    )
    (warned,) = memory_warnings(need(free=3 * MB, per_patch=9 * MB))
    assert "smaller patch" in warned.remedy


def test_bytes_are_said_in_words():
    assert [in_words(size) for size in (12_400_000, 1_150_000_000)] == ["12 MB", "1.1 GB"]


def test_the_job_tells_peak_and_free_memory():
    *_, last = estimate_memory(JobControl(), config().model, config().training, classes=1)
    assert last.error is None
    assert last.result.figures["peak"] == last.result.value.peak > MB
    assert last.result.figures["fitting_batch"] == 4


def in_process(*arguments: str) -> dict[str, float]:
    done = process(*arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(__file__).with_name("memory_process.py")
    command = [sys.executable, "-W", "ignore", str(program), *arguments]
    alike = os.environ | {"MALLOC_ARENA_MAX": "1"}  # threads that meet in malloc would reserve 128 MB each
    return subprocess.run(command, capture_output=True, text=True, check=False, env=alike)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_estimate_is_within_30_percent_of_the_real_peak():
    settings = {"training": {"precision": "fp32", "device": "cpu", "batch_size": 4}}
    found = in_process("peak", json.dumps(settings))
    assert found["estimated"] == pytest.approx(found["real"], rel=0.3)


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS")
def test_a_process_whose_memory_is_limited_goes_on_in_parts():
    settings = {
        "model": {"filters": [16, 32]},
        "training": {"precision": "fp32", "device": "cpu", "batch_size": 16},
    }
    limited = "limited", json.dumps(settings)
    tried = (
        process(*limited, str(room * MB)) for room in (300, 400, 500)
    )  # kernels of other processors take more
    done = next(one for one in tried if "too small for one patch" not in one.stderr)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["part_size"] in (1, 2, 4, 8)
    assert 0 < found["loss"] < 3
