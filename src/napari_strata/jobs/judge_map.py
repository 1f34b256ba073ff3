"""Judge whether the map of a method can be trusted."""

import contextlib
import json
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config import JudgeConfig
from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import OutputError
from napari_strata.events import JobEvent, JobResult, Progress, Sketched, StateChanged
from napari_strata.explain.catalogue import METHODS
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.doubt_image import doubts_about_images
from napari_strata.jobs.inquiry import Inquiry, load_checked
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.judging import (
    NEEDS,
    check_labels,
    find_noise,
    make_subject,
    told_noise,
    with_labels,
    with_noise,
)
from napari_strata.jobs.part import part_of
from napari_strata.jobs.prepare_question import SEARCHED, part_of_search, prepare_question
from napari_strata.jobs.stoppable import stoppable
from napari_strata.jobs.time_left import TimeLeft
from napari_strata.types import FloatImage, LabelArray

if TYPE_CHECKING:
    from napari_strata.explain.prepare import Prepared
    from napari_strata.explain.trust.judge import Judgement
    from napari_strata.explain.trust.subject import Subject

MAPPED = 0.2
"""Part of the work that is done when the map is made that is judged."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedMap:
    """A map and what was found about it.

    Attributes
    ----------
    data : ndarray of float32, shape (y, x)
        The map on the image's own grid.
    metadata : mapping
        As of a `napari_strata.explain.heatmap.Heatmap`.
    judgement : Judgement
        What the measures found so far, and the verdict.
    """

    data: FloatImage
    metadata: dict[str, Any]
    judgement: "Judgement"


@job
def judge_map(
    control: JobControl,
    inquiry: Inquiry,
    *,
    judging: JudgeConfig,
    labels: LabelArray | None = None,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Make the map of one question, and put it to the tests of `judging`.

    Parameters
    ----------
    control : JobControl
        A stop keeps the measures that are done.
    inquiry : Inquiry
        What is asked.
    judging : JudgeConfig
        Which tests, and how exactly.
    labels : ndarray of uint8, shape (layer, y, x), optional
        Mask codes of this frame. With them the test with random labels trains a network on permuted masks.
    out : Path, optional
        JSON file for all figures, the curves included.
    overwrite : bool
        Whether files that are there may be replaced.

    Yields
    ------
    JobEvent
        `Warned` where the model has not seen such images, `Progress`, and `Sketched` with a `JudgedMap` after each
        measure.

    Returns
    -------
    JobResult
        ``figures`` are those of the question, ``finding`` and ``verdict`` in words, and ``measures``; ``value`` is
        the `JudgedMap`.

    Raises
    ------
    TargetError, LabelsError
        If target or labels do not fit.
    ImageError, CalibrationError, BundleError, MethodError, DeviceError, OutputError
        If an input cannot be used or the file cannot be written.
    """
    from napari_strata.io.folders import check_new

    start = time.monotonic()
    if out is not None and out.is_dir():
        raise OutputError(
            f"{out} is a folder.", remedy="Give the name of a JSON file, for example trust.json in it."
        )
    check_new((out,), overwrite=overwrite)
    loaded, shown = abandonable(control, lambda: load_checked(inquiry))
    if labels is not None:
        check_labels(labels, shown, loaded.network.layers)
    control.run()
    yield StateChanged(control.state)
    yield from abandonable(control, lambda: list(doubts_about_images((shown,), loaded.card)))
    search = prepare_question(control, loaded, inquiry, needs=NEEDS)
    searched = min(part_of_search(loaded, inquiry), SEARCHED)  # the tests take many passes of any method
    prepared, figures = yield from part_of(search, 0, searched)
    control.checkpoint()
    mapped = searched + (1 - searched) * MAPPED
    subject = yield from part_of(_make_subject(control, prepared, judging), searched, mapped)
    noise = find_noise(shown, judging)
    subject = with_noise(subject, noise, prepared, loaded, shown)
    if labels is not None:
        subject = with_labels(subject, labels, loaded, shown)
    map_, metadata = prepared.on_image(subject.found.map), {**prepared.metadata, "frame": inquiry.frame}
    judged = yield from part_of(_judge(control, subject, map_, metadata), mapped, 1)
    told = {**_figures(judged, start), **figures, "noise": told_noise(noise, shown)}
    if out is not None:
        _write(told, out)
    return JobResult(told, {} if out is None else {"judgement": str(out)}, judged)


def _make_subject(
    control: JobControl, prepared: "Prepared", judging: JudgeConfig
) -> Generator[JobEvent, None, "Subject"]:
    """Make the map that is judged; a stop ends the job."""
    making = make_subject(prepared, judging)
    title = METHODS[prepared.scene.config.method].title
    with stoppable(prepared.score.network, control):
        while True:
            try:
                done = next(making)
            except StopIteration as stop:
                subject: Subject = stop.value
                return subject
            yield Progress(done, f"Explaining by {title}")
            control.checkpoint()


def _judge(
    control: JobControl, subject: "Subject", map_: FloatImage, metadata: dict[str, Any]
) -> Generator[JobEvent, None, JudgedMap]:
    """Put the map to the tests; a stop leaves what was found so far."""
    from napari_strata.explain.trust.judge import Judgement, judge

    judged, known, clock = JudgedMap(map_, metadata, Judgement({}, "", 0.0)), 0, TimeLeft()
    stopping = stoppable(subject.score.network, control)
    with contextlib.suppress(JobCanceled), stopping, closing(judge(subject)) as judging:
        for judgement in judging:
            judged = JudgedMap(map_, metadata, judgement)
            yield Progress(judgement.done, judgement.doing, clock.after(judgement.done))
            if len(judgement.figures) > known:
                known = len(judgement.figures)
                yield Sketched(judged, judgement.done)
            control.wait_while_paused()
            if control.stop_requested:
                break
    return judged


def _figures(judged: JudgedMap, start: float) -> dict[str, Any]:
    verdict = judged.judgement.verdict
    named = {key: judged.metadata[key] for key in ("method", "layer", "decoder", "class", "score")}
    y, x = judged.metadata["position"]
    return {
        **named,
        "y_px": y,
        "x_px": x,
        "finding": verdict.finding.value,
        "verdict": verdict.words,
        "measures": dict(judged.judgement.figures),
        "seconds": round(time.monotonic() - start, 2),
    }


def _write(figures: dict[str, Any], out: Path) -> None:
    from napari_strata.io.files import replacing

    with replacing(out) as temporary:
        temporary.write_text(json.dumps(figures, indent=2, allow_nan=False) + "\n", encoding="utf-8")
