"""How far a training is, by steps and by the clock, and the learning rate that belongs to it."""

import math
import time
from dataclasses import dataclass, field

from napari_strata.config import TrainingConfig


def learning_rate(progress: float, config: TrainingConfig) -> float:
    """Return the learning rate: linear warm-up, then half a cosine down to a small part of the peak.

    Parameters
    ----------
    progress : float
        Part of the training that is done, 0 to 1.
    config : TrainingConfig
        Peak rate and schedule.
    """
    peak, warmup, final = config.optimizer.learning_rate, config.schedule.warmup, config.schedule.final
    if progress < warmup:
        return peak * (0.05 + 0.95 * progress / warmup)
    fraction = min(1.0, (progress - warmup) / (1 - warmup))
    return peak * (final + (1 - final) * 0.5 * (1 + math.cos(math.pi * fraction)))


@dataclass
class Clock:
    """Progress against both budgets, epochs and minutes; paused time does not count.

    The time limit steers the schedule, so that a training that will be ended by the clock still anneals.
    Without a time limit progress depends on steps alone and a run repeats exactly.
    """

    config: TrainingConfig
    step: int = 0
    _start: float = field(default_factory=time.monotonic)
    _paused: float = 0.0

    @property
    def elapsed(self) -> float:
        """Time since the first batch began, pauses excluded [s]."""
        return time.monotonic() - self._start - self._paused

    @property
    def progress(self) -> float:
        """Part of the training that is done, 0 to 1."""
        return min(1.0, self._by_steps if self.config.deterministic else max(self._by_steps, self._by_time))

    @property
    def is_over(self) -> bool:
        """Whether one of the budgets is spent."""
        return max(self._by_steps, self._by_time) >= 1

    @property
    def seconds_left(self) -> float:
        """Estimate of the time left [s]."""
        left_in_steps = self.elapsed * (1 / self._by_steps - 1) if self.step else math.inf
        left_in_time = self._limit - self.elapsed
        return max(0.0, min(left_in_steps, left_in_time))

    @property
    def epoch(self) -> int:
        """The epoch at hand, from 1."""
        return self.step // self.config.steps_per_epoch + 1

    @property
    def epochs(self) -> int:
        """Epochs that both budgets together will probably allow."""
        expected = self.step / self.progress if self.step and self.progress else math.inf
        return int(max(1, min(self.config.epochs, math.ceil(expected / self.config.steps_per_epoch))))

    @property
    def limit_reached(self) -> bool:
        """Whether the time limit, rather than the epochs, ended the training."""
        return self._by_time >= 1 > self._by_steps

    def add_pause(self, seconds: float) -> None:
        """Do not count a pause."""
        self._paused += seconds

    @property
    def _limit(self) -> float:
        return self.config.time_limit * 60 if self.config.time_limit is not None else math.inf

    @property
    def _by_steps(self) -> float:
        return self.step / (self.config.epochs * self.config.steps_per_epoch)

    @property
    def _by_time(self) -> float:
        return self.elapsed / self._limit
