import numpy as np
import pytest
import torch
from torch import nn

from napari_strata.config import TrainingConfig
from napari_strata.losses.channels import Channels
from napari_strata.requests import Correction, Pin
from napari_strata.training.engine.best import BestSoFar
from napari_strata.training.engine.hurry import TimeIsUp
from napari_strata.training.engine.judges import Judges
from napari_strata.training.engine.pins import PinBoard
from napari_strata.training.patches.corrections import LearnedFrames

CPU = torch.device("cpu")
PICTURE = np.random.default_rng(0).random((100, 300)).astype(np.float32)


class Bright(nn.Module):
    """Says class 1 where the image is brighter than a level, in one decoder; the opposite in the other."""

    def __init__(self, level: float, decoders: int = 1) -> None:
        super().__init__()
        self.level, self.decoders = level, decoders

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        over = (image - self.level) * 100
        maps = [torch.cat([-over, over], dim=1), torch.cat([over, -over], dim=1)]
        return torch.stack(maps[: self.decoders], dim=1)


def painted(layers: int = 1, wrong: int = 0) -> tuple[LearnedFrames, float]:
    """Return a frame on which all is labelled as its brightness says, but for some pixels of row 50."""
    frames = LearnedFrames(layers=layers, classes=1, patch_size=32, pixel_size=None, receptive_field=5)
    frames.correct(Correction(7, 0, 0, 0, np.ones((100, 300), np.uint8), PICTURE), 1)
    image = frames[7].unpadded
    level = float(np.median(image))
    for layer in range(layers):
        codes = np.where((image > level) != bool(layer), 2, 1).astype(np.uint8)
        codes[50, :wrong] = 3 - codes[50, :wrong]
        frames.correct(Correction(7, layer, 0, 0, codes), 2)
    return frames, level


def check(board: PinBoard, network: nn.Module, epoch: int = 1):
    wrong = board.check(network, CPU, epoch)
    (event,) = board.take_events()
    assert board.take_events() == []
    return wrong, event.results


def test_the_error_of_a_pin_is_the_part_of_its_labelled_pixels_that_are_wrong():
    frames, level = painted(wrong=12)
    board = PinBoard(frames, receptive_field=5)
    board.pin(Pin("a", 7, 48, 0, 5, 20))
    board.pin(Pin("b", 7, 0, 0, 10, 300))
    wrong, (first, second) = check(board, Bright(level))
    assert (first.error, first.is_right, first.was_right) == (12 / 100, False, None)
    assert (second.error, second.is_right) == (0, True)
    assert wrong == 1


def test_a_region_of_many_parts_is_checked_as_a_whole():
    frames, level = painted(wrong=300)
    board = PinBoard(frames, receptive_field=5)
    board.pin(Pin("a", 7, 0, 0, 100, 300))
    _, (result,) = check(board, Bright(level))
    assert result.error == 1 / 100


class BothBright(nn.Module):
    """Says both of two classes that may overlap where the image is brighter than a level."""

    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = level

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.cat([image - self.level] * 2, dim=1)[:, None]


def test_where_classes_overlap_both_must_be_found():
    frames = LearnedFrames(layers=1, classes=3, patch_size=32, pixel_size=None, receptive_field=5)
    frames.correct(Correction(7, 0, 0, 0, np.ones((100, 300), np.uint8), PICTURE), 1)
    image = frames[7].unpadded
    codes = np.where(image > 0, 4, 1).astype(np.uint8)
    codes[50, image[50] > 0] = 2
    frames.correct(Correction(7, 0, 0, 0, codes), 2)
    board = PinBoard(frames, receptive_field=5, channels=Channels("multi-label", overlaps=((0, 1),)))
    board.pin(Pin("both", 7, 0, 0, 50, 300))
    board.pin(Pin("one", 7, 50, 0, 1, 300))
    _, (both, one) = check(board, BothBright(0.0))
    assert both.error == 0
    assert one.error == (image[50] > 0).mean()


def test_the_better_order_of_layers_counts():
    frames, level = painted(layers=2)
    board = PinBoard(frames, receptive_field=5)
    board.pin(Pin("a", 7, 0, 0, 100, 300))
    _, (result,) = check(board, Bright(level, decoders=2))
    assert result.error == 0


def test_a_pin_knows_whether_it_was_right_before_and_a_resumed_training_too():
    frames, level = painted()
    board = PinBoard(frames, receptive_field=5)
    board.pin(Pin("a", 7, 0, 0, 100, 300))
    check(board, Bright(level))
    again = PinBoard(frames, receptive_field=5)
    again.load_state_dict(board.state_dict())
    again.pin(Pin("a", 7, 0, 0, 100, 300))
    for one in (board, again):
        wrong, (result,) = check(one, Bright(100.0), epoch=2)
        assert (wrong, result.is_right, result.was_right) == (1, False, True)
        assert result.error == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("pin", [Pin("a", 3, 0, 0, 9, 9), Pin("a", 7, 100, 0, 9, 9), Pin("a", 8, 0, 0, 9, 9)])
def test_where_nothing_is_painted_nothing_is_wrong(pin):
    frames, level = painted()
    frames.correct(Correction(8, 0, 50, 50, np.ones((2, 2), np.uint8), PICTURE), 3)
    board = PinBoard(frames, receptive_field=5)
    board.pin(pin)
    wrong, (result,) = check(board, Bright(level))
    assert (wrong, result.error, result.is_right) == (0, None, True)


def test_without_pins_nothing_is_told_and_an_unpinned_region_is_checked_no_more():
    frames, level = painted()
    board = PinBoard(frames, receptive_field=5)
    board.pin(Pin("a", 7, 0, 0, 100, 300))
    board.unpin("a")
    assert board.check(Bright(level), CPU, 1) == 0
    assert board.take_events() == []


def test_who_hurries_checks_no_more_pins_than_there_is_time_for():
    frames, level = painted()
    board = PinBoard(frames, receptive_field=5)
    board.pin(Pin("a", 7, 0, 0, 100, 300))
    with pytest.raises(TimeIsUp):
        board.check(Bright(level), CPU, 1, end=-1.0)
    assert board.take_events() == []


def test_the_smaller_loss_is_better_and_pins_do_not_count_unless_they_are_respected():
    best = BestSoFar(respect_pins=False)
    taken = [best.take(loss, pins) for loss, pins in ((1.0, 0), (0.8, 3), (0.9, 0), (0.8, 0))]
    assert taken == [True, True, False, False]


def test_fewer_wrong_pins_win_before_any_loss_where_they_are_respected():
    best = BestSoFar(respect_pins=True)
    taken = [best.take(loss, pins) for loss, pins in ((1.0, 2), (0.5, 3), (2.0, 1), (1.5, 1), (0.1, 2))]
    assert taken == [True, False, True, True, False]


def test_without_held_out_data_the_newest_weights_are_best_unless_more_pins_are_wrong():
    best = BestSoFar(respect_pins=True)
    assert [best.take(None, pins) for pins in (1, 1, 2, 1, 0)] == [True, True, False, True, True]


@pytest.mark.parametrize("respects", [False, True])
def test_a_correction_makes_scores_void_and_pins_do_so_where_they_are_respected(respects):
    judges = judges_of(respects)
    judges.take(0.1, 0.1, 0)
    judges.on_pins()
    assert judges.take(0.5, 0.1, 0) is respects
    judges.begin_anew()
    assert judges.take(0.9, 0.1, 0)


@pytest.mark.parametrize("respects", [False, True])
def test_a_pin_that_comes_right_is_worth_waiting_for_where_pins_are_respected(respects):
    judges = judges_of(respects)
    for loss, wrong_pins in ((1.0, 3), (1.1, 2), (1.2, 1)):
        judges.take(loss, 1.0, wrong_pins)
    assert judges.patience.is_spent is not respects


def judges_of(respects: bool) -> Judges:
    corrections = {"respect_pins": respects}
    return Judges(TrainingConfig.parse({"patience": 2, "corrections": corrections}))


def test_the_best_so_far_outlives_a_checkpoint():
    for losses in ((0.5, 0.6), (None, None)):
        best, again = BestSoFar(respect_pins=True), BestSoFar(respect_pins=True)
        best.take(losses[0], 1)
        again.load_state_dict(best.state_dict())
        assert again.take(losses[1], 2) is False
