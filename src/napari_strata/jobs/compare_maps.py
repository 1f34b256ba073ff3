"""Answer one question by several methods, and score their maps."""

import dataclasses
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_strata.config import ExplainMethod, JudgeConfig
from napari_strata.config.judge import Measure
from napari_strata.control import JobCanceled, JobControl
from napari_strata.errors import MethodError
from napari_strata.events import JobEvent, JobResult, Progress, Sketched, StateChanged
from napari_strata.explain.catalogue import METHODS
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.doubt_image import doubts_about_images
from napari_strata.jobs.inquiry import Inquiry, load_checked
from napari_strata.jobs.job import JobBody, job
from napari_strata.jobs.judging import NEEDS, find_noise, make_subject, told_noise, with_noise
from napari_strata.jobs.part import part_of
from napari_strata.jobs.prepare_question import part_of_search, settle_question
from napari_strata.jobs.stoppable import stoppable
from napari_strata.jobs.time_left import TimeLeft
from napari_strata.types import FloatImage, ImageStack

if TYPE_CHECKING:
    from torch import Tensor

    from napari_strata.explain.prepare import Prepared
    from napari_strata.explain.sightings import Sightings
    from napari_strata.explain.trust.shot_noise import ShotNoise
    from napari_strata.explain.trust.subject import Subject
    from napari_strata.models.registry import LoadedModel

SETTLED, MAPPED = 0.1, 0.2
"""Part of the work that is done when the atoms are located, and when all maps are made."""


@dataclass(frozen=True, slots=True, eq=False)
class ComparedMap:
    """The map of one method, and what is known of it.

    Attributes
    ----------
    method : str
        The method.
    data : ndarray of float32, shape (y, x), or None
        The map on the image's own grid; None where the method failed.
    metadata : mapping
        As of a `napari_strata.explain.heatmap.Heatmap`.
    figures : mapping
        What the measures found that are done.
    failure : str
        Why the method cannot answer this question of this model.
    """

    method: ExplainMethod
    data: FloatImage | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[Measure, Mapping[str, Any]] = field(default_factory=dict)
    failure: str = ""


Comparison = tuple[ComparedMap, ...]
"""The maps so far, in the order of the methods."""


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """What all methods share."""

    control: JobControl
    loaded: "LoadedModel"
    shown: ImageStack
    inquiry: Inquiry
    judging: JudgeConfig
    noise: "ShotNoise"
    sightings: "Sightings | None"
    known: "dict[bytes, Tensor]" = field(default_factory=dict)
    """As of `Subject`; all methods explain one score."""


@job
def compare_maps(
    control: JobControl, inquiry: Inquiry, *, methods: Sequence[ExplainMethod], judging: JudgeConfig
) -> JobBody:
    """Make the maps of several methods, and then put them to the tests of `judging`, the quickest tests first.

    Parameters
    ----------
    control : JobControl
        A stop keeps the maps and the measures that are done.
    inquiry : Inquiry
        What is asked; the feature map of its settings is that of its method only.
    methods : sequence of str
        The methods, at least one.
    judging : JudgeConfig
        Which tests, and how exactly.

    Yields
    ------
    JobEvent
        `Warned` where the model has not seen such images, `Progress`, and `Sketched` with a `Comparison` after
        each map and each measure.

    Returns
    -------
    JobResult
        ``figures`` hold ``maps``, the measures by method, ``measures``, those that a complete row has, and the
        ``noise`` of stability; ``value`` is the `Comparison`. A method that this network has no use for
        says so in its row, and the others go on.

    Raises
    ------
    TargetError
        If the target does not fit.
    MethodError
        If no method is named, or none can answer.
    ImageError, CalibrationError, BundleError, DeviceError
        If an input cannot be used.
    """
    from napari_strata.explain.prepare import share_sightings

    start = time.monotonic()
    if not methods:
        raise MethodError("No method is chosen.", remedy="Choose at least one; two compare.")
    loaded, shown = abandonable(control, lambda: load_checked(inquiry))
    noise = find_noise(shown, judging)
    control.run()
    yield StateChanged(control.state)
    yield from abandonable(control, lambda: list(doubts_about_images((shown,), loaded.card)))
    searched = min(part_of_search(loaded, inquiry), SETTLED)
    settled, _ = yield from part_of(settle_question(control, loaded, inquiry), 0, searched)
    sightings = share_sightings(loaded, shown, settled.atoms)
    case = _Case(control, loaded, shown, settled, judging, noise, sightings)
    compared = yield from part_of(_compare(case, tuple(dict.fromkeys(methods))), searched, 1)
    figures: dict[str, Any] = {
        row.method: {"failure": row.failure} if row.failure else dict(row.figures) for row in compared
    }
    measures = [name for name in judging.measures if name != "stability" or noise.gain > 0]
    seconds = round(time.monotonic() - start, 2)
    told = {"maps": figures, "measures": measures, "noise": told_noise(noise, shown), "seconds": seconds}
    return JobResult(told, {}, compared)


def _compare(case: _Case, methods: Sequence[ExplainMethod]) -> Generator[JobEvent, None, Comparison]:
    """Make all maps and then judge them; a stop leaves what there is, or nothing before the first map."""
    rows: dict[ExplainMethod, ComparedMap] = {}
    subjects: dict[ExplainMethod, Subject] = {}
    try:
        with stoppable(case.loaded.network, case.control):
            for number, method in enumerate(methods):
                yield from _make_map(case, method, rows, subjects, part=(number, len(methods)))
                yield Sketched(tuple(rows.values()), MAPPED * len(rows) / len(methods))
                case.control.checkpoint()
            if not subjects:
                raise MethodError(
                    f"None of these methods can answer: {next(iter(rows.values())).failure}",
                    remedy="Choose others.",
                )
            yield from _judge_all(case, rows, subjects)
    except JobCanceled:
        if not rows:
            raise
    return tuple(rows.values())


def _make_map(
    case: _Case,
    method: ExplainMethod,
    rows: dict[ExplainMethod, ComparedMap],
    subjects: "dict[ExplainMethod, Subject]",
    *,
    part: tuple[int, int],
) -> Generator[JobEvent, None, None]:
    """Add the map of a method to `rows` and `subjects`, or why there is none to `rows`."""
    from napari_strata.explain.prepare import prepare

    number, count = part
    own = method == case.inquiry.config.method
    config = case.inquiry.config.model_copy(update={} if own else {"method": method, "feature_map": ""})
    words = f"Explaining by {METHODS[method].title}"
    yield Progress(MAPPED * number / count, words)
    case.control.checkpoint()
    try:
        prepared = abandonable(
            case.control,
            lambda: prepare(
                case.loaded,
                case.shown,
                case.inquiry.question,
                config,
                atoms=case.inquiry.atoms,
                needs=NEEDS,
                sightings=case.sightings,
            ),
        )
        yield Progress(MAPPED * number / count, words)
        case.control.checkpoint()
        making, clock = make_subject(prepared, case.judging), TimeLeft()
        while True:
            try:
                done = next(making)
            except StopIteration as stop:
                subject: Subject = stop.value
                break
            told = f"{words} ({number + 1} of {count})"
            yield Progress(MAPPED * (number + done) / count, told, clock.after(done))
            case.control.checkpoint()
    except MethodError as error:
        rows[method] = ComparedMap(method, failure=str(error))
        return
    subject = dataclasses.replace(subject, known=case.known)
    subjects[method] = with_noise(subject, case.noise, prepared, case.loaded, case.shown)
    rows[method] = _row(prepared, subject, case.inquiry.frame)


def _row(prepared: "Prepared", subject: "Subject", frame: int) -> ComparedMap:
    figures = dict(subject.found.figures)
    metadata = {**prepared.metadata, "frame": frame, "done": 1.0, "figures": figures}
    return ComparedMap(prepared.scene.config.method, prepared.on_image(subject.found.map), metadata)


def _judge_all(
    case: _Case, rows: dict[ExplainMethod, ComparedMap], subjects: "Mapping[ExplainMethod, Subject]"
) -> Generator[JobEvent, None, None]:
    """Add to each row of `rows` what the measures find."""
    from napari_strata.explain.trust.judge import judge

    tests = _cheapest_first(subjects)
    total, before, clock = sum(cost for *_, cost in tests), 0, TimeLeft()
    for method, subject, cost in tests:
        with closing(judge(subject)) as judging:
            for judgement in judging:
                done = (before + cost * judgement.done) / total
                words = f"{METHODS[method].title}: {judgement.doing.lower()}"
                yield Progress(MAPPED + (1 - MAPPED) * done, words, clock.after(done))
                if judgement.figures:
                    figures = {**rows[method].figures, **judgement.figures}
                    rows[method] = dataclasses.replace(rows[method], figures=figures)
                    yield Sketched(tuple(rows.values()), MAPPED + (1 - MAPPED) * done)
                case.control.checkpoint()
        before += cost


def _cheapest_first(
    subjects: "Mapping[ExplainMethod, Subject]",
) -> "list[tuple[ExplainMethod, Subject, int]]":
    """Return every test of every map on its own, and its passes; those that maps share count for the first."""
    from napari_strata.explain.trust.judge import passes, shared_passes

    alone = [
        (method, dataclasses.replace(subject, config=subject.config.model_copy(update={"measures": (name,)})))
        for method, subject in subjects.items()
        for name in subject.config.measures
    ]
    alone.sort(key=lambda test: passes(test[1]))
    met, tests = set[Measure](), []
    for method, subject in alone:
        (name,) = subject.config.measures
        spared = shared_passes(subject) if name in met else 0
        met.add(name)
        tests.append((method, subject, max(passes(subject) - spared, 1)))
    return tests
