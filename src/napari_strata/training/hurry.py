"""Validation that has little time, because somebody pressed Stop and waits for the model."""

import time
from collections.abc import Iterable, Iterator

from napari_strata.training.batches import Batch

STOP_SECONDS = 1.0
"""Time that the unfinished epoch of a stopped training has to be validated [s]."""


class TimeIsUp(Exception):
    """A validation would take longer than it may."""


def within(seconds: float | None, batches: Iterable[Batch]) -> Iterator[Batch]:
    """Pass batches on as long as there is time.

    Parameters
    ----------
    seconds : float or None
        Time for all of them [s]; None sets no limit.
    batches : iterable of Batch
        What to validate on.

    Raises
    ------
    TimeIsUp
        Before the first batch for which there is no time left.
    """
    end = None if seconds is None else time.monotonic() + seconds
    for batch in batches:
        if end is not None and time.monotonic() > end:
            raise TimeIsUp
        yield batch
