"""Scoring that has little time, because somebody pressed Stop and waits for the model."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
STOP_SECONDS = 1.0
"""Time that the unfinished epoch of a stopped training has to be scored [s]."""


class TimeIsUp(Exception):
    """Scoring would take longer than it may."""


def within(end: float | None, things: Iterable[T]) -> Iterator[T]:
    """Pass things on as long as there is time.

    Parameters
    ----------
    end : float or None
        When the time is up, by `time.monotonic` [s]; None sets no limit.
    things : iterable
        What to work through.

    Raises
    ------
    TimeIsUp
        Before the first for which there is no time left.
    """
    for thing in things:
        if end is not None and time.monotonic() > end:
            raise TimeIsUp
        yield thing


def as_many(end: float | None, things: Iterable[T]) -> Iterator[T]:
    """Pass on as many things as there is time for, and one in any case."""
    for thing in things:
        yield thing
        if end is not None and time.monotonic() > end:
            return
