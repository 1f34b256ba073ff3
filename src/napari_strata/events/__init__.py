"""What a running job reports: typed, frozen events, in the order in which things happened."""

from napari_strata.events.explaining import (
    ChangeTried,
    FrameExplained,
    Glimpsed,
)
from napari_strata.events.job import (
    FinishReason,
    JobEnded,
    JobEvent,
    JobResult,
    Progress,
    Sketched,
    StateChanged,
    Warned,
)
from napari_strata.events.pins import (
    PIN_TOLERANCE,
    PinResult,
    PinsChecked,
)
from napari_strata.events.search import (
    TrialEnded,
    TrialStarted,
    TrialState,
)
from napari_strata.events.training import (
    BatchEnded,
    CorrectionTaken,
    EpochEnded,
    PreviewReady,
    StartedFrom,
)

__all__ = [
    "PIN_TOLERANCE",
    "BatchEnded",
    "ChangeTried",
    "CorrectionTaken",
    "EpochEnded",
    "FinishReason",
    "FrameExplained",
    "Glimpsed",
    "JobEnded",
    "JobEvent",
    "JobResult",
    "PinResult",
    "PinsChecked",
    "PreviewReady",
    "Progress",
    "Sketched",
    "StartedFrom",
    "StateChanged",
    "TrialEnded",
    "TrialStarted",
    "TrialState",
    "Warned",
]
