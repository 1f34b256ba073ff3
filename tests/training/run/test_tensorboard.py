import errno
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from napari_strata.events import BatchEnded, EpochEnded, JobEvent, JobResult, PreviewReady, Warned
from napari_strata.training.run import tensorboard
from napari_strata.training.run.tensorboard import FOLDER, with_board


def batch(step: int) -> BatchEnded:
    return BatchEnded(step, 1, 1, 1 / step, 0.01 * step, float(step), 0.0)


def epoch(number: int, step: int, dice: float | None) -> EpochEnded:
    return EpochEnded(number, 2, step, 0.5 / number, 0.25, dice, True, 1.0, 1.0)


def preview(key: int = 0, number: int = 1) -> PreviewReady:
    probabilities = np.zeros((2, 2, 4, 6), np.float32)
    probabilities[:, 0] = 1  # background everywhere, but for one pixel of the second layer
    probabilities[1, 0, 1, 2] = 0
    return PreviewReady(probabilities, number, key)


def run(events: list[JobEvent], folder: Path) -> list[JobEvent]:
    def body():
        yield from events
        return JobResult({"it": "ended"})

    passed = []
    training = with_board(body(), folder)
    while True:
        try:
            passed.append(next(training))
        except StopIteration as stop:
            assert stop.value.figures == {"it": "ended"}
            return passed


def read(folder: Path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(folder / FOLDER))
    board.Reload()
    return board


def points(board, name: str) -> list[tuple[int, float]]:
    return [(point.step, pytest.approx(point.value)) for point in board.Scalars(name)]


def test_some_batches_and_every_epoch_are_read_back_from_the_event_file(tmp_path):
    events = [*map(batch, range(1, 13)), epoch(1, 6, 0.75), epoch(2, 12, None)]
    assert run(events, tmp_path) == events
    board = read(tmp_path)
    assert points(board, "loss/batch") == [(1, 1.0), (10, 0.1), (11, 1 / 11)]
    assert points(board, "learning rate") == [(1, 0.01), (10, 0.1), (11, 0.11)]
    assert points(board, "loss/epoch") == [(6, 0.5), (12, 0.25)]
    assert points(board, "loss/held out") == [(6, 0.25), (12, 0.25)]
    assert points(board, "Dice") == [(6, 0.75)]


def test_a_run_that_goes_on_continues_its_curves(tmp_path, monkeypatch):
    run([*map(batch, range(1, 12))], tmp_path)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)  # files are read in the order of their seconds
    run([batch(10), batch(20)], tmp_path)
    assert points(read(tmp_path), "loss/batch") == [(1, 1.0), (10, 0.1), (20, 0.05)]


def test_the_live_prediction_is_a_picture_per_layer_once_an_epoch(tmp_path):
    run([batch(1), preview(), preview(), preview(key=3, number=2)], tmp_path)
    images = read(tmp_path).Images("live/layer 1")
    assert len(images) == 1
    from io import BytesIO

    from PIL import Image

    picture = np.asarray(Image.open(BytesIO(images[0].encoded_image_string)))[..., 0]
    assert picture.shape == (4, 6)
    assert (picture[1, 2], picture.sum()) == (255, 255)


def test_nothing_is_written_where_it_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert run([batch(1)], tmp_path) == [batch(1)]
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_ends_the_curves_and_not_the_training(tmp_path, monkeypatch):
    def full(*_args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tensorboard.Board, "_write_batch", full)
    first, warned, *others = run([batch(1), batch(2), batch(3)], tmp_path)
    assert first == batch(1)
    assert isinstance(warned, Warned)
    assert "No space left on device" in warned.message
    assert others == [batch(2), batch(3)]
