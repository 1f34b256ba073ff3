import csv
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_strata.config.search import SearchTrainConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import LabelsError, OutputError, TrainingError
from napari_strata.events import (
    BatchEnded,
    EpochEnded,
    FinishReason,
    JobEnded,
    JobEvent,
    JobResult,
    Progress,
    StateChanged,
    TrialEnded,
    TrialStarted,
    TrialState,
    Warned,
)
from napari_strata.io.bundle import load_bundle, read_card
from napari_strata.jobs import trial as trial_module
from napari_strata.jobs.search import read_search, search
from napari_strata.training.patches.inputs import Painted, TrainInputs
from napari_strata.types import ImageStack

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")

RATE = "training.optimizer.learning_rate"
TRAINING = {
    "time_limit": 0.001,
    "epochs": 50,
    "steps_per_epoch": 2,
    "batch_size": 2,
    "patch_size": 32,
    "validation_crops": 2,
    "precision": "fp32",
    "device": "cpu",
}


def config(**settings: object) -> SearchTrainConfig:
    parameters = {
        RATE: {"low": 1e-4, "high": 1e-1, "log": True},
        "model.filters": {"choices": [[4, 8], [4, 8, 8]]},
    }
    wanted = {"trials": 3, "epochs": 2, "sampler": "random", "pruner": "none", "parameters": parameters} | settings
    return SearchTrainConfig.parse({"model": {"filters": [4, 8]}, "training": TRAINING, "search": wanted})


def run(config: SearchTrainConfig, out: Path | TrainInputs, control: JobControl | None = None) -> list[JobEvent]:
    inputs = out if isinstance(out, TrainInputs) else TrainInputs(out)
    return list(search(control or JobControl(), config, inputs))


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def trials_of(events: list[JobEvent]) -> list[TrialEnded]:
    return [event for event in events if isinstance(event, TrialEnded)]


def fake_train(scores: Callable[[SearchTrainConfig], list[float | Exception | None]]) -> Callable[..., Iterator]:
    """Stand for a training that reaches given Dice scores, one per epoch."""

    def train(control: JobControl, config: SearchTrainConfig, inputs: TrainInputs) -> Iterator[JobEvent]:
        control.begin()
        yield StateChanged(control.state)
        control.run()
        best = None
        for epoch, score in enumerate(scores(config), 1):
            if isinstance(score, Exception):
                yield JobEnded(FinishReason.FAILED, error=score)
                return
            yield BatchEnded(epoch, epoch, 4, 1.0, 1e-3, float(epoch), 1.0)
            best = score if best is None else max(best, score or 0)
            yield EpochEnded(epoch, 4, epoch, 1.0, None if score is None else 1 - score, score, True, 1.0, 1.0)
            control.wait_while_paused()
            if control.stop_requested:
                break
        control.end()
        figures = {"validation_dice": best, "validation_loss": None if best is None else 1 - best}
        yield JobEnded(FinishReason.COMPLETED, JobResult(figures, {}, inputs.out / "model"))

    return train


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace trainings by fake ones whose models are not kept."""

    def replace_train(scores: Callable[[SearchTrainConfig], list]) -> None:
        monkeypatch.setattr(trial_module, "train", fake_train(scores))
        monkeypatch.setattr("napari_strata.jobs.search.keep_best", lambda folder, number: None)

    return replace_train


def test_every_trial_is_a_training_and_the_best_model_is_kept(tmp_path):
    events = run(config(trials=2), tmp_path)
    trials = trials_of(events)
    assert [(one.trial, one.state, one.epochs) for one in trials] == [(n, TrialState.COMPLETE, 2) for n in (1, 2)]
    ended = events[-1]
    assert (ended.reason, ended.error) == (FinishReason.COMPLETED, None)
    best = max(trials, key=lambda one: one.score)
    figures = ended.result.figures
    assert figures["score"] == best.score
    assert figures["ended_by"] == "trials"
    assert ended.result.value == tmp_path / "model"
    tried = next(one for one in trials if one.trial == figures["best_trial"])
    assert load_bundle(tmp_path).card.model.filters == tuple(tried.values["model.filters"])
    for number in ("001", "002"):  # trials keep their record and lose their weights
        names = {path.name for path in (tmp_path / "trials" / number).iterdir()}
        assert {"config.yaml", "history.csv"} <= names
        assert "model" not in names


def test_all_models_are_kept_on_demand(tmp_path):
    run(config(trials=1, epochs=1, keep_models=True), tmp_path)
    assert load_bundle(tmp_path / "trials" / "001").card == load_bundle(tmp_path).card


def test_epochs_are_told_and_batches_become_progress_of_the_whole(tmp_path, pretend):
    pretend(lambda _config: [0.2, 0.3])
    events = run(config(trials=2), tmp_path)
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [1, 2, 1, 2]
    assert not any(isinstance(event, BatchEnded) for event in events)
    told = [event for event in events if isinstance(event, Progress)]
    assert [event.fraction for event in told] == pytest.approx([0, 1 / 4, 1 / 3, 3 / 4, 5 / 6])
    assert told[1].message == "Trial 1 of 2: epoch 1 of 2, loss 1.000"


def test_a_trial_trains_so_many_epochs_with_the_values_it_tries(tmp_path, pretend):
    seen = []
    pretend(lambda config: [seen.append(config) or 0.5])
    (first, second, third) = trials_of(run(config(epochs=7), tmp_path))
    assert {(one.training.epochs, one.training.time_limit) for one in seen} == {(7, None)}
    for told, tried in zip((first, second, third), seen, strict=True):
        assert (told.values[RATE], told.values["model.filters"]) == (
            tried.training.optimizer.learning_rate,
            tried.model.filters,
        )


def test_bad_trials_are_pruned(tmp_path, pretend):
    counter = iter(range(100))
    pretend(lambda _config: [0.9 - 0.08 * next(counter)] * 9)
    trials = trials_of(run(config(trials=10, epochs=9, pruner="hyperband"), tmp_path))
    pruned = [one for one in trials if one.state is TrialState.PRUNED]
    assert pruned
    assert all(one.epochs < 9 for one in pruned)
    assert all(one.epochs == 9 for one in trials if one.state is TrialState.COMPLETE)


def test_the_table_lists_the_trials(tmp_path, pretend):
    pretend(lambda config: [config.training.optimizer.learning_rate])
    run(config(), tmp_path)
    with (tmp_path / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert [row[RATE] for row in rows] == [row["score"] for row in rows]


def test_stop_ends_the_trial_and_keeps_the_best_so_far(tmp_path, pretend):
    pretend(lambda _config: [0.5, 0.6])
    control, events = JobControl(), []
    for event in search(control, config(trials=50), TrainInputs(tmp_path)):
        events.append(event)
        if isinstance(event, EpochEnded) and len(trials_of(events)) == 1:
            control.request_stop()
    assert [one.state for one in trials_of(events)] == [TrialState.COMPLETE, TrialState.STOPPED]
    ended = events[-1]
    assert ended.reason is FinishReason.CANCELED
    assert (ended.result.figures["ended_by"], ended.result.figures["score"]) == ("stop", 0.6)


def test_a_stop_before_the_first_trial_leaves_nothing_to_keep(tmp_path):
    control = JobControl()
    events = []
    for event in search(control, config(), TrainInputs(tmp_path)):
        events.append(event)
        control.request_stop()
    assert events[-1] == JobEnded(FinishReason.CANCELED)
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_search_goes_on_with_the_same_call(tmp_path):
    control = JobControl()
    for event in search(control, config(), TrainInputs(tmp_path)):
        if isinstance(event, EpochEnded) and event.epoch == 1:
            control.request_stop()
    assert load_bundle(tmp_path).card == read_card(event.result.value)  # the model of a stopped trial is one
    trials = trials_of(run(config(trials=1), tmp_path))
    states = [(one.trial, one.state) for one in trials]
    assert states == [(1, TrialState.STOPPED), (2, TrialState.COMPLETE)]
    assert trials[1].values[RATE] == trials[0].values[RATE]
    assert {one.trials for one in trials} == {2}


def test_a_search_is_read_back_from_its_folder_and_can_get_more_trials(tmp_path, pretend):
    pretend(lambda _config: [0.5])
    run(config(), tmp_path)
    settings, inputs = read_search(tmp_path)
    assert (settings, inputs) == (config(), TrainInputs(tmp_path))
    longer = settings.model_copy(update={"search": settings.search.model_copy(update={"trials": 5})})
    assert [one.trial for one in trials_of(run(longer, inputs))] == [1, 2, 3, 4, 5]


def test_other_settings_do_not_go_on_in_the_same_folder(tmp_path, pretend):
    pretend(lambda _config: [0.5])
    run(config(), tmp_path)
    ended = run(config(seed=1), tmp_path)[-1]
    assert isinstance(ended.error, OutputError)
    assert "other settings: search.seed" in str(ended.error)


def test_a_folder_with_a_training_is_left_alone(tmp_path):
    (tmp_path / "events.jsonl").write_text("")
    ended = run(config(), tmp_path)[-1]
    assert isinstance(ended.error, OutputError)
    assert "holds a training already" in str(ended.error)


def test_the_time_limit_ends_the_search_in_the_middle_of_a_trial(tmp_path, pretend, monkeypatch):
    clock = iter(range(10_000))
    pretend(lambda _config: [0.5] * 1000)
    monkeypatch.setattr(trial_module.time, "monotonic", lambda: float(next(clock)))
    events = run(config(time_limit=1), tmp_path)
    assert [one.state for one in trials_of(events)] == [TrialState.STOPPED]
    assert (events[-1].reason, events[-1].result.figures["ended_by"]) == (FinishReason.COMPLETED, "time limit")


def test_a_pause_takes_nothing_from_the_time_limit(tmp_path, pretend, monkeypatch):
    pretend(lambda _config: [0.5, 0.6])
    now = [0.0]
    monkeypatch.setattr(trial_module.time, "monotonic", lambda: now[0])
    control = JobControl()
    for event in search(control, config(time_limit=1), TrainInputs(tmp_path)):
        if isinstance(event, EpochEnded):
            control.pause()
            now[0] += 100
            control.resume()
    assert event.result.figures["ended_by"] == "trials"


def test_a_pause_reaches_a_trial_in_a_process_of_its_own(tmp_path):
    """The training there goes on only where the search tells it nothing, whoever reads its events."""
    training = TRAINING | {"engine": "process", "steps_per_epoch": 100_000}
    settings = SearchTrainConfig.parse(config(trials=1).model_dump() | {"training": training})
    control, seen = JobControl(), []

    def follow() -> None:
        seen.extend(search(control, settings, TrainInputs(tmp_path)))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    history = tmp_path / "trials" / "001" / "events.jsonl"
    wait_for(lambda: history.exists() and history.read_text().count("BatchEnded") > 3)
    control.pause()
    wait_for(lambda: (tmp_path / "trials" / "001" / "checkpoint").exists())  # it saves where it stands
    control.request_stop()
    thread.join(60)
    assert seen[-1].reason is FinishReason.CANCELED


def test_a_pause_holds_the_trial_and_a_stop_wakes_it(tmp_path, pretend):
    pretend(lambda _config: [0.5, 0.6])
    control, paused = JobControl(), threading.Event()
    states = []
    for event in search(control, config(), TrainInputs(tmp_path)):
        if isinstance(event, EpochEnded) and not paused.is_set():
            control.pause()
            paused.set()
            threading.Timer(0.2, lambda: states.append(control.state) or control.request_stop()).start()
    assert states == [JobState.PAUSED]
    assert event.reason is FinishReason.CANCELED


def test_a_trial_that_fails_is_passed_over_and_told(tmp_path, pretend):
    counter = iter(range(10))
    nan = TrainingError("The loss became nan.", remedy="Lower the rate.")
    pretend(lambda _config: [nan] if next(counter) == 1 else [0.5])
    events = run(config(), tmp_path)
    assert [one.state for one in trials_of(events)] == [
        TrialState.COMPLETE,
        TrialState.FAILED,
        TrialState.COMPLETE,
    ]
    (warned,) = [event for event in events if isinstance(event, Warned)]
    assert warned.message == "Trial 2 failed: The loss became nan. Lower the rate."
    assert events[-1].reason is FinishReason.COMPLETED


def test_values_that_do_not_go_together_fail_their_trial_alone(tmp_path, pretend):
    pretend(lambda _config: [0.5])
    odd = {"training.patch_size": {"choices": [16, 64]}, "model.filters": {"choices": [[4, 8], [4] * 6]}}
    trials = trials_of(run(config(trials=4, sampler="grid", parameters=odd), tmp_path))
    assert sorted(one.state for one in trials) == ["complete", "complete", "complete", "failed"]
    (failed,) = [one for one in trials if one.state is TrialState.FAILED]
    assert "patch_size is smaller" in failed.words


def test_three_failures_in_a_row_end_the_search_with_the_last_one(tmp_path, pretend):
    pretend(lambda _config: [LabelsError("Nothing is labelled.", remedy="Paint.")])
    events = run(config(trials=9), tmp_path)
    assert len(trials_of(events)) == 3
    assert (events[-1].reason, str(events[-1].error)) == (FinishReason.FAILED, "Nothing is labelled. Paint.")


def test_what_was_found_before_a_failure_is_left(tmp_path, pretend):
    counter = iter(range(100))
    nan = TrainingError("The loss became nan.", remedy="Lower the rate.")
    pretend(lambda _config: [0.5] if next(counter) == 0 else [nan])
    ended = run(config(trials=9), tmp_path)[-1]
    assert (ended.reason, ended.result.figures["score"]) == (FinishReason.FAILED, 0.5)
    assert ended.result.figures["ended_by"] == "failure"
    assert ended.result.value == tmp_path / "model"


def test_a_full_disk_ends_the_search_at_once(tmp_path, pretend):
    pretend(lambda _config: [OutputError("The disk is full.", remedy="Make room.")])
    events = run(config(trials=9), tmp_path)
    assert len(trials_of(events)) == 1
    assert isinstance(events[-1].error, OutputError)


def test_without_a_score_nothing_can_be_compared(tmp_path, pretend):
    pretend(lambda _config: [None])
    ended = run(config(), tmp_path)[-1]
    assert isinstance(ended.error, TrainingError)
    assert "no held-out data" in str(ended.error)


def test_the_loss_is_compared_on_demand(tmp_path, pretend):
    pretend(lambda config: [config.training.optimizer.learning_rate])
    events = run(config(score="loss"), tmp_path)
    losses = [one.score for one in trials_of(events)]
    assert losses == [1 - one.values[RATE] for one in trials_of(events)]
    assert events[-1].result.figures["score"] == min(losses)


def test_two_searches_do_not_share_a_folder(tmp_path, pretend):
    pretend(lambda _config: [0.5])
    first = search(JobControl(), config(), TrainInputs(tmp_path))
    next(event for event in first if isinstance(event, TrialStarted))
    ended = run(config(), tmp_path)[-1]
    first.close()
    assert isinstance(ended.error, OutputError)
    assert "is running in" in str(ended.error)


def on_labels(**settings: object) -> SearchTrainConfig:
    data = {"source": "labels", "images": ["layer"], "labels": ["paint"], "classes": ["bubble"]}
    parts = config(trials=1, epochs=1, parameters={RATE: {"low": 1e-4, "high": 1e-1}}, **settings).model_dump()
    model = {"architecture": "unet", "layers": 1, "filters": [4, 8], "pixel_size": None}
    return SearchTrainConfig.parse(parts | {"data": data, "model": model})


@pytest.mark.parametrize(
    ("slices", "with_class", "score"),
    [(1, 1, "dice"), (1, 1, "loss"), (3, 1, "dice")],
    ids=["nothing held out, dice", "nothing held out, loss", "no class held out"],
)
def test_what_could_give_no_score_is_refused_before_anything_is_trained(tmp_path, slices, with_class, score):
    values = np.random.default_rng(0).random((slices, 40, 40)).astype(np.float32)
    codes = np.ones((slices, 1, 40, 40), np.uint8)
    codes[:with_class, :, :20] = 2
    inputs = TrainInputs(tmp_path / "search", (ImageStack(values, None, "layer"),), (codes,))
    *events, ended = run(on_labels(score=score), inputs)
    assert isinstance(ended.error, TrainingError)
    assert "no held-out data" in ended.error.message
    assert "search.score" not in ended.error.remedy  # without held-out data there is no loss, either
    assert not any(isinstance(event, TrialStarted) for event in events)
    assert not (tmp_path / "search").exists()


def test_what_was_painted_is_kept_with_the_search_and_read_back(tmp_path):
    values = np.random.default_rng(0).random((2, 40, 40)).astype(np.float32)
    codes = np.ones((2, 1, 40, 40), np.uint8)
    codes[:, :, :20] = 2
    settings = on_labels()
    inputs = TrainInputs(tmp_path, (ImageStack(values, None, "layer"),), (codes,), painted=Painted((0, 2), 3))
    assert run(settings, inputs)[-1].error is None
    read, again = read_search(tmp_path)
    assert np.array_equal(again.images[0].data, values)
    assert np.array_equal(again.labels[0], codes)
    longer = read.model_copy(update={"search": read.search.model_copy(update={"trials": 2})})
    events = run(longer, replace(again))
    assert events[-1].error is None
    assert [one.trial for one in trials_of(events)] == [1, 2]
