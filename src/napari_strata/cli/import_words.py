"""What people read of an import or a conversion, in place of the figures for programs."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from napari_strata.events import JobEnded, JobEvent, Warned
from napari_strata.jobs.job import Job


def in_words(job: Job) -> Job:
    """Pass the events of a job on; its figures become words, and warnings that were shown are not told again."""
    told: set[str] = set()
    event: JobEvent | None = None
    for event in job:
        if isinstance(event, Warned):
            told.add(event.message)
        if isinstance(event, JobEnded) and event.result is not None:
            figures = dict(_for_people(event.result.figures, told))
            event = replace(event, result=replace(event.result, figures=figures))
        yield event
    assert isinstance(event, JobEnded), "every job ends with JobEnded"
    return event


def _for_people(figures: Mapping[str, Any], told: set[str]) -> Iterator[tuple[str, Any]]:
    for name, value in figures.items():
        if name == "matched":
            yield name, [{"words": _match(one)} for one in value]
        elif name == "warnings":
            fresh = [{"words": one} for one in value if one not in told]
            if fresh:
                yield "warning", fresh
        else:
            yield name, value


def _match(row: Mapping[str, Any]) -> str:
    if row["file"] is None:
        return f"{row['image']} ({row['how']})"
    return f"{row['image']} -> {row['file']} ({row['how']}, sure {row['confidence']:.2f})"
