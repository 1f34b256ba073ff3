"""Taking up a run from its folder, in one process: resume, replay, and what is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import CheckpointError, OutputError, StrataError
from napari_strata.events import BatchEnded, CorrectionTaken, EpochEnded, FinishReason, JobEnded, JobEvent, Warned
from napari_strata.io.images import write_images
from napari_strata.io.masks import write_masks
from napari_strata.jobs.resume import replayed, resumed
from napari_strata.jobs.train import read_inputs, train, with_absolute_paths
from napari_strata.models.registry import load_network
from napari_strata.requests import Correction
from napari_strata.training.engine.checkpoint import checksum, load_checkpoint
from napari_strata.training.patches.inputs import Painted, TrainInputs
from napari_strata.training.run.lock import RunLock, is_running
from napari_strata.types import ImageStack

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")

BRIEF = {"epochs": 2, "steps_per_epoch": 3, "batch_size": 2, "patch_size": 32, "time_limit": None}
BRIEF |= {"precision": "fp32", "device": "cpu", "deterministic": True}
MODEL = {"architecture": "unet", "layers": 1, "filters": [4, 8], "dropout": 0.2, "pixel_size": None}
At = Callable[[JobControl], None]


def config(**training: object) -> TrainConfig:
    data = {"source": "labels", "images": ["squares"], "labels": ["Labels"], "classes": ["square"]}
    return TrainConfig.parse({"model": MODEL, "data": data, "training": BRIEF | training})


def painted(out: Path, dtype: type = np.float32) -> TrainInputs:
    """Strokes on frames 1, 3 and 4 of a stack of six."""
    truth = np.zeros((3, 48, 48), np.uint8)
    truth[:, 12:36, 12:36] = 1
    image = (100 * truth + np.random.default_rng(0).integers(0, 50, truth.shape)).astype(dtype)
    labels = np.zeros((3, 1, 48, 48), np.uint8)
    labels[:, 0, 16:20, 12:36], labels[:, 0, 4:8, 4:44] = 2, 1
    of = Painted((1, 3, 4), 6, np.where(labels, 1, 0).astype(np.uint8))
    table = ClassTable.parse({"classes": [{"name": "square", "color": "#123456"}]})
    return TrainInputs(out, (ImageStack(image, 0.31, "squares"),), (labels,), table, painted=of)


def run(task: tuple[TrainConfig, TrainInputs], at: dict[int, At] | None = None) -> list[JobEvent]:
    """Train, doing something to the control after some steps."""
    control, events = JobControl(), []
    for event in train(control, *task):
        events.append(event)
        if isinstance(event, BatchEnded) and event.step in (at or {}):
            at[event.step](control)
    return events


def stop(control: JobControl) -> None:
    control.request_stop()


def paint(control: JobControl) -> None:
    """Paint on a frame that had labels, and on one that had none."""
    codes = np.full((6, 7), 2, np.uint8)
    control.post(Correction(3, 0, 24, 15, codes))
    fresh = painted(Path()).images[0].data[0] + 1
    control.post(Correction(5, 0, 20, 20, codes, pixels=fresh))


def failure(task: Callable[[], object]) -> StrataError:
    with pytest.raises(StrataError) as caught:
        task()
    return caught.value


def digests(folder: Path) -> tuple[str, str]:
    return checksum(folder / "checkpoint"), load_network(folder).card.weights_sha256


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on painted labels, through to its end."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    run((config(), painted(folder)))
    return folder


def test_a_run_on_painted_labels_holds_what_it_learned_from(finished: Path):
    settings = TrainConfig.read(finished / "config.yaml")
    assert settings.data.images == (Path("inputs/image.tif"),)
    inputs = read_inputs(with_absolute_paths(settings, finished), out=Path())
    assert np.array_equal(inputs.images[0].data, painted(finished).images[0].data)
    assert np.array_equal(inputs.labels[0], painted(finished).labels[0])
    assert inputs.images[0].pixel_size == 0.31


def test_its_configuration_trains_the_same_network_elsewhere(finished: Path, tmp_path: Path):
    settings = with_absolute_paths(TrainConfig.read(finished / "config.yaml"), finished)
    run((settings, read_inputs(settings, out=tmp_path / "other")))
    assert digests(tmp_path / "other") == digests(finished)


def test_the_record_says_what_a_run_was_made_of(finished: Path):
    facts = json.loads((finished / "run.json").read_text())
    (session,) = facts["sessions"]
    assert (facts["seed"], session["ended_by"], session["step"], session["device"]) == (0, "epochs", 6, "cpu")
    assert session["versions"]["torch"] == torch.__version__
    assert facts["data"][0]["shape"] == [3, 48, 48]
    assert facts["split"]["description"] == "3 labelled slices, 1 of them held out"
    (held_out,) = facts["split"]["held_out"]
    assert held_out["whole"]
    assert held_out["box"] == [[4, 19], [4, 43]]
    assert held_out["frame"] in (1, 3, 4)


@pytest.mark.parametrize("step", [2, 3, 5])
def test_a_stopped_run_goes_on_as_if_it_had_not_been(finished: Path, tmp_path: Path, step: int):
    assert run((config(), painted(tmp_path)), {step: stop})[-1].reason is FinishReason.CANCELED
    *events, last = run(resumed(tmp_path))
    assert last.reason is FinishReason.COMPLETED
    assert [e.step for e in events if isinstance(e, BatchEnded)] == list(range(step + 1, 7))
    assert digests(tmp_path) == digests(finished)
    assert load_network(tmp_path).card.classes.classes[0].color == "#123456"


VARIANTS = {
    "averages at the end": {"averaging": {"kind": "swa", "swa_start": 0.3}},
    "no average": {"averaging": {"kind": "none"}, "optimizer": {"name": "momentum", "clip_norm": 1.0}},
    "plateaus": {"schedule": {"kind": "plateau", "plateau_patience": 1}},
    "snapshots": {"ensemble": {"kind": "snapshot", "members": 2}},
    "several networks": {"ensemble": {"kind": "deep", "members": 2}},
    "smooth displacements": {
        "augmentation": {"elastic": 2.0, "zoom": 0.1, "poisson_noise": 100.0, "dropout": 0.2}
    },
}


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_every_kind_of_training_goes_on_and_is_repeated(tmp_path: Path, settings: dict[str, object]):
    run((config(epochs=4, **settings), painted(tmp_path / "whole")))
    run((config(epochs=4, **settings), painted(tmp_path / "parts")), {7: stop})
    run(resumed(tmp_path / "parts"))
    assert digests(tmp_path / "parts") == digests(tmp_path / "whole")
    assert run(replayed(tmp_path / "whole", tmp_path / "again"))[-1].result.figures["identical"] is True


@pytest.mark.parametrize("kind", ["deep", "snapshot"])
def test_networks_that_the_clock_ended_are_repeated(tmp_path: Path, kind: str):
    several = {"ensemble": {"kind": kind, "members": 2}, "deterministic": False}
    run((config(epochs=100_000, time_limit=0.02, **several), painted(tmp_path / "run")))
    assert run(replayed(tmp_path / "run", tmp_path / "again"))[-1].result.figures["identical"] is True
    assert load_network(tmp_path / "again").card.members == 2


@pytest.mark.parametrize("step", [8, 9])
def test_networks_of_a_run_that_was_stopped_are_repeated_as_far_as_they_went(tmp_path: Path, step: int):
    deep = {"ensemble": {"kind": "deep", "members": 3}}
    run((config(**deep), painted(tmp_path / "run")), {step: stop})
    assert run(replayed(tmp_path / "run", tmp_path / "again"))[-1].result.figures["identical"] is True
    assert load_network(tmp_path / "again").card.members == 2


def test_networks_that_got_no_better_are_repeated_also_where_scores_differ(tmp_path: Path, monkeypatch):
    from napari_strata.training.engine.validation import Scores

    losses = iter([0.5, 0.9, 0.5, 0.4, 0.9])
    of_both = {"ensemble": {"kind": "deep", "members": 2}, "patience": 1, "epochs": 9}
    with monkeypatch.context() as patched:
        patched.setattr("napari_strata.training.engine.loop.validate", lambda *_args: Scores(next(losses, 0.9)))
        run((config(**of_both), painted(tmp_path / "run")))
    with monkeypatch.context() as patched:
        patched.setattr("napari_strata.training.engine.loop.validate", lambda *_args: Scores(0.9))
        last = run(replayed(tmp_path / "run", tmp_path / "again"))[-1]
    assert last.error is None
    assert load_network(tmp_path / "again").card.members == 2
    assert last.result.figures["steps"] == 5 * 3


def test_averages_of_a_run_that_was_stopped_within_an_epoch_are_repeated(tmp_path: Path):
    run((config(averaging={"kind": "swa", "swa_start": 0.1}), painted(tmp_path / "run")), {4: stop})
    assert run(replayed(tmp_path / "run", tmp_path / "again"))[-1].result.figures["identical"] is True


def test_networks_are_scored_together_where_the_run_was_killed_just_before(tmp_path: Path, monkeypatch):
    deep = {"ensemble": {"kind": "deep", "members": 2}}
    run((config(**deep), painted(tmp_path / "whole")))

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("napari_strata.training.engine.ensemble._keep_scored", die)
        run((config(**deep), painted(tmp_path / "killed")))
    run(resumed(tmp_path / "killed"))
    whole, killed = (load_network(tmp_path / name).card for name in ("whole", "killed"))
    assert killed.members == 2
    assert killed.figures["validation_loss"] == whole.figures["validation_loss"]
    assert killed.weights_sha256 == whole.weights_sha256


class Watched(JobControl):
    """Notes what is saved when the training waits, and lets it go on."""

    def __init__(self, run: Path) -> None:
        super().__init__()
        self.saved: list[int] = []
        self._run = run

    def wait_while_paused(self) -> None:
        if self.state is JobState.PAUSED:
            self.saved.append(load_checkpoint(self._run / "checkpoint")["parts"]["clock"]["step"])
            self.resume()


def test_a_pause_saves_where_the_training_stands(tmp_path: Path):
    control = Watched(tmp_path)
    for event in train(control, config(), painted(tmp_path)):
        if isinstance(event, BatchEnded) and event.step == 2:
            control.pause()
    assert control.saved == [2]


def test_what_was_painted_meanwhile_counts_from_the_same_step_again(tmp_path: Path):
    run((config(epochs=3), painted(tmp_path / "whole")), {4: paint})
    run((config(epochs=3), painted(tmp_path / "parts")), {4: paint, 7: stop})
    run(resumed(tmp_path / "parts"))
    assert digests(tmp_path / "parts") == digests(tmp_path / "whole")
    *events, last = run(replayed(tmp_path / "whole", tmp_path / "again"))
    assert [(e.frame, e.step) for e in events if isinstance(e, CorrectionTaken)] == [(3, 5), (5, 5)]
    assert last.result.figures["identical"] is True
    assert len(list((tmp_path / "again" / "corrections").iterdir())) == 2


def test_a_correction_made_after_the_last_checkpoint_is_not_lost(tmp_path: Path, monkeypatch):
    run((config(epochs=3), painted(tmp_path / "whole")), {4: paint})

    def die(_control: JobControl) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run((config(epochs=3), painted(tmp_path / "cut")), {4: paint, 5: die})
    run(resumed(tmp_path / "cut"))
    assert digests(tmp_path / "cut") == digests(tmp_path / "whole")


def test_a_run_that_the_clock_steered_is_repeated_to_the_bit(tmp_path: Path):
    settings = config(epochs=1000, time_limit=0.02, deterministic=False)
    assert run((settings, painted(tmp_path / "run")))[-1].result.figures["ended_by"] == "time limit"
    last = run(replayed(tmp_path / "run", tmp_path / "again"))[-1]
    assert last.result.figures["identical"] is True


def test_a_replay_says_when_weights_differ(finished: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("torch.optim.AdamW.step", lambda _self: None)
    assert run(replayed(finished, tmp_path / "again"))[-1].result.figures["identical"] is False


def test_a_replay_warns_of_other_versions_and_threads(finished: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("torch.get_num_threads", lambda: 77)
    events = run(replayed(finished, tmp_path / "again"))
    (doubt,) = (e.message for e in events if isinstance(e, Warned))
    assert "threads" in doubt
    assert "77 now" in doubt


def test_a_finished_run_is_refused_unless_its_budget_is_raised(finished: Path, tmp_path: Path):
    run((config(), painted(tmp_path)))
    error = failure(lambda: resumed(tmp_path))
    assert "--epochs above 2" in error.remedy
    *events, last = run(resumed(tmp_path, epochs=3))
    assert [e.epoch for e in events if isinstance(e, EpochEnded)] == [3]
    assert last.result.figures["steps"] == 9
    assert TrainConfig.read(tmp_path / "config.yaml").training.epochs == 3


@pytest.mark.parametrize("kind", ["deep", "snapshot"])
def test_a_finished_ensemble_is_refused_whatever_it_is_given(tmp_path: Path, kind: str):
    run((config(ensemble={"kind": kind, "members": 2}), painted(tmp_path)))
    assert "a new ensemble" in failure(lambda: resumed(tmp_path, epochs=9)).remedy


def test_a_run_that_goes_on_keeps_its_best_weights(tmp_path: Path, monkeypatch):
    losses = iter([0.5, 0.9])
    from napari_strata.training.engine.validation import Scores

    monkeypatch.setattr("napari_strata.training.engine.loop.validate", lambda *_args: Scores(next(losses)))
    run((config(epochs=1), painted(tmp_path)))
    last = run(resumed(tmp_path, epochs=2))[-1]
    assert last.result.figures["best_epoch"] == 1
    assert load_network(tmp_path).card.figures["step"] == 3


def test_a_run_that_is_running_is_refused(finished: Path):
    lock = RunLock(finished)
    assert is_running(finished)
    error = failure(lambda: resumed(finished, epochs=9))
    assert isinstance(error, OutputError)
    lock.release()
    assert not is_running(finished)


def test_a_folder_without_a_run_is_refused(tmp_path: Path):
    assert "there is no config.yaml" in failure(lambda: resumed(tmp_path)).message


@pytest.mark.parametrize("changed", ["image", "masks"])
def test_a_run_whose_data_changed_is_refused(finished: Path, tmp_path: Path, changed: str):
    folder = tmp_path / "run"
    run((config(), painted(folder)))
    inputs = painted(folder)
    if changed == "image":
        write_images(inputs.images[0].data + 1, folder / "inputs" / "image.tif")
    else:
        write_masks(np.where(inputs.labels[0] == 1, 2, 0).astype(np.uint8), folder / "inputs" / "masks.tif")
    error = failure(lambda: replayed(folder, tmp_path / "again"))
    assert isinstance(error, CheckpointError)
    assert {"image": "The image image", "masks": "The labels of image"}[changed] in error.message


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float64, np.float16, np.bool_, ">f4"])
def test_images_of_any_type_are_kept_value_by_value(tmp_path: Path, dtype: type):
    run((config(epochs=1), painted(tmp_path, dtype)), {1: stop})
    resumed(tmp_path)


def test_a_damaged_checkpoint_is_told_from_the_best_weights(tmp_path: Path):
    run((config(), painted(tmp_path)), {4: stop})
    (tensors,) = (tmp_path / "checkpoint").glob("tensors-*")
    tensors.write_bytes(tensors.read_bytes()[:-1])
    error = failure(lambda: resumed(tmp_path))
    assert "does not match its checksum" in error.message
    assert "best weights are not affected" in error.remedy


def test_a_run_that_starts_from_a_model_which_changed_is_not_replayed(finished: Path, tmp_path: Path):
    start = {"model": str(finished)}
    events = run((config(epochs=1, start=start), painted(tmp_path / "run")))
    assert isinstance(events[-1], JobEnded)
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert facts["starts_from"] == load_network(finished).card.weights_sha256
    (tmp_path / "run" / "run.json").write_text(json.dumps(facts | {"starts_from": "0"}))
    assert (
        "is not the one that the run began with"
        in failure(lambda: replayed(tmp_path / "run", tmp_path / "again")).message
    )


def test_deterministic_algorithms_are_asked_for_and_put_back(tmp_path: Path):
    states = []
    inputs = replace(painted(tmp_path), out=tmp_path / "run")
    for event in train(JobControl(), config(epochs=1), inputs):
        states += [torch.are_deterministic_algorithms_enabled()] if isinstance(event, BatchEnded) else []
    assert states == [True, True, True]
    assert not torch.are_deterministic_algorithms_enabled()
