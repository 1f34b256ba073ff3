"""A clock that repeats the course of an earlier run, whatever the time is now."""

import itertools
import json
from pathlib import Path
from typing import Any

from napari_strata.config import TrainingConfig
from napari_strata.errors import CheckpointError
from napari_strata.events import BatchEnded
from napari_strata.training.engine.checkpoint import State, load_checkpoint
from napari_strata.training.engine.schedule import Clock
from napari_strata.training.run.record import EVENTS


class ReplayClock(Clock):
    """Gives at every step the progress of an earlier run, and ends where that one was saved last.

    Parameters
    ----------
    config : TrainingConfig
        The run's own configuration.
    progress : list of float
        Part of the training that was done before each step, and after the last one, 0 to 1.
    first_batch : int
        Batches that were drawn before the first step, for other networks.
    """

    def __init__(self, config: TrainingConfig, progress: list[float], first_batch: int = 0) -> None:
        super().__init__(config, first_batch=first_batch)
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


def courses_of_run(folder: Path) -> dict[int, list[float]]:
    """Return how far a run was at each of its steps, until it was saved last.

    Parameters
    ----------
    folder : Path
        The run folder.

    Returns
    -------
    dict of int to list of float
        By the number of steps that the run had done before it, the course of each network as `ReplayClock` takes
        it: several for a deep ensemble, else one.

    Raises
    ------
    CheckpointError
        If the run left no checkpoint, or its events are not whole.
    """
    state = load_checkpoint(folder / "checkpoint")
    try:
        before, clock = _last_clock(state)
        batches = _batches(folder / EVENTS, before + int(clock["step"]))
        courses: dict[int, list[float]] = {}
        for _member, group in itertools.groupby(batches, lambda batch: batch["member"] if before else 0):
            of_member = list(group)
            courses[of_member[0]["step"] - 1] = [float(batch["progress"]) for batch in of_member] + [1.0]
        courses[before][-1] = float(clock["progress"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{folder / EVENTS} does not hold every step of the run ({error}).",
            remedy="Only a run whose record is whole can be replayed; train anew with its config.yaml.",
        ) from error
    return courses


def _last_clock(state: State) -> tuple[int, dict[str, float]]:
    """Return the steps that were done before the network at hand, and its clock."""
    if "done" in state:
        return int(state["done"]["steps"]), state["trainer"]["parts"]["clock"]
    return 0, state["parts"]["clock"]


def _batches(events: Path, steps: int) -> list[dict[str, Any]]:
    """Read what was told of the first steps."""
    with events.open(encoding="utf-8") as file:
        batches = (event for event in map(json.loads, file) if event["event"] == BatchEnded.__name__)
        found = list(itertools.islice(batches, steps))
    if [batch["step"] for batch in found] != list(range(1, steps + 1)):
        raise ValueError("steps are missing")
    return found
