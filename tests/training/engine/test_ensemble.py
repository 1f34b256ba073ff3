import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_strata.config import InferenceConfig, TrainConfig
from napari_strata.control import JobControl
from napari_strata.errors import ConfigError
from napari_strata.events import BatchEnded, EpochEnded, FinishReason, JobEvent
from napari_strata.jobs.predict import predict
from napari_strata.jobs.train import train
from napari_strata.models.ensemble import Ensemble
from napari_strata.models.registry import load_network
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.types import ImageStack

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")

BRIEF = {
    "time_limit": None,
    "epochs": 2,
    "steps_per_epoch": 2,
    "batch_size": 2,
    "patch_size": 16,
    "validation_crops": 2,
    "precision": "fp32",
    "device": "cpu",
}


def config(kind: str, members: int, **training: object) -> TrainConfig:
    ensemble = {"ensemble": {"kind": kind, "members": members}}
    return TrainConfig.parse({"model": {"filters": [2, 4]}, "training": BRIEF | ensemble | training})


def run(settings: TrainConfig, out: Path, *, stop_at: int | None = None) -> list[JobEvent]:
    control, events = JobControl(), []
    for event in train(control, settings, TrainInputs(out)):
        events.append(event)
        if isinstance(event, BatchEnded) and event.step == stop_at:
            control.request_stop()
    assert events[-1].error is None
    return events


def weights(path: Path) -> dict[str, torch.Tensor]:
    return load_network(path).network.state_dict()


def test_a_deep_ensemble_trains_each_member_as_if_alone_but_on_other_batches(tmp_path: Path):
    run(config("deep", 2), tmp_path / "ensemble")
    run(TrainConfig.parse({"model": {"filters": [2, 4]}, "training": BRIEF}), tmp_path / "alone")
    both, alone = weights(tmp_path / "ensemble"), weights(tmp_path / "alone")
    assert all(torch.equal(both[f"members.0.{name}"], tensor) for name, tensor in alone.items())
    name = next(iter(alone))
    assert not torch.equal(both[f"members.1.{name}"], alone[name])


def test_steps_and_epochs_are_counted_on_over_the_members(tmp_path: Path):
    events = run(config("deep", 3), tmp_path)
    batches = [e for e in events if isinstance(e, BatchEnded)]
    assert [e.step for e in batches] == list(range(1, 13))
    assert [e.member for e in batches] == [0] * 4 + [1] * 4 + [2] * 4
    epochs = [e for e in events if isinstance(e, EpochEnded)]
    assert [(e.epoch, e.epochs) for e in epochs] == [(n, 6) for n in range(1, 7)]
    assert (events[-1].result.figures["steps"], events[-1].result.figures["ended_by"]) == (12, "epochs")
    with (tmp_path / "history.csv").open() as file:
        assert [row["member"] for row in csv.DictReader(file)] == ["0", "0", "1", "1", "2", "2"]


def test_the_time_limit_is_shared_out_among_the_members(tmp_path: Path):
    events = run(config("deep", 2, epochs=100_000, time_limit=0.02), tmp_path)
    elapsed = [e.elapsed for e in events if isinstance(e, EpochEnded)]
    members = [e.member for e in events if isinstance(e, BatchEnded)]
    assert {0, 1} == set(members)
    assert elapsed == sorted(elapsed)
    assert events[-1].result.figures["ended_by"] == "time limit"
    assert load_network(tmp_path).card.members == 2


def test_a_stop_keeps_the_finished_members_and_the_best_of_the_one_at_hand(tmp_path: Path):
    *_, last = run(config("deep", 3), tmp_path, stop_at=5)
    assert last.reason is FinishReason.CANCELED
    assert last.result.figures["steps"] == 5
    assert load_network(tmp_path).card.members == 2


def test_a_stop_in_the_first_member_leaves_a_plain_network(tmp_path: Path):
    run(config("deep", 3), tmp_path, stop_at=3)
    model = load_network(tmp_path)
    assert model.card.members == 1
    assert not isinstance(model.network, Ensemble)


def test_a_snapshot_ensemble_keeps_the_weights_at_the_end_of_each_cycle(tmp_path: Path):
    events = run(config("snapshot", 2, averaging={"kind": "none"}, epochs=4), tmp_path / "two")
    run(config("snapshot", 2, averaging={"kind": "none"}, epochs=4), tmp_path / "first", stop_at=4)
    both, first = weights(tmp_path / "two"), weights(tmp_path / "first")
    assert all(torch.equal(both[f"members.0.{name}"], tensor) for name, tensor in first.items())
    assert load_network(tmp_path / "two").card.members == 2
    rates = [e.learning_rate for e in events if isinstance(e, BatchEnded)]
    assert rates[:4] == pytest.approx(rates[4:])
    assert rates[5] > 4 * rates[3]


def test_a_later_cycle_that_is_stopped_is_not_kept(tmp_path: Path):
    run(config("snapshot", 2, epochs=4), tmp_path, stop_at=7)
    assert load_network(tmp_path).card.members == 1


def test_the_clock_ends_the_last_cycle_too(tmp_path: Path):
    events = run(config("snapshot", 2, epochs=100_000, time_limit=0.015), tmp_path)
    assert events[-1].result.figures["ended_by"] == "time limit"
    assert load_network(tmp_path).card.members == 2


@pytest.mark.parametrize(
    "training",
    [{"schedule": {"kind": "constant"}}, {"averaging": {"kind": "swa"}}, {"patience": 3}],
)
def test_what_does_not_go_with_snapshots_is_refused(training):
    with pytest.raises(ConfigError, match="snapshot"):
        config("snapshot", 2, **training)


def test_an_ensemble_predicts_like_any_model(tmp_path: Path):
    run(config("deep", 2, epochs=1), tmp_path)
    image = ImageStack(np.random.default_rng(0).random((1, 40, 50)).astype(np.float32), 0.2, "view")
    *_, last = predict(JobControl(), tmp_path, [image], InferenceConfig(device="cpu"))
    (prediction,) = last.result.value
    assert prediction.probabilities.shape == (1, 2, 2, 40, 50)
    np.testing.assert_allclose(prediction.probabilities.sum(axis=2), 1, atol=1e-5)


@pytest.mark.parametrize("kind", ["deep", "snapshot"])
@pytest.mark.parametrize("stop_at", [1, 5, 6])
def test_an_ensemble_that_is_stopped_and_resumed_ends_with_the_same_weights(
    tmp_path: Path, kind: str, stop_at: int
):
    settings = config(kind, 2, epochs=4 if kind == "snapshot" else 2, deterministic=True)
    run(settings, tmp_path / "whole")
    run(settings, tmp_path / "parts", stop_at=stop_at)
    *_, last = train(JobControl(), settings, TrainInputs(tmp_path / "parts", resumes=True))
    assert last.error is None
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
