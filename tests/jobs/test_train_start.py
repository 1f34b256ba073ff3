"""Trainings that start from a saved model."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from brief_training import BRIEF
from napari_strata.config import TrainConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import BundleError
from napari_strata.events import FinishReason, JobEnded, JobEvent, StartedFrom, StateChanged, Warned
from napari_strata.io.bundle import load_bundle
from napari_strata.jobs.resume import resumed
from napari_strata.jobs.train import train, with_absolute_paths
from napari_strata.training.patches.inputs import TrainInputs

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")


def config(start: Path | None = None, *, freeze: bool = False, material: str = "graphene", **model) -> TrainConfig:
    begins = {} if start is None else {"start": {"model": str(start), "freeze_encoder": freeze}}
    data = {"source": "simulated", "simulation": {"material": material}}
    return TrainConfig.parse(
        {"name": material, "model": {"filters": [4, 8]} | model, "data": data, "training": BRIEF | begins}
    )


def run(settings: TrainConfig, out: Path) -> list[JobEvent]:
    events = list(train(JobControl(), settings, TrainInputs(out)))
    assert events[-1].reason is FinishReason.COMPLETED, events[-1]
    return events


@pytest.fixture(scope="module")
def graphene(tmp_path_factory) -> Path:
    """Return a run folder with a trained model."""
    out = tmp_path_factory.mktemp("graphene") / "run"
    run(config(), out)
    return out


def test_a_training_says_what_it_started_from_and_its_record_and_card_keep_it(graphene, tmp_path):
    events = run(config(graphene, material="WS2"), tmp_path / "run")
    (started,) = [event for event in events if isinstance(event, StartedFrom)]
    assert (started.model, started.taken, started.total) == ("graphene", 44, 48)
    assert started.message == (
        "Started from graphene: 44 of 48 tensors taken over; head of layer 0, head of layer 1 new, because its"
        " classes are W, S and not C."
    )
    lines = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    (line,) = [line for line in lines if line["event"] == "StartedFrom"]
    assert line["weights_sha256"] == load_bundle(graphene).card.weights_sha256
    assert load_bundle(tmp_path / "run").card.trained_on == "simulated WS2, 2 layers; started from graphene"


def test_an_encoder_of_which_a_part_is_new_cannot_be_kept(graphene, tmp_path):
    wider = config(graphene, freeze=True, filters=[4, 12])
    *_, last = train(JobControl(), wider, TrainInputs(tmp_path / "run"))
    assert isinstance(last.error, BundleError)
    assert "The encoder cannot be kept as it is in graphene" in last.error.message


def test_a_frozen_encoder_is_that_of_the_model_after_training(graphene, tmp_path):
    run(config(graphene, freeze=True), tmp_path / "run")
    before, after = load_bundle(graphene).state, load_bundle(tmp_path / "run").state
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed - {"encoder"} == {"decoders", "heads"}
    counters = [
        name for name in before if name.startswith("encoder") and not torch.equal(before[name], after[name])
    ]
    assert all("num_batches_tracked" in name for name in counters)


@pytest.mark.parametrize("averaging", ["swa", "none"])
def test_a_frozen_encoder_stays_so_whatever_is_averaged(graphene, tmp_path, averaging):
    settings = config(graphene, freeze=True).model_dump(mode="json")
    settings["training"]["averaging"] = {"kind": averaging, "swa_start": 0.0}
    run(TrainConfig.parse(settings), tmp_path / "run")
    before, after = load_bundle(graphene).state, load_bundle(tmp_path / "run").state
    assert all(torch.equal(before[n], after[n]) for n in before if n.startswith("encoder") and "num_" not in n)


def test_the_run_keeps_the_model_so_that_it_can_be_resumed_when_that_is_gone(graphene, tmp_path):
    model = shutil.copytree(graphene / "model", tmp_path / "model")
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    settings = config(model, freeze=True)
    longer = settings.model_copy(update={"training": settings.training.model_copy(update={"epochs": 2})})
    run(longer, whole)
    control = JobControl()
    for event in train(control, longer, TrainInputs(broken)):
        if type(event).__name__ == "EpochEnded":
            control.request_stop()
    shutil.rmtree(model)
    assert TrainConfig.read(broken / "config.yaml").training.start.model == "start"
    *_, last = train(JobControl(), *resumed(broken))
    assert last.reason is FinishReason.COMPLETED
    one, other = load_bundle(whole).state, load_bundle(broken).state
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_another_pixel_size_is_warned_of(graphene, tmp_path):
    events = run(config(graphene, pixel_size=0.1), tmp_path / "run")
    assert "graphene learned at 0.2 Å/px, and this network works at 0.1 Å/px." in [
        event.message for event in events if isinstance(event, Warned)
    ]


@pytest.mark.parametrize(("filters", "found"), [([4, 8], "does not exist"), ([3, 5], "shares no weights")])
def test_a_model_that_is_not_there_or_shares_nothing_ends_the_training_in_words(
    graphene, tmp_path, filters, found
):
    start = graphene if "shares" in found else tmp_path / "nothing"
    *_, last = train(JobControl(), config(start, filters=filters), TrainInputs(tmp_path / "run"))
    assert isinstance(last.error, BundleError)
    assert found in str(last.error)


def test_a_stop_before_the_first_step_leaves_no_copy_of_the_model(graphene, tmp_path):
    control = JobControl()
    for event in train(control, config(graphene), TrainInputs(tmp_path / "run")):
        if event == StateChanged(JobState.RUNNING):
            control.request_stop()
    assert event == JobEnded(FinishReason.CANCELED)
    assert not (tmp_path / "run").exists()


def test_the_model_is_named_relative_to_the_configuration(tmp_path):
    settings = with_absolute_paths(config(Path("models/old")), tmp_path)
    assert settings.training.start.model == str(tmp_path.resolve() / "models" / "old")
