"""What a search for settings reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from napari_strata.events.job import JobEvent


class TrialState(StrEnum):
    """How a trial of a search for settings goes, or how it went."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TrialStarted(JobEvent):
    """A trial of a search for settings begins.

    Attributes
    ----------
    trial, trials : int
        Number of the trial, from 1, and how many are wanted.
    values : mapping of str to object
        The settings that it tries, by dotted name.
    """

    trial: int
    trials: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TrialEnded(JobEvent):
    """A trial ended, now or before a search was continued.

    Attributes
    ----------
    trial, trials : int
        Number of the trial, from 1, and how many are wanted.
    values : mapping of str to object
        The settings that it tried, by dotted name.
    state : TrialState
        How it ended; a stopped one is tried again when the search is continued.
    score : float or None
        Score of its best weights on held-out data; None where it came to none.
    epochs : int
        Epochs that it trained.
    seconds : float
        Time that it took [s].
    is_best : bool
        Whether its score is the best so far.
    words : str
        Why it failed.
    """

    trial: int
    trials: int
    values: Mapping[str, Any]
    state: TrialState
    score: float | None
    epochs: int
    seconds: float
    is_best: bool = False
    words: str = ""
