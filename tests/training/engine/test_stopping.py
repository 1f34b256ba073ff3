import json

import pytest

from napari_strata.config import TrainingConfig
from napari_strata.control import JobControl
from napari_strata.training.engine.schedule import Clock
from napari_strata.training.engine.stopping import Patience, ended_by

CONFIG = TrainingConfig(epochs=10, steps_per_epoch=5, time_limit=None)


def waited(epochs: int | None, scores: list[float]) -> Patience:
    patience = Patience(epochs)
    for score in scores:
        patience.take(score)
    return patience


@pytest.mark.parametrize(
    ("scores", "is_spent"),
    [([1.0], False), ([1.0, 1.0], False), ([1.0, 1.0, 1.5], True), ([1.0, 1.1, 0.9], False), ([], False)],
)
def test_a_patience_of_two_is_spent_after_two_epochs_without_a_better_score(scores, is_spent):
    assert waited(2, scores).is_spent is is_spent


def test_without_patience_a_training_never_stops_early():
    assert not waited(None, [1.0] * 1000).is_spent


@pytest.mark.parametrize("scores", [[], [1.0, 2.0]])
def test_patience_goes_on_from_a_saved_state_through_json(scores):
    resumed = Patience(2)
    resumed.load_state_dict(json.loads(json.dumps(waited(2, scores).state_dict())))
    resumed.take(1.0)
    assert resumed.is_spent is (len(scores) == 2)


@pytest.mark.parametrize(
    ("step", "scores", "words"),
    [
        (50, [1.0], "epochs"),
        (20, [1.0, 2.0, 3.0], "no better score for 2 epochs"),
        (50, [1.0, 2.0, 3.0], "epochs"),
    ],
)
def test_what_ended_a_training_is_said(step, scores, words):
    assert ended_by(JobControl(), Clock(CONFIG, step=step), waited(2, scores), epochs=2) == words


def test_a_stop_is_said_before_all_else():
    control = JobControl()
    control.begin()
    control.request_stop()
    assert ended_by(control, Clock(CONFIG, step=50), waited(None, []), epochs=None) == "stop"


def test_one_epoch_is_no_plural():
    patience = waited(1, [1.0, 1.0])
    assert ended_by(JobControl(), Clock(CONFIG, step=5), patience, epochs=1) == ("no better score for 1 epoch")
