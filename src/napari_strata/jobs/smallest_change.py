"""Look for the smallest change of an image that flips the answer to a question."""

import contextlib
import time
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config.smallest_change import SmallestChangeConfig
from napari_strata.control import JobCanceled, JobControl
from napari_strata.events import JobEvent, JobResult, Progress, StateChanged
from napari_strata.explain.targets import RegionTarget, check_target
from napari_strata.io.calibration import require
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.inquiry import Inquiry, load_checked
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.part import part_of
from napari_strata.jobs.prepare_question import SEARCHED, part_of_search
from napari_strata.jobs.stoppable import stoppable
from napari_strata.jobs.what_if import begin, check_folder, write_outcome
from napari_strata.types import AnyArray

if TYPE_CHECKING:
    from napari_strata.explain.changes.adversarial import Found
    from napari_strata.explain.changes.flip import Flip, FlipSearch, Gone

LOOKED = 0.95
"""Part of the work that is done when the smallest change is found."""
REPORT, CHANGE, GONE = "smallest_change.json", "change.tif", "gone"
FILES = (CHANGE, "image.tif", "masks.tif", REPORT)


@job
def smallest_change(
    control: JobControl,
    inquiry: Inquiry,
    *,
    looking: SmallestChangeConfig,
    mask: AnyArray | None = None,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Look for the smallest change that gives the score of a question the other sign.

    Pixels stay between 0, or the image's least value where that is lower, and its greatest value.

    Parameters
    ----------
    control : JobControl
        A stop keeps the best so far, without the masks that it makes.
    inquiry : Inquiry
        What is asked.
    looking : SmallestChangeConfig
        Which pixels may change, and how long to look.
    mask : ndarray of bool, shape (y, x), optional
        The pixels that may change, in place of those near the target.
    out : Path, optional
        Folder for the changed image, the change, the new masks, and ``smallest_change.json``; its folder `GONE`
        gets the same of the larger change with which the target is gone, where that was looked for and found.
    overwrite : bool
        Whether files that are there may be replaced.

    Yields
    ------
    JobEvent
        `Progress`, with what was found so far in words.

    Returns
    -------
    JobResult
        ``figures`` are sizes and scores, and what they mean in words; ``value`` is a
        `napari_strata.explain.changes.flip.Flip`.

    Raises
    ------
    TargetError
        If target or region do not fit.
    ImageError, BundleError, DeviceError, OutputError
        If an input cannot be used or a file cannot be written.
    CalibrationError
        If a pixel size is missing; a dose needs one, too.
    """
    from napari_strata.explain.changes.flip import FlipSearch

    start = time.monotonic()
    check_folder(out, [*FILES, *(f"{GONE}/{name}" for name in FILES)], overwrite=overwrite)
    loaded, shown = abandonable(control, lambda: load_checked(inquiry))
    if mask is not None:
        check_target(RegionTarget(mask), (shown.data.shape[1], shown.data.shape[2]))
    if looking.dose is not None:
        require(shown.pixel_size, name=shown.name)
    control.run()
    yield StateChanged(control.state)
    beginning = begin(control, loaded, inquiry, dose=looking.dose)
    searched = min(part_of_search(loaded, inquiry), SEARCHED)
    with stoppable(loaded.network, control):
        session, figures = yield from part_of(beginning, 0, searched)
        search = FlipSearch(session, mask, looking)
        found = yield from part_of(_look(control, search), searched, LOOKED)
    flip = search.flip(found, is_stopped=control.stop_requested)
    if flip.outcome.stays and not control.stop_requested:
        yield Progress(LOOKED, "Looking what takes the target away")
        with contextlib.suppress(JobCanceled), stoppable(loaded.network, control):
            flip = search.take_away(flip, found)
    told = {**flip.outcome.metadata["what_if"], **figures, "seconds": round(time.monotonic() - start, 2)}
    return JobResult(told, {} if out is None else _write(flip, out), flip)


def _look(control: JobControl, search: "FlipSearch") -> Generator[JobEvent, None, "Found"]:
    """Look until nothing smaller is found, or a stop comes; return the best."""
    found, looks = None, search.look()
    try:
        for found in looks:
            yield Progress(found.done, _doing(search, found))
            if control.stop_requested:
                break
            control.wait_while_paused()
    except JobCanceled:
        if found is None:
            raise
    finally:
        looks.close()
    assert found is not None, "a search yields at least once"
    return found


def _doing(search: "FlipSearch", found: "Found") -> str:
    if not found.flips:
        return f"Looking for a change that flips the score, {found.score:.3g} now"
    size = search.size(found)
    so_far = f"{size.rms:.3g} per pixel" if size.ratio is None else f"{size.ratio:.2g} of the shot noise"
    return f"{so_far} flips the score; looking for less"


def _write(flip: "Flip", out: Path) -> dict[str, str]:
    """Write the smallest change and, where there is one, that with which the target is gone; return the paths."""
    paths = _write_one(flip, out)
    gone = {} if flip.gone is None else _write_one(flip.gone, out / GONE)
    return {**paths, **{f"{GONE} {name}": path for name, path in gone.items()}}


def _write_one(found: "Flip | Gone", out: Path) -> dict[str, str]:
    from napari_strata.io.tif import write_tif

    paths = write_outcome(found.outcome, out, REPORT)
    write_tif(out / CHANGE, found.change, "YX", pixel_size=found.outcome.metadata["pixel_size_A"])
    return {**paths, "change": str(out / CHANGE)}
