"""Examine images and labels before a training: what is wrong, where, and what to do."""

import json
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_strata.annotation.classes import LAST_CLASS
from napari_strata.annotation.doctor.examination import Examination, findings_of
from napari_strata.annotation.doctor.facts import Expectations, SubjectFacts, Survey
from napari_strata.annotation.doctor.finding import (
    Finding,
    Place,
    Severity,
    count_by_severity,
    most_severe_first,
)
from napari_strata.annotation.doctor.measure import measure_subject
from napari_strata.annotation.doctor.subject import Subject, depth_of
from napari_strata.config import TrainingConfig
from napari_strata.control import JobControl
from napari_strata.errors import ImageError, StrataError
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.types import BACKGROUND

OpenSubject = Callable[[], Subject]
REPORT = "report.json"
"""Name of the findings in a folder."""


@job
def examine(
    control: JobControl,
    subjects: Sequence[OpenSubject],
    expected: Expectations,
    *,
    training: TrainingConfig | None = None,
    known: Sequence[Finding] = (),
    out: Path | None = None,
    mend_to: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Examine images and their labels.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    subjects : sequence of callables
        Each opens one image with its labels; it is let go before the next is opened.
    expected : Expectations
        What the training will make of them.
    training : TrainingConfig, optional
        How slices would be held out; by default as a training does.
    known : sequence of Finding
        What was found before, such as files without a partner.
    out : Path, optional
        JSON file for the findings, or a folder that gets `REPORT`.
    mend_to : Path, optional
        Folder for mended copies of label files, where an error has a safe fix.
    overwrite : bool
        Whether files that are there may be replaced.

    Returns
    -------
    JobResult
        ``value`` is the `Examination`; the figures are how many findings there are of each severity, ``images``,
        ``slices``, and ``findings`` as plain data, the worst first.

    Raises
    ------
    ImageError
        If there is nothing to examine.
    OutputError
        If `out` or `mend_to` cannot be written.
    """
    check_report(out, overwrite=overwrite)
    if not subjects and not known:
        raise ImageError("There is nothing to examine.", remedy="Give images and their labels.")
    control.run()
    yield StateChanged(control.state)
    return (
        yield from examination(
            control,
            subjects,
            expected,
            training=training,
            known=known,
            out=out,
            mend_to=mend_to,
            overwrite=overwrite,
        )
    )


def check_report(out: Path | None, *, overwrite: bool) -> None:
    """Check, before any work, that the report replaces no file that may not be replaced.

    Raises
    ------
    OutputError
        If it would.
    """
    from napari_strata.io.folders import check_new

    check_new((None if out is None else _report_file(out),), overwrite=overwrite)


def examination(
    control: JobControl,
    subjects: Sequence[OpenSubject],
    expected: Expectations,
    *,
    training: TrainingConfig | None = None,
    known: Sequence[Finding] = (),
    out: Path | None = None,
    mend_to: Path | None = None,
    overwrite: bool = False,
) -> JobBody:
    """Examine images and their labels within a job that is running; for the parameters see `examine`."""
    measured, unreadable = yield from _measured_all(control, subjects, expected)
    yield Progress(1.0, "Comparing slices")
    survey = Survey(tuple(measured), expected, held_out_slices(measured, training or TrainingConfig()))
    findings = most_severe_first([*known, *unreadable, *findings_of(survey)])
    return _result(Examination(survey, tuple(findings)), out, mend_to, overwrite=overwrite)


def _measured_all(
    control: JobControl, subjects: Sequence[OpenSubject], expected: Expectations
) -> Generator[Progress, None, tuple[list[SubjectFacts], list[Finding]]]:
    """Measure what can be opened, and return findings about what cannot."""
    measured: list[SubjectFacts] = []
    unreadable: list[Finding] = []
    for number, opener in enumerate(subjects):
        yield Progress(number / len(subjects), "Opening")
        try:
            subject = opener()
        except StrataError as error:
            unreadable.append(Finding("unreadable", Severity.ERROR, Place(), error.message, error.remedy))
            continue
        measured.append((yield from _measured(control, subject, expected, number, len(subjects))))
        del subject  # before the next file is opened
    return measured, unreadable


def _result(examination: Examination, out: Path | None, mend_to: Path | None, *, overwrite: bool) -> JobResult:
    from napari_strata.annotation.doctor.mending import write_mended

    findings, subjects = list(examination.findings), examination.survey.subjects
    figures: dict[str, Any] = {
        **count_by_severity(findings),
        "images": len(subjects),
        "slices": sum(len(facts.slices) for facts in subjects),
        "findings": [finding.as_row() for finding in findings],
    }
    paths = write_mended(findings, mend_to, overwrite=overwrite) if mend_to is not None else {}
    return JobResult(figures, paths | _write(figures, out), examination)


def held_out_slices(subjects: Sequence[SubjectFacts], training: TrainingConfig) -> frozenset[tuple[int, int]]:
    """Return the subject and the slice of all that a training would hold out as a whole.

    The split looks at nothing but the codes that occur in each slice, so it is asked about those instead of the
    pixels. Codes of so few pixels that they vanish on the network's own grid may make the training choose others.

    Parameters
    ----------
    subjects : sequence of SubjectFacts
        What was measured, in the order of the training.
    training : TrainingConfig
        The part to hold out, and the seed.
    """
    from napari_strata.data.split import split_labels

    places = [
        (number, frame)
        for number, subject in enumerate(subjects)
        for frame in range(len(subject.slices))
        if subject.is_labelled(frame)
    ]
    if len(places) < 2:  # of a single slice strokes are held out, no slices
        return frozenset()
    split = split_labels(
        [_codes_of(subjects[number], frame) for number, frame in places],
        fraction=training.validation_fraction,
        receptive_field=0,
        rng=np.random.default_rng(training.seed),
    )
    return frozenset(place for place, codes in zip(places, split.validation, strict=True) if codes.any())


def _codes_of(subject: SubjectFacts, frame: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    layers = [layer.slices[frame].codes for layer in subject.layers if frame < len(layer.slices)]
    codes = sorted({code for codes in layers for code in codes if BACKGROUND <= code <= LAST_CLASS})
    return np.array(codes or [0], np.uint8).reshape(1, 1, -1)


def _measured(
    control: JobControl, subject: Subject, expected: Expectations, number: int, total: int
) -> Generator[Progress, None, SubjectFacts]:
    table = expected.table
    last = LAST_CLASS if table is None else BACKGROUND + len(table.classes)
    body = measure_subject(subject, last_code=last)
    slices = sum(depth_of(stack.shape) for stack in (subject.image, *(one.data for one in subject.labels)))
    while True:
        try:
            done = next(body)
        except StopIteration as stop:
            facts: SubjectFacts = stop.value
            return facts
        control.checkpoint()
        yield Progress(min(1.0, (number + done / slices) / total), f"Looking at {subject.name}")


def _write(report: dict[str, Any], out: Path | None) -> dict[str, str]:
    from napari_strata.io.files import replacing

    if out is None:
        return {}
    file = _report_file(out)
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return {"report": str(file)}


def _report_file(out: Path) -> Path:
    return out / REPORT if out.is_dir() or not out.suffix else out
