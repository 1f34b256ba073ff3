import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from napari_strata.config import ClassTable, TrainingConfig
from napari_strata.control import JobControl
from napari_strata.events import CorrectionTaken, PreviewReady, Warned
from napari_strata.requests import Correction, Look, Pace, Pin, Unpin
from napari_strata.training.engine.answers import Answers
from napari_strata.training.engine.judges import Judges
from napari_strata.training.engine.pins import PinBoard
from napari_strata.training.engine.preview import Preview
from napari_strata.training.engine.requests import RequestLog, read_requests
from napari_strata.training.machine.team import Team
from napari_strata.training.patches.labelled import LabelledSource
from napari_strata.types import ImageStack

IMAGE = ImageStack(np.random.default_rng(0).random((2, 64, 64)).astype(np.float32), None, "cells")

CONFIG = TrainingConfig.parse(
    {
        "patience": 9,
        "schedule": {"kind": "plateau", "plateau_patience": 2},
        "corrections": {"respect_pins": True},
    }
)


class Asked:
    """A training that is asked for things; nothing is trained."""

    def __init__(self, folder=None, earlier=None):
        labels = np.ones((2, 1, 64, 64), np.uint8)
        labels[:, 0, :32] = 2
        self.source = LabelledSource(
            (IMAGE,),
            (labels,),
            table=ClassTable.from_names(("a",)),
            patch_size=32,
            pixel_size=None,
            receptive_field=5,
            validation_fraction=0.5,
            seed=0,
        )
        self.judges = Judges(CONFIG)
        self.pins = PinBoard(self.source.frames, receptive_field=5)
        self.preview = Preview(ImageStack(IMAGE.data[:1], None, "cells"), pixel_size=None, interval=4)
        team = Team(Fabric(accelerator="cpu"))
        log = RequestLog(folder, earlier)
        self.answers = Answers(self.source, log, team, self.preview, self.pins, self.judges)

    def ask(self, *requests, step=7):
        control = JobControl()
        for request in requests:
            control.post(request)
        return list(self.answers.answer(control, step))


@pytest.fixture
def asked(tmp_path):
    return Asked(tmp_path)


def painted(code: int, frame: int = 0, size: int = 20) -> Correction:
    return Correction(frame, 0, 40, 40, np.full((size, size), code, np.uint8))


def test_of_a_correction_what_it_changed_is_told_and_kept(asked, tmp_path):
    codes = np.ones((20, 20), np.uint8)
    codes[5:8, 6] = 2
    (event,) = asked.ask(Correction(0, 0, 40, 40, codes))
    assert event == CorrectionTaken(0, 0, 45, 46, 3, 1, 7)
    ((step, kept),) = read_requests(tmp_path)
    assert (step, kept.y, kept.x, kept.codes.tolist()) == (7, 45, 46, [[2], [2], [2]])


def test_a_correction_that_changes_nothing_is_passed_over(asked, tmp_path):
    asked.judges.take(0.5, 0.5, 0)
    assert asked.ask(painted(1)) == []
    assert read_requests(tmp_path) == []
    assert not asked.judges.take(0.6, 0.5, 0)


@pytest.mark.parametrize("request_", [painted(2), Pin("a", 0, 1, 2, 3, 4), Unpin("a")])
def test_after_a_correction_or_another_pin_scores_begin_anew(asked, request_):
    asked.judges.take(0.5, 0.5, 0)
    asked.judges.take(0.6, 0.5, 0)
    asked.ask(request_)
    assert asked.judges.patience.state_dict() == {"best": None, "waited": 0}
    rate = asked.judges.schedule.rate(0.5)
    assert asked.judges.take(0.9, 0.5, 0)
    asked.judges.take(0.9, 0.5, 0)
    assert asked.judges.schedule.rate(0.5) == rate  # one epoch without a better score, where two lower it


def test_a_correction_that_does_not_fit_is_refused_and_the_next_one_is_taken(asked, tmp_path):
    refused, taken = asked.ask(painted(3), painted(2))
    assert isinstance(refused, Warned)
    assert "code 3" in refused.message
    assert isinstance(taken, CorrectionTaken)
    assert len(read_requests(tmp_path)) == 1


def test_it_is_said_once_when_nothing_is_left_to_validate_on(asked):
    held_out = next(n for n in (0, 1) if asked.source.frames[n].held_out.any())
    everything = Correction(held_out, 0, 0, 0, np.full((64, 64), 2, np.uint8))
    for row in range(32):
        everything.codes[row] = 1 + row % 2
    taken, warned = asked.ask(everything)
    assert isinstance(taken, CorrectionTaken)
    assert "Nothing is left to validate on" in warned.message
    assert [type(event) for event in asked.ask(painted(1, held_out))] == [CorrectionTaken]


def test_a_resumed_training_learns_and_pins_what_was_asked_before_it_ended(asked, tmp_path):
    asked.ask(painted(2), Pin("a", 0, 1, 2, 3, 4), Pin("b", 0, 1, 2, 3, 4))
    asked.ask(Unpin("a"), step=9)
    again = Asked(tmp_path, read_requests(tmp_path))
    again.answers.recall(9)
    np.testing.assert_array_equal(again.source.frames[0].codes, asked.source.frames[0].codes)
    for step in (7, 20):
        for item in range(20):
            np.testing.assert_array_equal(
                again.source.patch(step, item).image, asked.source.patch(step, item).image
            )
    assert [type(event) for event in again.ask(step=10)] == []
    assert len(read_requests(tmp_path)) == 4


def test_a_replayed_training_is_asked_at_the_same_steps(asked, tmp_path):
    asked.ask(painted(2))
    again = Asked(None, read_requests(tmp_path))
    assert again.ask(step=6) == []
    assert [event.step for event in again.ask(step=7)] == [7]


def test_only_the_last_look_counts_and_the_pace_can_change(asked):
    looks = [Look(ImageStack(IMAGE.data[1:], None, "cells"), key) for key in (1, 2)]
    assert asked.ask(*looks, Pace(0.5)) == []
    assert asked.preview.interval == 0.5
    assert asked.preview.key == 2


def test_in_a_pause_what_the_user_turns_to_is_predicted_and_all_else_waits(asked):
    control = JobControl()
    control.begin()
    control.run()
    control.pause()
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 1), torch.nn.Unflatten(1, (1, 2)))
    answers = asked.answers.look_in_pause(control, network, torch.device("cpu"), 3)
    pin = Pin("a", 0, 0, 0, 9, 9)
    for request in (pin, *(Look(ImageStack(IMAGE.data[1:], None, "cells"), key) for key in (1, 2))):
        control.post(request)
    event = next(answers)
    assert isinstance(event, PreviewReady)
    assert (event.key, event.epoch) == (2, 3)
    control.post(Look(ImageStack(np.ones((1, 64, 64)), None, "flat"), 3))
    assert "flat is constant" in next(answers).message
    control.post(Look(None, 3))
    control.post(Look(IMAGE, 4))
    control.resume()
    assert list(answers) == []
    assert asked.preview.seconds == 0
    assert [type(one) for one in control.take_requests()] == [Pin, Look, Look]


def test_a_look_at_a_slice_that_cannot_be_used_is_a_warning(asked):
    (event,) = asked.ask(Look(ImageStack(np.ones((1, 64, 64)), None, "flat"), 1))
    assert "flat is constant" in event.message
