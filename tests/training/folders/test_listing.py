import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.config import ClassTable, LabelledData, ModelCard, ModelConfig, TrainConfig
from napari_strata.config.search import SearchTrainConfig
from napari_strata.control import JobControl
from napari_strata.errors import OutputError
from napari_strata.jobs.list_runs import list_runs
from napari_strata.training.folders.listing import RunState, find_runs, read_run, stamp_of
from napari_strata.training.folders.removal import delete_run
from napari_strata.training.run.mark import clear_mark, set_mark

HEAD = "epoch,epochs,step,train_loss,validation_loss,validation_dice,is_best,elapsed,seconds_left,member"
LINES = ("1,2,50,1.5,1.25,0.5,True,10.5,10.0,0", "2,2,100,1.0,1.75,0.75,False,20.5,0.0,0")


def write_run(
    folder: Path, *, ended_by: str | None = "epochs", error: str | None = None, lines: tuple[str, ...] = LINES
) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(TrainConfig(name="mine").to_yaml())
    (folder / "events.jsonl").write_text("")
    (folder / "history.csv").write_text("\n".join((HEAD, *lines)) + "\n")
    session = {"started": "2026-01-02T03:04:05+00:00", "ended_by": ended_by, "error": error}
    (folder / "run.json").write_text(json.dumps({"format": 1, "sessions": [session]}))
    return folder


def write_card(bundle: Path, name: str = "its model") -> None:
    card = ModelCard(
        name=name,
        created="2026-01-02T03:05:00+00:00",
        model=ModelConfig(architecture="unet", layers=1),
        classes=ClassTable.from_names(("C",)),
        trained_on="labels of two slices",
        figures={"validation_dice": 0.5},
        software={},
        weights_file="weights-00000000.safetensors",
        weights_sha256="0" * 64,
    )
    bundle.mkdir(parents=True, exist_ok=True)
    (bundle / "card.yaml").write_text(card.to_yaml())


def write_files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_a_run_tells_how_it_went(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    assert (run.name, run.state, run.started) == (
        "mine",
        RunState.FINISHED,
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    assert (len(run.history), run.seconds, run.best.step, run.scores["validation_dice"]) == (2, 20.5, 50, 0.5)
    assert run.config == TrainConfig(name="mine")
    assert run.is_resumable


@pytest.mark.parametrize(
    ("ended_by", "state"),
    [
        ("time limit", RunState.FINISHED),
        ("stop", RunState.STOPPED),
        ("canceled", RunState.STOPPED),
        ("failed", RunState.FAILED),
        (None, RunState.BROKEN_OFF),
    ],
)
def test_a_run_tells_how_it_ended_and_whether_it_can_go_on(tmp_path, ended_by, state):
    run = read_run(write_run(tmp_path / "run", ended_by=ended_by, error="The loss became nan."))
    assert run.state is state
    assert run.is_resumable
    if state is RunState.FAILED:
        assert run.words == "The loss became nan."


@pytest.mark.parametrize(
    ("training", "spent"),
    [
        ({"epochs": 100, "time_limit": 5}, ()),
        ({"epochs": 2, "time_limit": 5}, ("epochs",)),
        ({"epochs": 100, "time_limit": 0.3}, ("time_limit",)),
        ({"epochs": 2, "time_limit": None}, ("epochs",)),
    ],
)
def test_a_run_tells_which_of_its_budgets_is_spent(tmp_path, training, spent):
    folder = write_run(tmp_path / "run", ended_by="stop")  # 100 steps in 20.5 s
    (folder / "config.yaml").write_text(
        TrainConfig.parse({"training": training | {"steps_per_epoch": 50}}).to_yaml()
    )
    assert read_run(folder).spent == spent


def test_a_run_that_ended_with_budget_left_lacked_patience(tmp_path):
    assert read_run(write_run(tmp_path / "run", ended_by="no better score for 3 epochs")).spent == ("patience",)


def test_an_ensemble_that_is_finished_cannot_go_on(tmp_path):
    folder = write_run(tmp_path / "run")
    config = TrainConfig.parse({"training": {"ensemble": {"kind": "deep", "members": 2}}})
    (folder / "config.yaml").write_text(config.to_yaml())
    assert not read_run(folder).is_resumable


def test_a_run_without_run_json_is_told_by_its_last_event(tmp_path):
    folder = write_run(tmp_path / "old")
    (folder / "run.json").unlink()
    events = [{"event": "BatchEnded", "step": 1}, {"event": "JobEnded", "reason": "failed", "error": "no"}]
    (folder / "events.jsonl").write_text("x" * 100_000 + "\n" + "\n".join(map(json.dumps, events)))
    run = read_run(folder)
    assert (run.state, run.words, run.is_resumable) == (RunState.FAILED, "no", False)


def test_a_run_that_ended_before_its_first_batch_is_stopped_and_not_broken_off(tmp_path):
    (tmp_path / "config.yaml").write_text(TrainConfig().to_yaml())
    (tmp_path / "labels.tif").touch()
    run = read_run(tmp_path)
    assert run.state is RunState.STOPPED
    assert run.words == "It ended before the first batch; there is no model. What was painted for it is kept."
    assert not run.is_resumable


def test_a_run_in_which_somebody_trains_is_running(tmp_path):
    folder = write_run(tmp_path / "run", ended_by=None)
    before = stamp_of(folder)
    with FileLock(folder / ".lock"):
        assert read_run(folder).state is RunState.RUNNING
        assert stamp_of(folder) != before
    assert read_run(folder).state is RunState.BROKEN_OFF


def test_a_run_that_goes_on_is_training_and_did_not_end(tmp_path):
    run = write_run(tmp_path / "run", ended_by=None)
    assert read_run(run).state is RunState.BROKEN_OFF
    with FileLock(run / ".lock"):
        assert (read_run(run).state, read_run(run).words) == (RunState.RUNNING, "")


def test_a_run_is_training_from_the_click_on(tmp_path):
    run = write_run(tmp_path / "run", ended_by=None)
    before = stamp_of(run)
    set_mark(run)
    assert stamp_of(run) != before
    assert (read_run(run).state, read_run(run).words) == (RunState.RUNNING, "")
    with pytest.raises(OutputError, match="A training is running"):
        delete_run(run)
    clear_mark(run)
    assert stamp_of(run) == before
    assert read_run(run).state is RunState.BROKEN_OFF
    (run / ".training").write_text("of a process that was killed")
    assert read_run(run).state is RunState.BROKEN_OFF


def test_a_new_run_is_training_before_anything_is_written(tmp_path):
    set_mark(tmp_path)
    assert read_run(tmp_path).state is RunState.RUNNING


def test_a_run_without_a_model_names_the_images_whose_labels_it_learned(tmp_path):
    run = write_run(tmp_path / "run", lines=())
    data = LabelledData(images=("inputs/image.tif",), labels=("inputs/masks.tif",), classes=("C",))
    (run / "config.yaml").write_text(TrainConfig(data=data).to_yaml())
    assert read_run(run).images == ()
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(facts | {"data": [{"image": "cells"}]}))
    assert read_run(run).images == ("cells",)


def test_lines_of_the_history_that_are_cut_short_are_passed_over(tmp_path):
    run = read_run(write_run(tmp_path / "run", lines=(*LINES, "3,2,15", "4,2,200,nan,1,1,True,1,1,0")))
    assert [epoch.step for epoch in run.history] == [50, 100]


def test_a_run_without_held_out_data_has_a_curve_and_no_score(tmp_path):
    run = read_run(write_run(tmp_path / "run", lines=("1,1,50,1.5,,,True,10.5,0.0,0",)))
    assert run.scores == {}
    assert run.history[0].validation_loss is None


def test_a_run_that_learns_values_has_their_errors_as_scores(tmp_path):
    run = write_run(tmp_path / "run")
    line = "1,1,50,1.5,0.2,,True,10.5,0.0,0.03,0.91,0"
    head = HEAD.replace("seconds_left", "seconds_left,validation_rmse,validation_r2")
    (run / "history.csv").write_text(f"{head}\n{line}\n")
    assert read_run(run).scores == {"validation_loss": 0.2, "validation_rmse": 0.03, "validation_r2": 0.91}


def test_a_model_alone_is_told_by_its_card(tmp_path):
    write_card(tmp_path / "bought")
    run = read_run(tmp_path / "bought")
    assert (run.name, run.state, run.scores["validation_dice"], run.card.trained_on) == (
        "its model",
        RunState.MODEL,
        0.5,
        "labels of two slices",
    )


def test_a_search_is_told_as_one(tmp_path):
    (tmp_path / "config.yaml").write_text(SearchTrainConfig.parse({"search": {"trials": 7}}).to_yaml())
    (tmp_path / "study.journal").write_text("")
    write_card(tmp_path / "model")
    run = read_run(tmp_path)
    assert (run.state, run.words, run.scores["validation_dice"], run.is_resumable) == (
        RunState.SEARCH,
        "A search of 7 trials.",
        0.5,
        False,
    )


def test_a_foreign_folder_has_a_readable_row(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    run = read_run(tmp_path)
    assert (run.state, run.name) == (RunState.UNREADABLE, tmp_path.name)
    assert "no config.yaml" in run.words


@pytest.mark.parametrize("name", ["config.yaml", "run.json"])
def test_a_damaged_run_has_a_readable_row(tmp_path, name):
    folder = write_run(tmp_path / "run")
    (folder / name).write_text("name: [")
    run = read_run(folder)
    assert run.state is RunState.UNREADABLE
    assert name in run.words


@given(st.sampled_from(["config.yaml", "run.json", "history.csv", "events.jsonl", "model/card.yaml"]), st.binary())
def test_whatever_a_file_holds_the_run_can_be_listed(tmp_path_factory, name, content):
    folder = write_run(tmp_path_factory.mktemp("runs") / "run")
    (folder / "model").mkdir()
    (folder / name).write_bytes(content)
    assert read_run(folder).folder == folder


def test_runs_are_found_in_a_folder_of_them_and_a_run_is_found_by_itself(tmp_path):
    one, two = write_run(tmp_path / "one"), write_run(tmp_path / "two")
    (tmp_path / ".hidden").mkdir()
    assert find_runs(tmp_path) == (one, two)
    assert find_runs(one) == (one,)
    assert find_runs(tmp_path / "nowhere") == ()


def listed(control: JobControl, roots: list[Path], known: dict) -> dict:
    *_, ended = list_runs(control, roots, known)
    assert ended.error is None
    return ended.result.value


def test_only_what_changed_is_read_again(tmp_path):
    one, two = write_run(tmp_path / "one"), write_run(tmp_path / "two")
    first = listed(JobControl(), [tmp_path, one], {})
    assert list(first) == [one, two]
    (two / "history.csv").write_text(HEAD + "\n")
    os.utime(two / "history.csv", (1, 1))
    again = listed(JobControl(), [tmp_path], first)
    assert again[one][1] is first[one][1]
    assert again[two][1].history == ()


def test_delete_leaves_nothing_of_a_run_and_all_of_what_is_not_its_own(tmp_path):
    folder = write_run(tmp_path / "run")
    write_card(folder / "model")
    write_card(folder / "start")
    write_files(
        folder,
        *("checkpoint/state.json", "checkpoint/model/card.yaml", "corrections/00000006-000.npz"),
        *("tensorboard/events.out.tfevents.1", "trials/001/config.yaml", ".handover-abc/run/task.json"),
        *("inputs/image.tif", "inputs/masks.tif", "inputs/provenance.tif", "inputs/painted.yaml"),
        *("labels.tif", "provenance.tif", ".training", ".lock", ".run.json.part"),
    )
    assert delete_run(folder) == ()
    assert not folder.exists()
    folder = write_run(tmp_path / "other")
    (folder / "thesis.tex").write_text("")
    assert delete_run(folder) == ("thesis.tex",)
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]


def test_delete_leaves_files_that_only_have_the_names_of_a_run_s(tmp_path):
    folder = write_run(tmp_path / "project")
    names = ("labels.tif", "provenance.tif", "inputs/image.tif", "model/notes.txt", "trials/plan.txt")
    write_files(folder, *names)
    assert delete_run(folder) == ("inputs", "labels.tif", "model", "provenance.tif", "trials")
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == sorted(names)


def test_a_run_in_which_somebody_trains_is_not_deleted(tmp_path):
    folder = write_run(tmp_path / "run")
    with FileLock(folder / ".lock"), pytest.raises(OutputError, match="A training is running"):
        delete_run(folder)
    assert (folder / "config.yaml").exists()


def test_what_is_no_run_is_not_deleted(tmp_path):
    (tmp_path / "model").mkdir()
    with pytest.raises(OutputError, match="is no run"):
        delete_run(tmp_path)
    assert (tmp_path / "model").exists()
