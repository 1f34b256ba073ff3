import pytest

from napari_strata.config import TrainingConfig
from napari_strata.config.optimization import EnsembleConfig
from napari_strata.training.engine.schedule import Clock, Schedule, learning_rate

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


def with_schedule(kind: str, **settings: float) -> TrainingConfig:
    schedule = {"kind": kind, "warmup": 0.1} | settings
    return TrainingConfig(optimizer={"learning_rate": 1.0}, schedule=schedule)


@pytest.mark.parametrize(("progress", "rate"), [(0, 0.05), (0.05, 0.525), (0.1, 1.0), (0.5, 1.0), (1.0, 1.0)])
def test_a_constant_rate_is_reached_by_the_warm_up(progress, rate):
    assert learning_rate(progress, with_schedule("constant")) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("progress", "rate"),
    [(0, 0.1), (0.225, 0.55), (0.45, 1.0), (0.675, 0.55), (0.9, 0.1), (0.95, 0.055), (1.0, 0.01), (1.5, 0.01)],
)
def test_one_cycle_goes_up_and_down_once_and_then_further_down(progress, rate):
    assert learning_rate(progress, with_schedule("one-cycle")) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("progress", "rate"),
    [(0, 0.05), (0.05, 1.0), (0.275, 0.505), (0.4999, 0.01), (0.5, 0.05), (0.55, 1.0), (1, 0.01)],
)
def test_the_rate_of_snapshots_starts_anew_in_every_cycle(progress, rate):
    config = with_schedule("cosine").model_copy(update={"ensemble": EnsembleConfig(kind="snapshot", members=2)})
    assert learning_rate(progress, config) == pytest.approx(rate, abs=1e-5)


def rates_after(schedule: Schedule, scores: list[float]) -> list[float]:
    rates = []
    for score in scores:
        schedule.take(score)
        rates.append(schedule.rate(0.5))
    return rates


def test_on_a_plateau_the_rate_is_lowered_after_so_many_epochs_without_a_better_score():
    schedule = Schedule(with_schedule("plateau", plateau_patience=2, plateau_factor=0.5))
    scores = [3.0, 2.0, 2.0, 2.5, 1.0, 1.0, 1.0, 1.0, 1.0]
    assert rates_after(schedule, scores) == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_a_plateau_goes_on_from_a_saved_state():
    config = with_schedule("plateau", plateau_patience=2, plateau_factor=0.5)
    first, second = Schedule(config), Schedule(config)
    rates_after(first, [1.0, 1.0, 1.0, 1.0])
    second.load_state_dict(first.state_dict())
    assert rates_after(second, [1.0, 0.9]) == rates_after(first, [1.0, 0.9]) == [0.25, 0.25]


def test_scores_change_no_other_schedule():
    assert rates_after(Schedule(with_schedule("constant", plateau_patience=1)), [1.0, 1.0, 1.0]) == [1, 1, 1]
