"""A clock that repeats the course of an earlier run, whatever the time is now."""

import json
from pathlib import Path

from napari_strata.config import TrainConfig, TrainingConfig
from napari_strata.errors import CheckpointError
from napari_strata.events import BatchEnded
from napari_strata.training.checkpoint import load_checkpoint
from napari_strata.training.record import EVENTS
from napari_strata.training.schedule import Clock


class ReplayClock(Clock):
    """Gives at every step the progress of an earlier run, and ends where that one was saved last.

    Parameters
    ----------
    config : TrainingConfig
        The run's own configuration.
    progress : list of float
        Part of the training that was done before each step, and after the last one, 0 to 1.
    """

    def __init__(self, config: TrainingConfig, progress: list[float]) -> None:
        super().__init__(config)
        self._course = progress
        self._steps = len(progress) - 1

    @property
    def progress(self) -> float:
        """Part of the training that was done at this step, 0 to 1."""
        return self._course[min(self.step, self._steps)]

    @property
    def is_over(self) -> bool:
        """Whether the run is as far as the one that it repeats."""
        return self.step >= self._steps

    @property
    def seconds_left(self) -> float:
        """Estimate of the time left [s]."""
        return self.elapsed * (self._steps / self.step - 1) if self.step else 0.0

    @property
    def epochs(self) -> int:
        """Epochs of the run that is repeated."""
        return -(-self._steps // self.config.steps_per_epoch)

    @property
    def limit_reached(self) -> bool:
        """Time ends no replay."""
        return False


def clock_of_run(folder: Path, config: TrainConfig) -> Clock:
    """Return a clock that repeats the run in a folder; members of a deep ensemble have clocks of their own.

    Raises
    ------
    CheckpointError
        If the run left no checkpoint, or its events are not whole.
    """
    if config.training.ensemble.kind == "deep":
        return Clock(config.training)
    clock = load_checkpoint(folder / "checkpoint")["parts"]["clock"]
    progress: dict[int, float] = {}
    try:
        with (folder / EVENTS).open(encoding="utf-8") as file:
            for event in map(json.loads, file):
                if event["event"] == BatchEnded.__name__:
                    progress[int(event["step"])] = float(event["progress"])
        course = [progress[step] for step in range(1, int(clock["step"]) + 1)]
        return ReplayClock(config.training, [*course, float(clock["progress"])])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder / EVENTS} does not hold every step of the run ({error}).",
            remedy="Only a run whose record is whole can be replayed; train anew with its config.yaml.",
        ) from error
