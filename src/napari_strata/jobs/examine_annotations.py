"""Examine annotation files of other programs before a training: what an import would make of them, in memory."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.annotation.doctor.facts import Expectations
from napari_strata.annotation.doctor.files import open_image
from napari_strata.annotation.doctor.finding import Finding, Place, Severity
from napari_strata.annotation.doctor.subject import LayerLabels, Subject
from napari_strata.config import ClassTable
from napari_strata.control import JobControl
from napari_strata.events import StateChanged
from napari_strata.jobs.examine import check_report, examination
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.plan_import import ImportRequest, read_plan

if TYPE_CHECKING:
    from napari_strata.annotation.class_mapping import ClassMapping
    from napari_strata.annotation.import_plan import ImportPlan
    from napari_strata.annotation.matching import ImageMatch


@job
def examine_annotations(
    control: JobControl,
    request: ImportRequest,
    *,
    pixel_size: float | None = None,
    out: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Examine images and what an import of annotation files would draw on them; nothing is imported.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    request : ImportRequest
        The files, and the folder of their images.
    pixel_size : float, optional
        Pixel size of the images [Å/px]; it wins over the files' own.
    out : Path, optional
        See `napari_strata.jobs.examine.examine`.
    overwrite : bool
        Whether files that are there may be replaced.

    Returns
    -------
    JobResult
        As of `napari_strata.jobs.examine.examine`; what stands in the way of an import is among the findings.

    Raises
    ------
    LabelsError
        If a file is refused.
    ImageError
        If there is no folder of images.
    OutputError
        If `out` cannot be written.
    """
    check_report(out, overwrite=overwrite)
    control.run()
    yield StateChanged(control.state)
    plan = yield from read_plan(control, request)
    subjects = [partial(_drawn, match, plan.mapping, pixel_size) for match in plan.matching.matches]
    table = ClassTable(classes=plan.mapping.classes) if plan.mapping.classes else None
    known = tuple(_findings(plan))
    return (yield from examination(control, subjects, Expectations(table), known=known, out=out))


def _drawn(match: "ImageMatch", mapping: "ClassMapping", pixel_size: float | None) -> Subject:
    """Open an image, and draw on it what an import would draw."""
    from napari_strata.annotation.drawn_labels import DrawingStyle, draw_match

    assert match.candidate is not None, "there is a folder of images"
    subject = open_image(Path(str(match.candidate.key)), pixel_size)
    return replace(subject, labels=(LayerLabels(draw_match(match, mapping, DrawingStyle()).data, match.name),))


def _findings(plan: "ImportPlan") -> Iterator[Finding]:
    """Yield what stands in the way of an import, and what it would pass over."""
    matching = plan.matching
    for found, remedy in (
        (matching.missing, "Give the image that was annotated."),
        (matching.mismatches, "Give the image that was annotated, not a scaled or cropped one."),
        (matching.ambiguous, "Give each image once, by the name that it was annotated under."),
    ):
        for name, reason in found.items():
            message = f"Its image is not clear: {reason}."
            yield Finding("unmatched-file", Severity.ERROR, Place(labels=name), message, remedy)
    for name in matching.not_annotated:
        message = "No labels are given for it."
        yield Finding("unmatched-file", Severity.INFO, Place(image=name), message, "Label it, or leave it.")
    for name in plan.mapping.unknown:
        message = f"The class {name} of the file is none that was asked for."
        yield Finding("unknown-class", Severity.ERROR, Place(), message, "Name it in --classes, or say --map.")
    for text in plan.warnings:
        yield Finding("passed-over", Severity.WARNING, Place(), text, "Look whether it matters.")
