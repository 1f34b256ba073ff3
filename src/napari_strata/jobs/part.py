"""Progress of one part of a job, in words, and as progress of the whole."""

import dataclasses
from collections.abc import Generator
from typing import TypeVar

from napari_strata.events import JobEvent, Progress

Event = TypeVar("Event", bound=JobEvent)
Found = TypeVar("Found")


def part_of(body: Generator[Event, None, Found], begin: float, end: float) -> Generator[Event, None, Found]:
    """Hand the events of a part on, its progress from 0 to 1 as that of the whole from `begin` to `end`.

    The time left is told by the last part alone: no other one knows it.
    """
    while True:
        try:
            event = next(body)
        except StopIteration as stop:
            found: Found = stop.value
            return found
        if isinstance(event, Progress):
            left = event.seconds_left if end == 1 else None
            event = dataclasses.replace(event, fraction=begin + (end - begin) * event.fraction, seconds_left=left)
        yield event


def told_as(work: Generator[float, None, Found], doing: str) -> Generator[Progress, None, Found]:
    """Tell how far some work has come that yields which part of it is done, in the same words all the time."""
    part = 0.0
    while True:
        yield Progress(part, doing)
        try:
            part = next(work)
        except StopIteration as stop:
            found: Found = stop.value
            return found
