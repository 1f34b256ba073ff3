"""What a training reports."""

from dataclasses import dataclass

from napari_strata.events.job import JobEvent
from napari_strata.types import FloatImage


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
