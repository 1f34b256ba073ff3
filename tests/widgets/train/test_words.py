import dataclasses
from pathlib import Path

import pytest

from napari_strata.config import TrainConfig, TrainingConfig
from napari_strata.control import JobState
from napari_strata.errors import TrainingError
from napari_strata.events import BatchEnded, EpochEnded, FinishReason, JobEnded, JobResult, Warned
from napari_strata.widgets.train.words import TrainingWords


@pytest.fixture
def words(qtbot):
    words = TrainingWords()
    qtbot.addWidget(words)
    words.start(TrainConfig(name="net"))
    words.show_state(JobState.RUNNING)
    return words


def batch(seconds_left: float) -> BatchEnded:
    return BatchEnded(10, 3, 14, 1.0, 1e-3, 60.0, seconds_left)


def epoch(dice: float | None, *, is_best: bool) -> EpochEnded:
    return EpochEnded(2, 14, 10, 1.0, None if dice is None else 1.0, dice, is_best, 60.0, 250.0)


@pytest.mark.parametrize(
    ("seconds", "text"), [(250.2, ", 4 min 10 s left"), (9.6, ", 10 s left"), (float("inf"), "")]
)
def test_epoch_and_time_left_are_said(words, seconds, text):
    words.show_batch(batch(seconds))
    words.refresh()
    assert words.text() == f"Training: epoch 3 of about 14{text}."


def test_the_network_of_an_ensemble_is_said(words):
    words.start(TrainConfig.parse({"training": {"ensemble": {"kind": "deep", "members": 3}}}))
    words.show_batch(dataclasses.replace(batch(10), member=1))
    words.refresh()
    assert words.text() == "Training: network 2 of 3, epoch 3 of about 14, 10 s left."


def test_an_early_end_is_said(words):
    result = JobResult({**FIGURES, "ended_by": "no better score for 5 epochs"})
    words.show_ending(JobEnded(FinishReason.COMPLETED, result), Path())
    assert words.text().startswith("Finished: no better score for 5 epochs; best weights kept")


def test_the_best_score_stays_until_there_is_a_better_one(words):
    words.show_epoch(epoch(0.812, is_best=True))
    words.show_epoch(epoch(0.7, is_best=False))
    assert words.text().endswith("\nBest so far: loss 1, Dice 0.81 (epoch 2).")


def test_a_correction_takes_the_best_score_back(words):
    words.show_epoch(epoch(0.812, is_best=True))
    words.forget_best()
    words.refresh()
    assert "0.81" not in words.text()
    assert "Best so far: none since the last correction" in words.text()


def test_without_held_out_data_that_is_said(words):
    words.show_warning(Warned("There is no held-out data.", "Label more."))
    words.show_epoch(epoch(None, is_best=True))
    assert words.text().endswith(".\nThere is no held-out data.")
    assert words.text().count("held-out") == 1


def test_the_newest_note_stands_on_top_and_none_twice(words):
    words.show_epoch(epoch(0.812, is_best=True))
    words.show_corrections(1, 20)
    for note in ("First.", "Second.", "First."):
        words.add(note)
    _state, *rest = words.text().splitlines()
    score = "Best so far: loss 1, Dice 0.81 (epoch 2)."
    assert rest == ["First.", score, "1 correction is learned from since step 20.", "Second."]


@pytest.mark.parametrize(
    ("config", "text"),
    [
        (TrainingConfig(), "Trains for at most 5 minutes or 100 epochs."),
        (TrainingConfig(time_limit=None, epochs=7), "Trains for at most 7 epochs."),
    ],
)
def test_the_budget_is_said_before(words, config, text):
    words.show_budget(config)
    assert words.text().startswith(text)


FIGURES = {"best_epoch": 7, "validation_loss": 0.213, "validation_dice": 0.81}


@pytest.mark.parametrize(
    ("ended", "text"),
    [
        (
            JobEnded(FinishReason.CANCELED, JobResult(FIGURES)),
            "Stopped; best weights kept (epoch 7: loss 0.21, Dice 0.81). “net-2” is ready in the Predict dock.",
        ),
        (
            JobEnded(FinishReason.COMPLETED, JobResult({**FIGURES, "ended_by": "time limit"})),
            "Finished: the time limit is reached; best weights kept (epoch 7: loss 0.21, Dice 0.81). "
            "“net-2” is ready in the Predict dock.",
        ),
        (
            JobEnded(FinishReason.CANCELED, JobResult({"best_epoch": 9, "validation_loss": None})),
            "Stopped; weights of epoch 9 kept, no score. “net-2” is ready in the Predict dock.",
        ),
        (JobEnded(FinishReason.CANCELED), "Stopped before the first batch; there is no model."),
        (
            JobEnded(FinishReason.FAILED, error=TrainingError("The loss became nan.", remedy="Lower the rate.")),
            "The loss became nan. Lower the rate.",
        ),
    ],
)
def test_the_ending_is_said_with_what_to_do_next(words, tmp_path, ended, text):
    words.show_ending(ended, tmp_path / "net-2")
    assert words.text() == text


def test_what_was_kept_before_a_failure_is_said(words, tmp_path: Path):
    run = tmp_path / "net-2"
    (run / "model").mkdir(parents=True)
    (run / "model" / "card.yaml").touch()
    words.show_ending(JobEnded(FinishReason.FAILED, error=RuntimeError("no")), run)
    assert words.text().endswith("\nThe best weights so far are kept. “net-2” is ready in the Predict dock.")


def test_nothing_is_said_over_the_ending(words, tmp_path):
    words.show_state(JobState.IDLE)
    words.show_ending(JobEnded(FinishReason.CANCELED), tmp_path)
    words.refresh()
    assert words.text().startswith("Stopped before")


def test_a_training_that_went_on_and_was_stopped_at_once_has_its_model_still(words, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "card.yaml").touch()
    words.show_ending(JobEnded(FinishReason.CANCELED), tmp_path)
    assert words.text() == "Stopped before the first batch; the model is as it was."
