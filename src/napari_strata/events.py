"""What a running job reports: typed, frozen events, in the order in which things happened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from napari_strata.control import JobState
from napari_strata.requests import ProbeAt, TryChange
from napari_strata.types import FloatImage


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
class StartedFrom(JobEvent):
    """A training took over weights of a saved model.

    Attributes
    ----------
    model : str
        Name of that model.
    weights_sha256 : str
        Checksum of its weights.
    taken, total : int
        Tensors that were taken over, and all of the network.
    replaced : tuple of (str, str)
        Tensors that are new, wholly or in some channels, and why.
    message : str
        All that in words, for people.
    """

    model: str
    weights_sha256: str
    taken: int
    total: int
    replaced: tuple[tuple[str, str], ...]
    message: str


@dataclass(frozen=True, slots=True)
class BatchEnded(JobEvent):
    """One optimizer step is done.

    Attributes
    ----------
    step : int
        Steps done so far.
    epoch, epochs : int
        Epoch at hand, from 1, and how many the budget will probably allow.
    loss : float
        Training loss of this batch.
    learning_rate : float
        Learning rate of this step.
    elapsed : float
        Time since the first batch began [s].
    seconds_left : float
        Estimate of the time left [s].
    waited : float
        Part of the step that was spent waiting for the batch [s].
    progress : float
        Part of the training that was done before this step, 0 to 1; it decides the learning rate.
    member : int
        Network of an ensemble, from 0.
    """

    step: int
    epoch: int
    epochs: int
    loss: float
    learning_rate: float
    elapsed: float
    seconds_left: float
    waited: float = 0.0
    progress: float = 0.0
    member: int = 0


@dataclass(frozen=True, slots=True)
class EpochEnded(JobEvent):
    """An epoch was trained and validated.

    Attributes
    ----------
    epoch, epochs : int
        Epoch that ended, from 1, and how many were planned.
    step : int
        Steps done so far.
    train_loss : float
        Mean loss over the epoch's batches.
    validation_loss, validation_dice : float or None
        Scores on held-out data; None where there is no held-out data.
    is_best : bool
        Whether these weights are the best so far (and were saved).
    elapsed, seconds_left : float
        Time since the first batch began, and an estimate of the time left [s].
    validation_rmse, validation_r2 : float or None
        Errors of values on held-out data, the first in the units of the targets; None for a network that gives
        classes.
    member : int
        Network of an ensemble, from 0.
    """

    epoch: int
    epochs: int
    step: int
    train_loss: float
    validation_loss: float | None
    validation_dice: float | None
    is_best: bool
    elapsed: float
    seconds_left: float
    validation_rmse: float | None = None
    validation_r2: float | None = None
    member: int = 0


@dataclass(frozen=True, slots=True)
class PreviewReady(JobEvent):
    """The network's present opinion on the preview image.

    Attributes
    ----------
    probabilities : ndarray of float32, shape (layer, class, y, x)
        As in `napari_strata.types.Prediction`, for one frame.
    epoch : int
        Epoch at hand, from 1.
    key : int
        That of the `Look` that asked for it; 0 for the preview that the training began with.
    seconds : float
        Time that it took [s].
    """

    probabilities: FloatImage
    epoch: int
    key: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Glimpsed(JobEvent):
    """What a probe saw at a place.

    Attributes
    ----------
    asked : ProbeAt
        The place.
    glimpse : object or None
        A `napari_strata.explain.probe.Glimpse`; None where there is none.
    error : Exception or None
        Why there is none.
    """

    asked: ProbeAt
    glimpse: Any
    error: Exception | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ChangeTried(JobEvent):
    """What a change of the image changes in what the network says.

    Attributes
    ----------
    asked : TryChange
        The change.
    outcome : object or None
        A `napari_strata.explain.what_if.Outcome`; None where there is none.
    error : Exception or None
        Why there is none.
    """

    asked: TryChange
    outcome: Any
    error: Exception | None = None


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


@dataclass(frozen=True, slots=True, eq=False)
class FrameExplained(JobEvent):
    """The map of one frame of a stack, whole or as far as it is computed.

    Attributes
    ----------
    frame : int
        Frame of the stack.
    data : ndarray of float32, shape (y, x), or None
        The map; None where there is none, which is as good as a map that is 0.
    metadata : mapping
        As of a `napari_strata.explain.heatmap.Heatmap`; empty where there is no map.
    done : float
        Part of the work that is done, 0 to 1.
    words : str
        Why there is no map.
    is_old : bool
        Whether it was kept from earlier, and not computed now.
    """

    frame: int
    data: FloatImage | None
    metadata: Mapping[str, Any]
    done: float = 1.0
    words: str = ""
    is_old: bool = False


@dataclass(frozen=True, slots=True)
class CorrectionTaken(JobEvent):
    """What was painted during the training is learned from.

    Attributes
    ----------
    frame, layer, y, x : int
        As in `Correction`.
    height, width : int
        Size of the region [px].
    step : int
        First step whose batch may hold it.
    """

    frame: int
    layer: int
    y: int
    x: int
    height: int
    width: int
    step: int


@dataclass(frozen=True, slots=True)
class PinResult:
    """How one pinned region was recognised.

    Attributes
    ----------
    name : str
        The pin's.
    error : float or None
        Part of the labelled pixels that are wrong, with the better order of layers; None where nothing is painted.
    is_right : bool
        Whether at most `PIN_TOLERANCE` of them are.
    was_right : bool or None
        The same at the validation before; None at the first.
    """

    name: str
    error: float | None
    is_right: bool
    was_right: bool | None


PIN_TOLERANCE = 0.1
"""Part of a pinned region's labelled pixels that may be wrong."""


@dataclass(frozen=True, slots=True)
class PinsChecked(JobEvent):
    """The pinned regions were checked after a validation.

    Attributes
    ----------
    epoch : int
        Epoch that ended, from 1.
    results : tuple of PinResult
        One for each pin.
    """

    epoch: int
    results: tuple[PinResult, ...]


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
