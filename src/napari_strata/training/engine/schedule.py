r"""How far a training is, by steps and by the clock, and the learning rate that belongs to it.

With the part p of the training that is done, 0 to 1, the warm-up's part w, the peak rate r and the part f of it
that is left at the end:

- cosine: :math:`r (0.05 + 0.95 p / w)` for p < w, then
  :math:`r \, (f + (1 - f) (1 + \cos(\pi (p - w) / (1 - w))) / 2)`. Loshchilov and Hutter, ICLR 2017,
  arXiv:1608.03983, without restarts.
- constant: the same warm-up, then r.
- one-cycle: from r / 10 up to r and back, each in 45 % of the training, then down to f r. Smith,
  arXiv:1803.09820; deviation: momentum stays as it is. It has no warm-up besides.
- plateau: as constant, multiplied with a factor whenever so many epochs brought no better score.
- snapshot ensembles: the cosine of each of M cycles, :math:`p' = M p \bmod 1`. Huang et al., ICLR 2017,
  arXiv:1704.00109; deviation: each cycle has the warm-up and ends at f r.

torch's own schedulers count steps; here the clock may end a training and has to bring the rate down in time, so
rates are functions of progress, and the one that needs a memory keeps it by epochs.
"""

import math
import time
from dataclasses import dataclass, field
from typing import Any

from napari_strata.config import TrainingConfig
from napari_strata.training.engine.stopping import Patience

RISE = 0.45
"""Part of one-cycle in which the rate rises, and in which it falls back."""
START = 0.1
"""Part of the peak rate at which one-cycle starts."""


class Schedule:
    """The learning rate over one training.

    Parameters
    ----------
    config : TrainingConfig
        Peak rate and schedule.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config
        self._factor = 1.0
        is_plateau = config.schedule.kind == "plateau"
        self._patience = Patience(config.schedule.plateau_patience if is_plateau else None)

    def rate(self, progress: float) -> float:
        """Return the learning rate of the next step; `progress` is the part that is done, 0 to 1."""
        return self._factor * learning_rate(progress, self._config)

    def take(self, score: float, wrong_pins: int = 0) -> None:
        """Note the score of an epoch, as `Patience.take` does; only plateau cares."""
        self._patience.take(score, wrong_pins)
        if self._patience.is_spent:
            self._patience.renew()
            self._factor *= self._config.schedule.plateau_factor

    def begin_anew(self) -> None:
        """Wait anew, for a score that is better than those to come; the rate stays as low as it is."""
        self._patience.begin_anew()

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` restores."""
        return {"factor": self._factor, "patience": self._patience.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        self._factor = float(state["factor"])
        self._patience.load_state_dict(state["patience"])


def learning_rate(progress: float, config: TrainingConfig) -> float:
    """Return the learning rate as far as progress alone decides it.

    Parameters
    ----------
    progress : float
        Part of the training that is done, 0 to 1.
    config : TrainingConfig
        Peak rate and schedule.
    """
    peak, schedule = config.optimizer.learning_rate, config.schedule
    if config.ensemble.kind == "snapshot":
        progress = fraction_of_cycle(progress, config.ensemble.members)
    if schedule.kind == "one-cycle":
        return peak * _one_cycle(progress, schedule.final)
    if progress < schedule.warmup:
        return peak * (0.05 + 0.95 * progress / schedule.warmup)
    if schedule.kind != "cosine":
        return peak
    fraction = min(1.0, (progress - schedule.warmup) / (1 - schedule.warmup))
    return peak * (schedule.final + (1 - schedule.final) * 0.5 * (1 + math.cos(math.pi * fraction)))


def cycles_done(progress: float, cycles: int) -> int:
    """Return how many of the cycles of a snapshot ensemble are over."""
    return min(cycles, int(progress * cycles + 1e-9))


def fraction_of_cycle(progress: float, cycles: int) -> float:
    """Return how far the cycle at hand is, 0 to 1; the last one ends at 1."""
    return progress * cycles - min(cycles_done(progress, cycles), cycles - 1)


def _one_cycle(progress: float, final: float) -> float:
    if progress < 2 * RISE:
        distance = abs(progress - RISE) / RISE
        return 1 - (1 - START) * distance
    rest = min(1.0, (progress - 2 * RISE) / (1 - 2 * RISE))
    return START + (min(final, START) - START) * rest


@dataclass
class Clock:
    """Progress against both budgets, epochs and minutes; paused time does not count.

    The time limit steers the schedule, so that a training that will be ended by the clock still anneals.
    Without a time limit progress depends on steps alone and a run repeats exactly.

    Parameters
    ----------
    config : TrainingConfig
        The budgets.
    step : int
        Steps done.
    first_batch : int
        Batches that were drawn before the first step, for other networks.
    """

    config: TrainingConfig
    step: int = 0
    first_batch: int = 0
    _start: float = field(default_factory=time.monotonic)
    _paused: float = 0.0
    _progress: float | None = None

    @property
    def batch(self) -> int:
        """Number of the batch that the next step learns from."""
        return self.first_batch + self.step

    @property
    def elapsed(self) -> float:
        """Time since the first batch began, pauses excluded [s]."""
        return time.monotonic() - self._start - self._paused

    @property
    def progress(self) -> float:
        """Part of the training that was done when the last step ended, 0 to 1; it stays until the next ends."""
        if self._progress is not None:
            return self._progress
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

    def start(self) -> None:
        """Count time from now on, beside what was counted before."""
        self._start = time.monotonic()

    def advance(self) -> None:
        """Count a step."""
        self.step, self._progress = self.step + 1, None
        self._progress = self.progress

    def add_pause(self, seconds: float) -> None:
        """Do not count a pause."""
        self._paused += seconds

    def state_dict(self) -> dict[str, float]:
        """Return steps and time [s] that are spent, and for a replay how far the training is with them."""
        return {"step": self.step, "elapsed": self.elapsed, "progress": self.progress}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Go on from there."""
        self.step, self._paused, self._progress = int(state["step"]), -state["elapsed"], None
        self.start()

    @property
    def _limit(self) -> float:
        return self.config.time_limit * 60 if self.config.time_limit is not None else math.inf

    @property
    def _by_steps(self) -> float:
        return self.step / (self.config.epochs * self.config.steps_per_epoch)

    @property
    def _by_time(self) -> float:
        return self.elapsed / self._limit
