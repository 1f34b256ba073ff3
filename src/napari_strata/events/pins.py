"""How pinned regions are recognised during a training."""

from dataclasses import dataclass

from napari_strata.events.job import JobEvent

PIN_TOLERANCE = 0.1
"""Part of a pinned region's labelled pixels that may be wrong."""


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
