"""A run that is killed at any moment and resumed ends with the weights of one that never was, bit by bit."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml

from napari_strata.io.bundle import read_card

Train = Callable[..., int]
TRAINING = {
    "epochs": 3,
    "steps_per_epoch": 3,
    "batch_size": 2,
    "patch_size": 32,
    "validation_crops": 2,
    "precision": "fp32",
    "device": "cpu",
    "time_limit": 5,
}
KILLED, STOPPED = -9, 143


@pytest.fixture(scope="module")
def train() -> Iterator[Train]:
    """Run ``train`` in a process of its own, to its end or until it is killed."""
    command = [sys.executable, str(Path(__file__).with_name("training_process.py"))]
    patient = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}  # threads that wait leave the cores to others
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, env=patient, text=True) as server:

        def run(
            *words: object,
            kill: tuple[str, int] | None = None,
            meets: Sequence[str] = (),
            out: object = os.devnull,
        ) -> int:
            task = {"words": ["train", *map(str, words)], "kill": kill, "meets": meets, "out": str(out)}
            server.stdin.write(json.dumps(task) + "\n")
            server.stdin.flush()
            return int(server.stdout.readline())

        yield run
        server.stdin.close()


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a Gomb-Net on simulated crystals."""
    path = tmp_path_factory.mktemp("simulated") / "train.yaml"
    path.write_text(yaml.safe_dump({"model": {"filters": [4, 8], "dropout": 0.3}, "training": TRAINING}))
    return path


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a U-Net on labels, with dropout, augmentation, AdamW and averaged weights."""
    folder = tmp_path_factory.mktemp("labelled")
    truth = np.zeros((3, 48, 48), np.uint8)
    truth[:, 12:36, 12:36] = 1
    image = (truth + np.random.default_rng(0).normal(0, 0.1, truth.shape)).astype(np.float32)
    tifffile.imwrite(folder / "image.tif", image, photometric="minisblack")
    tifffile.imwrite(folder / "labels.tif", truth + 1, photometric="minisblack")
    data = {"source": "labels", "images": ["image.tif"], "labels": ["labels.tif"], "classes": ["square"]}
    model = {"architecture": "unet", "layers": 1, "filters": [4, 8], "dropout": 0.3, "pixel_size": None}
    augmentation = {"gaussian_noise": 0.1, "rotation": 10.0, "gamma": 0.2, "dropout": 0.1}
    config = {"model": model, "data": data, "training": TRAINING | {"augmentation": augmentation}}
    (folder / "train.yaml").write_text(yaml.safe_dump(config))
    return folder / "train.yaml"


@pytest.fixture(scope="module")
def whole_runs(train: Train, simulated: Path, labelled: Path) -> dict[Path, Path]:
    """Runs that nothing happened to, by their settings."""
    runs = {config: config.parent / "whole" for config in (simulated, labelled)}
    for config, run in runs.items():
        assert train(config, "--out", run, "--deterministic") == 0
    return runs


def bytes_of(run: Path) -> dict[str, bytes]:
    """Return the files of weights: those of the model, and those of the checkpoint."""
    return {path.parent.name: path.read_bytes() for path in run.rglob("*.safetensors")}


def history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open() as file:
        return [
            {k: v for k, v in row.items() if k not in ("elapsed", "seconds_left")} for row in csv.DictReader(file)
        ]


def steps(run: Path) -> list[int]:
    events = map(json.loads, (run / "events.jsonl").read_text().splitlines())
    return [event["step"] for event in events if event["event"] == "BatchEnded"]


def assert_same(run: Path, whole: Path, *, number: int = 9) -> None:
    assert set(bytes_of(run)) == {"model", "checkpoint"}
    assert bytes_of(run) == bytes_of(whole)
    assert history(run) == history(whole)
    assert steps(run) == list(range(1, number + 1))


@pytest.mark.parametrize("kill", [("batch", 1), ("batch", 5), ("batch", 6), ("tensors", 2), ("state", 1)])
def test_a_killed_run_goes_on_to_the_same_bit(
    train: Train, simulated: Path, whole_runs: dict[Path, Path], tmp_path: Path, kill: tuple[str, int]
) -> None:
    assert train(simulated, "--out", tmp_path / "run", "--deterministic", kill=kill) == KILLED
    assert train("--resume", tmp_path / "run") == 0
    assert_same(tmp_path / "run", whole_runs[simulated])


def test_a_run_that_a_scheduler_stopped_goes_on_to_the_same_bit(
    train: Train, simulated: Path, whole_runs: dict[Path, Path], tmp_path: Path
) -> None:
    assert train(simulated, "--out", tmp_path / "run", "--deterministic", kill=("stop", 5)) == STOPPED
    assert train("--resume", tmp_path / "run") == 0
    assert_same(tmp_path / "run", whole_runs[simulated])


def test_a_run_in_a_process_of_its_own_that_a_scheduler_stopped_keeps_its_model(
    train: Train, simulated: Path, tmp_path: Path
) -> None:
    run, endless = tmp_path / "run", ("--epochs", 100_000)
    words = (simulated, "--out", run, "--engine", "process", *endless)
    assert train(*words, kill=("heard", 4), out=tmp_path / "told") == STOPPED
    assert (tmp_path / "told").read_text().startswith("Canceled.")
    assert read_card(run / "model").figures["step"] >= 3
    assert json.loads((run / "run.json").read_text())["sessions"][-1]["ended_by"] == "stop"
    assert not list(run.glob(".handover-*"))


def test_a_run_on_labels_may_be_killed_twice(
    train: Train, labelled: Path, whole_runs: dict[Path, Path], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert train(labelled, "--out", run, "--deterministic", kill=("batch", 4)) == KILLED
    assert train("--resume", run, kill=("batch", 8)) == KILLED
    assert train("--resume", run) == 0
    assert_same(run, whole_runs[labelled])
    sessions = json.loads((run / "run.json").read_text())["sessions"]
    assert [(one["from_step"], one["step"], one["ended_by"]) for one in sessions] == [
        (0, 0, None),
        (3, 3, None),
        (6, 9, "epochs"),
    ]


PLATEAUS = {"schedule": {"kind": "plateau", "plateau_patience": 1}, "patience": 8}
AVERAGED = {"averaging": {"kind": "swa", "swa_start": 0.3}, "optimizer": {"name": "momentum", "clip_norm": 1.0}}
BORDERS = {"loss": {"border_weight": 10.0, "border_sigma": 2.0}, "optimizer": {"name": "rmsprop"}}
PINS = {"corrections": {"respect_pins": True, "share": 0.8, "half_life": 1.0}}


@pytest.mark.parametrize(
    ("data", "settings", "meets", "kill", "number"),
    [
        ("labelled", PLATEAUS | AVERAGED, [], 5, 9),
        ("labelled", PLATEAUS | BORDERS | PINS, ["corrections"], 5, 9),
        ("simulated", PLATEAUS | BORDERS | PINS, ["corrections"], 5, 9),
        ("labelled", {"averaging": {"kind": "none"}}, ["short memory"], 5, 9),
        ("labelled", {"ensemble": {"kind": "deep", "members": 2}}, ["corrections"], 11, 18),
        ("labelled", {"ensemble": {"kind": "deep", "members": 2}} | AVERAGED, [], 14, 18),
        ("labelled", {"ensemble": {"kind": "snapshot", "members": 2}}, ["corrections"], 7, 9),
    ],
    ids=[
        "averages",
        "corrections",
        "crystals and corrections",
        "short memory",
        "next network",
        "second network",
        "snapshots",
    ],
)
def test_all_that_a_training_remembers_outlives_a_kill(
    train: Train,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    data: str,
    settings: dict[str, object],
    meets: list[str],
    kill: int,
    number: int,
) -> None:
    config = yaml.safe_load(request.getfixturevalue(data).read_text())
    config["training"] |= settings
    path = request.getfixturevalue(data).with_name(f"{request.node.callspec.id}.yaml")
    path.write_text(yaml.safe_dump(config))
    whole, run = tmp_path / "whole", tmp_path / "run"
    assert train(path, "--out", whole, "--deterministic", meets=meets) == 0
    assert train(path, "--out", run, "--deterministic", kill=("batch", kill), meets=meets) == KILLED
    assert train("--resume", run) == 0
    assert_same(run, whole, number=number)


def test_a_replay_reports_that_the_weights_are_the_same(
    train: Train, simulated: Path, whole_runs: dict[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert train("--replay", whole_runs[simulated], "--out", tmp_path / "again", "--json", out=out) == 0
    report = json.loads(out.read_text().splitlines()[-1])
    assert report["figures"]["identical"] is True
    assert report["figures"]["ended_by"] == "epochs"
    assert report["paths"] == {"run": str(tmp_path / "again"), "model": str(tmp_path / "again" / "model")}


def test_a_replay_repeats_a_run_to_the_same_bit(
    train: Train, labelled: Path, whole_runs: dict[Path, Path], tmp_path: Path
) -> None:
    assert train("--replay", whole_runs[labelled], "--out", tmp_path / "again") == 0
    assert bytes_of(tmp_path / "again") == bytes_of(whole_runs[labelled])
    assert read_card(tmp_path / "again" / "model").figures["step"]
