"""Writing a training's events and its end to its run folder while they are passed on."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import BundleError, OutputError
from napari_strata.events import FinishReason, JobResult
from napari_strata.io.bundle import find_bundle, read_card
from napari_strata.jobs.job import JobBody, JobFailed
from napari_strata.training.engine.faults import in_our_words

if TYPE_CHECKING:
    from napari_strata.training.run.record import RunRecord

MODEL = "model"
"""Folder of the bundle inside a run folder."""


def recorded(body: JobBody, control: JobControl, record: "RunRecord", out: Path) -> JobBody:
    """Pass a training's events on, and write them and its ending down.

    Parameters
    ----------
    body : generator
        The training.
    control : JobControl
        Tells whether it was stopped.
    record : RunRecord
        Where to write.
    out : Path
        The run folder.

    Raises
    ------
    JobCanceled
        If there is nothing to keep.
    JobFailed
        With the error in our own words, and with the best weights so far where there are any.
    """
    try:
        while True:
            event = next(body)
            record.write(event)
            yield event
    except StopIteration as stop:
        result: JobResult = stop.value
        reason = FinishReason.CANCELED if control.stop_requested else FinishReason.COMPLETED
        record.end(reason, ended_by=result.figures.get("ended_by"))
        return result
    except JobCanceled:  # before the first step: there is nothing to keep
        record.discard()
        raise
    except Exception as error:
        fault = in_our_words(error, out)
        with suppress(OutputError):  # the disk may be full, which is said already
            if record.has_begun:
                record.end(FinishReason.FAILED, fault)
            else:
                record.discard()
        raise JobFailed(fault, kept_in(out)) from error
    finally:
        body.close()  # and with it the threads that draw


def kept_in(out: Path) -> JobResult:
    """Return what a training that failed leaves: the best weights so far, and their scores."""
    figures: Mapping[str, Any] = {}
    paths = {"run": str(out)}
    with suppress(BundleError):
        figures = read_card(find_bundle(out / MODEL)).figures
        paths["model"] = str(out / MODEL)
    return JobResult(figures, paths, out / MODEL if figures else None)
