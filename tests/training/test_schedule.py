import pytest

from napari_strata.config import TrainingConfig
from napari_strata.training.schedule import Clock, learning_rate

CONFIG = TrainingConfig(
    optimizer={"learning_rate": 1.0}, schedule={"warmup": 0.1}, epochs=10, steps_per_epoch=5, time_limit=None
)


@pytest.mark.parametrize(
    ("progress", "rate"), [(0, 0.05), (0.05, 0.525), (0.1, 1.0), (0.55, 0.505), (1.0, 0.01), (1.5, 0.01)]
)
def test_the_rate_rises_then_falls_as_half_a_cosine(progress, rate):
    assert learning_rate(progress, CONFIG) == pytest.approx(rate)


def test_without_a_time_limit_progress_counts_steps_alone():
    clock = Clock(CONFIG, step=25, _start=-1e9)
    assert (clock.progress, clock.epoch, clock.epochs) == (0.5, 6, 10)
    assert not clock.limit_reached


def test_the_time_limit_ends_a_training_before_its_epochs(monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 60.0)
    clock = Clock(CONFIG.model_copy(update={"time_limit": 1.0}), step=20, _start=0.0)
    assert clock.progress == 1
    assert clock.limit_reached
    assert clock.seconds_left == 0
    assert clock.epochs == 4


def test_a_pause_does_not_count(monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 60.0)
    clock = Clock(CONFIG.model_copy(update={"time_limit": 1.0}), step=1, _start=0.0)
    clock.add_pause(30)
    assert clock.progress == 0.5
    assert clock.seconds_left == 30
