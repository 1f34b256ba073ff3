"""What an explanation reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from napari_strata.events.job import JobEvent
from napari_strata.requests import ProbeAt, TryChange
from napari_strata.types import FloatImage


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
        A `napari_strata.explain.changes.outcome.Outcome`; None where there is none.
    error : Exception or None
        Why there is none.
    """

    asked: TryChange
    outcome: Any
    error: Exception | None = None


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
