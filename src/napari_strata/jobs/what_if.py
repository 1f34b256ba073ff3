"""Change a part of an image and see what the network then says: once, or again and again while somebody tries."""

import dataclasses
import json
import time
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config.what_if import READS, WhatIfConfig
from napari_strata.control import JobControl
from napari_strata.errors import OutputError, StrataError
from napari_strata.events import ChangeTried, JobEvent, JobResult, Progress, StateChanged
from napari_strata.explain.question import Question
from napari_strata.explain.targets import AtomTarget, RegionTarget, check_target
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.inquiry import Inquiry, load_checked
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.part import part_of
from napari_strata.jobs.prepare_question import prepare_question
from napari_strata.jobs.stoppable import stoppable
from napari_strata.requests import TryChange
from napari_strata.types import AnyArray

if TYPE_CHECKING:
    from napari_strata.explain.changes.outcome import Outcome
    from napari_strata.explain.changes.what_if import WhatIf
    from napari_strata.explain.prepare import Prepared
    from napari_strata.models.registry import LoadedModel

CHANGING = 0.9
"""Part of the work that is done when the question is prepared."""
FILES = ("image.tif", "masks.tif", "what_if.json")


@job
def try_changes(control: JobControl, inquiry: Inquiry) -> JobBody:
    """Answer `napari_strata.requests.TryChange` until stopped; of those that wait only the last.

    Parameters
    ----------
    control : JobControl
        Where the requests come from; those that come before the job runs are lost.
    inquiry : Inquiry
        What is asked.

    Yields
    ------
    JobEvent
        `ChangeTried` with every outcome, first without and then with masks, or with the reason why there is none.
    """
    loaded, _ = abandonable(control, lambda: load_checked(inquiry))
    control.run()
    yield StateChanged(control.state)
    with stoppable(loaded.network, control):
        session, _ = yield from begin(control, loaded, inquiry)
        yield from _answer(control, session)
    return JobResult()


def _answer(control: JobControl, session: "WhatIf") -> Iterator[JobEvent]:
    """Answer what is asked, until a stop comes."""
    while not control.stop_requested:
        asked = [request for request in control.take_requests() if isinstance(request, TryChange)]
        if not asked:
            control.wait_for_requests()
            continue
        try:
            for outcome in _try_change(session, asked[-1].mask, asked[-1].config):
                yield ChangeTried(asked[-1], outcome)
                if control.has_requests or control.stop_requested:
                    break
        except StrataError as error:
            yield ChangeTried(asked[-1], None, error)


@job
def what_if(
    control: JobControl,
    inquiry: Inquiry,
    *,
    change: WhatIfConfig,
    mask: AnyArray | None = None,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Change a part of an image, and compare what the network says with what it said before.

    Parameters
    ----------
    control : JobControl
        A stop leaves nothing.
    inquiry : Inquiry
        What is asked.
    change : WhatIfConfig
        What is done.
    mask : ndarray of bool, shape (y, x), optional
        The region; by default what the question is about.
    out : Path, optional
        Folder for the changed image and the new masks around the region, and ``what_if.json``.
    overwrite : bool
        Whether files that are there may be replaced.

    Returns
    -------
    JobResult
        ``figures`` are the scores, ``value`` is a `napari_strata.explain.changes.outcome.Outcome`.

    Raises
    ------
    TargetError
        If target or region do not fit.
    ImageError, CalibrationError, BundleError, MethodError, DeviceError, OutputError
        If an input cannot be used or a file cannot be written.
    """
    start = time.monotonic()
    check_folder(out, FILES, overwrite=overwrite)
    loaded, shown = abandonable(control, lambda: load_checked(inquiry))
    if mask is not None:
        check_target(RegionTarget(mask), (shown.data.shape[1], shown.data.shape[2]))
    control.run()
    yield StateChanged(control.state)
    with stoppable(loaded.network, control):
        session, figures = yield from part_of(begin(control, loaded, inquiry), 0, CHANGING)
        control.checkpoint()
        yield Progress(CHANGING, f"Changing {inquiry.image.name}")
        *_, outcome = _try_change(session, mask, change)
    told = {**outcome.metadata["what_if"], **figures, "seconds": round(time.monotonic() - start, 2)}
    paths = {} if out is None else write_outcome(outcome, out, "what_if.json")
    return JobResult(told, paths, outcome)


def begin(
    control: JobControl, loaded: "LoadedModel", inquiry: Inquiry, *, dose: float | None = None
) -> Generator[JobEvent, None, tuple["WhatIf", dict[str, float]]]:
    """Find what a question asks, and return what answers its changes, and the figures of the question."""
    from napari_strata.explain.changes.what_if import WhatIf

    prepared, figures = yield from prepare_question(control, loaded, inquiry)
    answered = _answered(inquiry.question, prepared)
    return WhatIf(loaded, inquiry.shown(), answered, prepared, locating=inquiry.locating, dose=dose), figures


def check_folder(out: Path | None, names: Iterable[str], *, overwrite: bool) -> None:
    """Check that files of some names can be written into a folder.

    Raises
    ------
    OutputError
        If there is a file of that name, or it holds such files already that may not be replaced.
    """
    from napari_strata.io.folders import check_free

    if out is not None and out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file.", remedy="Give the name of a folder.")
    if out is not None:
        check_free(out, names, overwrite=overwrite)


def write_outcome(outcome: "Outcome", out: Path, report: str) -> dict[str, str]:
    """Write the changed image, the masks where there are any, and a report; return the paths.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    from napari_strata.io.files import replacing
    from napari_strata.io.tif import write_tif

    paths = {"image": out / "image.tif", "report": out / report}
    arrays: dict[str, AnyArray] = {"image": outcome.image}
    if outcome.masks is not None:
        paths["masks"], arrays["masks"] = out / "masks.tif", outcome.masks
    for name, array in arrays.items():
        write_tif(paths[name], array, "YX", pixel_size=outcome.metadata["pixel_size_A"])
    window = {"rows": _ends(outcome.window[0]), "columns": _ends(outcome.window[1])}
    with replacing(paths["report"]) as temporary:
        text = json.dumps({**outcome.metadata, "window": window}, indent=2, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    return {name: str(path) for name, path in paths.items()}


def _try_change(session: "WhatIf", mask: AnyArray | None, config: WhatIfConfig) -> Iterator["Outcome"]:
    """Yield what a change changes in the score, and then in the prediction, too."""
    from napari_strata.explain.changes.image_changes import fill_words, shift_words

    if mask is not None:
        check_target(RegionTarget(mask), session.shape)
    region, details = session.region(mask, config), _told(config)
    changed = session.change(region, config)
    if config.change == "erase":
        details["fill_words"] = fill_words(session.image, changed, region)
    if config.change == "shift":
        details["fill_words"] = shift_words(region, config, pixel_size=session.stack.pixel_size)
    first = session.outcome(changed, region, details, with_masks=False)
    yield first
    yield session.outcome(changed, region, details, after=first.after)


def _told(config: WhatIfConfig) -> dict[str, Any]:
    """Return the settings that the change reads."""
    return {name: getattr(config, name) for name in ("change", *READS[config.change], "grow")}


def _answered(question: Question, prepared: "Prepared") -> Question:
    """Return the question with its atom where it was found."""
    if not isinstance(question.target, AtomTarget):
        return question
    y, x = prepared.metadata["position"]
    return dataclasses.replace(question, target=dataclasses.replace(question.target, y=y, x=x))


def _ends(span: slice) -> list[int]:
    return [span.start, span.stop]
