"""Follow a training that runs elsewhere (on a cluster, in a terminal) by watching its run folder."""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari_strata.control import JobControl
from napari_strata.errors import TrainingError
from napari_strata.events import BatchEnded, JobEvent, JobResult, Progress, StateChanged, Warned
from napari_strata.jobs.job import JobBody, JobFailed, job
from napari_strata.jobs.recorded import kept_in
from napari_strata.training.run.record import CONFIG, EVENTS
from napari_strata.training.run.told_events import ToldEvents, event_of

POLL = 0.5
"""Time between two looks at the folder [s]."""
QUIET = 120.0
"""After so long without news the user is told [s]."""
SHOWN = 2000
"""Batches that are told of those which were over before: enough for a curve."""
_ENDED = "JobEnded"


@job
def follow_run(control: JobControl, run: Path) -> JobBody:
    """Tell what happens in a training that runs elsewhere, until it ends there.

    Parameters
    ----------
    control : JobControl
        Stop ends the following only; the training goes on.
    run : Path
        The run folder of the training, which may not have begun yet.

    Yields
    ------
    JobEvent
        `BatchEnded`, `EpochEnded` and what else the training tells, as if it ran here; `Warned` when it is silent.

    Returns
    -------
    JobResult
        ``value`` is the path of the model, None where there is none yet; ``ended_by`` among the figures is
        "followed no longer" where the following was stopped.

    Raises
    ------
    TrainingError
        If the folder holds no run, or the training failed.
    """
    _check(run)
    told = ToldEvents(run)
    yield Progress(0.0, f"Reading {run.name}")
    control.run()
    yield StateChanged(control.state)
    last_news, is_new = time.monotonic(), True
    while not control.stop_requested:
        news = told.new()
        yield from _events(news, thinned=is_new)
        if news and news[-1].get("event") == _ENDED:  # one that was resumed goes on after its first end
            return _ending(news[-1], run)
        if news:
            last_news, is_new = time.monotonic(), False
        elif time.monotonic() - last_news > QUIET:
            last_news += 1e9  # said once, until there are news again
            yield _silence(run)
        time.sleep(POLL)
    return _result(run, "followed no longer")


def _check(run: Path) -> None:
    if not any((run / name).is_file() for name in (CONFIG, EVENTS)):
        raise TrainingError(
            f"{run} holds no training.",
            remedy="Choose the folder that was given to it as --out; config.yaml and events.jsonl lie in it.",
        )


def _events(lines: list[dict[str, Any]], *, thinned: bool) -> Iterator[JobEvent]:
    events = [event for event in map(event_of, lines) if event is not None]
    batches = sum(isinstance(event, BatchEnded) for event in events)
    every = -(-batches // SHOWN) if thinned and batches else 1
    for event in events:
        if not isinstance(event, BatchEnded) or event.step % every == 0 or event is events[-1]:
            yield event


def _ending(line: dict[str, Any], run: Path) -> JobResult:
    if line.get("reason") == "failed":
        error = TrainingError(
            f"The training in {run.name} failed: {line.get('error')}",
            remedy="Mend that where it ran, then follow it again.",
        )
        raise JobFailed(error, kept_in(run))
    return _result(run, _last_session(run).get("ended_by") or str(line.get("reason")))


def _result(run: Path, ended_by: str) -> JobResult:
    kept = kept_in(run)
    return JobResult({**kept.figures, "ended_by": ended_by}, kept.paths, kept.value)


def _last_session(run: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, KeyError, IndexError, TypeError):
        session = json.loads((run / "run.json").read_text(encoding="utf-8"))["sessions"][-1]
        return dict(session)
    return {}


def _silence(run: Path) -> Warned:
    return Warned(
        f"Nothing new in {run.name} for {QUIET / 60:g} minutes.",
        "The training may be paused, wait for its turn, or be gone. As soon as it goes on, it is shown here.",
    )
