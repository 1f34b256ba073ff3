"""What every job reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from napari_strata.control import JobState


class FinishReason(StrEnum):
    """How a job ended; every job ends in one of these."""

    COMPLETED = "completed"
    CANCELED = "canceled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Base of all events."""


@dataclass(frozen=True, slots=True)
class StateChanged(JobEvent):
    """The job entered another state."""

    state: JobState


@dataclass(frozen=True, slots=True)
class Progress(JobEvent):
    """How far the job is.

    Attributes
    ----------
    fraction : float
        Part of the work that is done, 0 to 1.
    message : str
        What is being done, for people.
    seconds_left : float or None
        Estimate of the time left [s].
    """

    fraction: float
    message: str
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Warned(JobEvent):
    """Something the user should know, though the job goes on."""

    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Sketched(JobEvent):
    """What a job has found so far of something that gets better.

    Attributes
    ----------
    value : object
        Of the kind that the job's result will have.
    done : float
        Part of the work that is done, 0 to 1.
    """

    value: Any
    done: float


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a job leaves behind.

    Attributes
    ----------
    figures : mapping of str to number or str
        Scores and counts, ready for JSON.
    paths : mapping of str to str
        Files written.
    value : object
        The result itself (a `Prediction`, an atom table, a heatmap, ...).
    """

    figures: Mapping[str, Any] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    value: Any = None


@dataclass(frozen=True, slots=True)
class JobEnded(JobEvent):
    """The last event of every job.

    Attributes
    ----------
    reason : FinishReason
        How it ended.
    result : JobResult or None
        What it left; a canceled job may leave one too.
    error : Exception or None
        Why it failed.
    """

    reason: FinishReason
    result: JobResult | None = None
    error: Exception | None = None
