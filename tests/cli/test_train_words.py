"""How the words behind ``train`` become a training; the job is replaced by one that remembers them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_strata.config import TrainConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult
from napari_strata.jobs.job import JobBody, job
from napari_strata.training.patches.inputs import TrainInputs

Strata = Callable[..., Any]
WRONG = {
    "nothing to train": ("--out", "run"),
    "a configuration and a run to resume": ("train.yaml", "--resume", "run"),
    "a run to resume and one to replay": ("--resume", "run", "--replay", "other", "--out", "new"),
    "no folder for a new run": ("train.yaml",),
    "no folder for a replay": ("--replay", "run"),
    "another folder for a run that goes on": ("--resume", "run", "--out", "other"),
    "another start of a run that goes on": ("--resume", "run", "--from", "model"),
    "other rules in the middle of a run": ("--resume", "run", "--deterministic"),
    "a replay with other settings": ("--replay", "run", "--out", "new", "--epochs", "3"),
    "a replay from another model": ("--replay", "run", "--out", "new", "--from", "model"),
    "no epochs": ("--resume", "run", "--epochs", "0"),
    "an engine that is none": ("train.yaml", "--out", "run", "--engine", "steam"),
    "no devices": ("train.yaml", "--out", "run", "--devices", "0"),
}


class Recorder:
    """Stands in for the training and remembers what it was given."""

    def __init__(self) -> None:
        self.config = TrainConfig()
        self.inputs = TrainInputs(Path())

    def __call__(self, control: JobControl, config: TrainConfig, inputs: TrainInputs) -> Any:
        self.config, self.inputs = config, inputs
        return self._body(control)

    @staticmethod
    @job
    def _body(control: JobControl) -> JobBody:
        control.run()
        yield from ()
        return JobResult({"steps": 3})


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr("napari_strata.jobs.train.train", recorder)
    return recorder


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "train.yaml").write_text("training: {seed: 5}\n")
    return tmp_path / "train.yaml"


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_words_that_contradict_each_other_exit_2(
    strata: Strata, settings: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(settings.parent)
    call = strata("train", *words, "--json")
    assert call.code == 2
    assert call.report["error"]["type"] == "UsageError"
    assert not (settings.parent / "run").exists()


def test_every_option_reaches_the_training(strata: Strata, recorder: Recorder, settings: Path) -> None:
    words = ("--epochs", 7, "--time-limit", 0.5, "--patience", 3, "--device", "cpu", "--engine", "process")
    several = ("--devices", 2, "--nodes", 3, "--deterministic", "--from", "model")
    assert strata("train", settings, "--out", settings.parent / "run", *words, *several).code == 0
    training = recorder.config.training
    assert (training.seed, training.epochs, training.time_limit, training.patience) == (5, 7, 0.5, 3)
    assert (training.device, training.engine, training.devices, training.nodes) == ("cpu", "process", 2, 3)
    assert training.deterministic
    assert training.start.model == str(Path("model").resolve())


def test_without_options_the_configuration_decides(strata: Strata, recorder: Recorder, settings: Path) -> None:
    settings.write_text("training: {deterministic: true, engine: process, start: {model: mine}}\n")
    assert strata("train", settings, "--out", settings.parent / "run").code == 0
    training = recorder.config.training
    assert training.deterministic
    assert training.engine == "process"
    assert training.start.model == str(settings.parent / "mine")


@pytest.mark.parametrize("words", [("--resume", "nowhere"), ("--replay", "nowhere", "--out", "new")])
def test_a_run_that_is_not_there_is_told_in_words(strata: Strata, words: tuple[str, ...]) -> None:
    call = strata("train", *words, "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "CheckpointError"
    assert call.report["error"]["message"] == "nowhere does not exist."
