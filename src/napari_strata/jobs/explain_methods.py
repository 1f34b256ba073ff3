"""Answer one question by several methods, and write maps, scores and a picture."""

import dataclasses
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config import ExplainMethod, JudgeConfig
from napari_strata.control import JobControl
from napari_strata.errors import MethodError, TargetError
from napari_strata.events import JobEnded, JobEvent, JobResult, Progress, StateChanged, Warned
from napari_strata.io.bundle import find_bundle, read_card
from napari_strata.jobs.abandonable import abandonable
from napari_strata.jobs.compare_maps import compare_maps
from napari_strata.jobs.doubt_image import doubts_about_images
from napari_strata.jobs.explain import explain
from napari_strata.jobs.explanation_files import Answer, ExplanationFiles
from napari_strata.jobs.inquiry import Inquiry, load_checked
from napari_strata.jobs.job import Job, JobBody, JobFailed, job
from napari_strata.jobs.part import part_of
from napari_strata.jobs.prepare_question import part_of_search, settle_question
from napari_strata.types import ImageStack

if TYPE_CHECKING:
    from napari_strata.explain.heatmap import Heatmap
    from napari_strata.models.registry import LoadedModel


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """What all methods share."""

    control: JobControl
    inquiry: Inquiry
    judging: JudgeConfig | None


@job
def explain_methods(
    control: JobControl,
    inquiry: Inquiry,
    *,
    methods: Sequence[ExplainMethod],
    files: ExplanationFiles,
    judging: JudgeConfig | None = None,
    earlier: "Heatmap | None" = None,
) -> JobBody:
    """Compute and write the maps of one question by several methods; its atom is located once.

    Parameters
    ----------
    control : JobControl
        A stop keeps the maps that are there, the last one as far as it was computed.
    inquiry : Inquiry
        What is asked; its settings serve all methods.
    methods : sequence of str
        The methods, at least one.
    files : ExplanationFiles
        What to write.
    judging : JudgeConfig, optional
        Put every map to these tests, too.
    earlier : Heatmap, optional
        A map that was written before and is asked again: how far the new one of its method is from it is told, and
        where model or image are others.

    Yields
    ------
    JobEvent
        `Progress`, and `Warned` where the model has not seen such images, and where an earlier map is of another
        model, image or pixel size.

    Returns
    -------
    JobResult
        ``value`` is a list of `Answer`, ``figures["maps"]`` tells what is known of each, by method. Where a method
        fails, those before it are written all the same.

    Raises
    ------
    TargetError
        If frame, layer or target do not exist, no atom is near enough, or an earlier map has another shape.
    MethodError
        If a method is named twice, or cannot be used on this network.
    ImageError, CalibrationError, BundleError, DeviceError, OutputError
        If an input cannot be used or a file cannot be written.
    """
    start = time.monotonic()
    files.check(methods)
    if len(set(methods)) < len(methods):
        raise MethodError("A method is named twice.", remedy="Name every method once.")
    _check_shape(earlier, inquiry.image)
    with _naming_the_model_of(earlier, inquiry.model):
        loaded, shown = abandonable(control, lambda: load_checked(inquiry))
    control.run()
    yield StateChanged(control.state)
    yield Progress(0.0, f"Explaining {inquiry.image.name}")
    yield from abandonable(control, lambda: list(doubts_about_images((shown,), loaded.card)))
    yield from _warnings(earlier, loaded, shown)
    searched = min(part_of_search(loaded, _by(method, inquiry)) for method in methods)
    with _naming_the_model_of(earlier, inquiry.model):
        settled, settled_figures = yield from part_of(settle_question(control, loaded, inquiry), 0, searched)
    answers: list[Answer] = []

    def result() -> JobResult:
        told = {**_figures(answers, earlier), **settled_figures, "seconds": round(time.monotonic() - start, 2)}
        return JobResult(told, files.write(answers, told, shown, methods=len(methods)), answers)

    try:
        case = _Case(control, settled, judging)
        with _naming_the_model_of(earlier, inquiry.model):
            yield from part_of(_answer_all(case, methods, answers), searched, 1)
    except Exception as error:
        if answers:
            raise JobFailed(error, result()) from error
        raise
    if not answers:
        control.checkpoint()
    return result()


@contextmanager
def _naming_the_model_of(earlier: "Heatmap | None", model: Path) -> Iterator[None]:
    """Say with which model a map was made where another one cannot answer what it was asked."""
    try:
        yield
    except TargetError as error:
        made_with = "" if earlier is None else str(earlier.metadata.get("model", ""))
        if made_with in ("", read_card(find_bundle(model)).name):
            raise
        raise TargetError(error.message, remedy=f"The map was made with {made_with}: take that model.") from error


def _warnings(
    earlier: "Heatmap | None", loaded: "LoadedModel", shown: ImageStack
) -> Generator[Warned, None, None]:
    """Tell where an earlier map was of another model, image or pixel size."""
    from napari_strata.io.atoms.belonging import is_same_size

    if earlier is None:
        return
    if earlier.metadata.get("weights_sha256") != loaded.card.weights_sha256:
        was = earlier.metadata.get("model")
        yield Warned(f"The map is of other weights ({was}) than those of {loaded.card.name}.", "Maps will differ.")
    if not _is_of(earlier, shown):
        name = earlier.metadata.get("image")
        which = (
            "another image of the same name" if name == shown.name else f"the image {name}, this is {shown.name}"
        )
        yield Warned(f"The map is of {which}.", "Answers will differ.")
    size, now = earlier.metadata.get("pixel_size_A"), shown.pixel_size
    if size and now and not is_same_size(size, now):
        yield Warned(f"The map was made at {size:.5g} Å per pixel, this is {now:.5g} Å.", "Maps will differ.")


def _check_shape(earlier: "Heatmap | None", image: ImageStack) -> None:
    """Refuse a map whose image had another shape."""
    if earlier is None or earlier.data.shape == image.data.shape[-2:]:
        return
    (y, x), (height, width) = earlier.data.shape, image.data.shape[-2:]
    raise TargetError(
        f"The map has {y} x {x} px, and {image.name} has {height} x {width} px (y, x).",
        remedy=f"Give the image that it was made of, then called {earlier.metadata.get('image')}.",
    )


def _is_of(earlier: "Heatmap", shown: ImageStack) -> bool:
    """Tell whether a map is of an image: by its pixels, or by its name where an older map knows no more."""
    from napari_strata.explain.pixels_digest import pixels_sha256

    known = earlier.metadata.get("image_sha256")
    if known is None:
        return bool(earlier.metadata.get("image") == shown.name)
    return bool(known == pixels_sha256(shown.data[0]))


def _answer_all(
    case: _Case, methods: Sequence[ExplainMethod], answers: list[Answer]
) -> Generator[JobEvent, None, None]:
    """Add the answer of each method to `answers`, until a stop comes."""
    share = 1 / len(methods)
    for number, method in enumerate(methods):
        ended = yield from _inner(case.control, _job_of(case, method), (share * number, share))
        if ended.error is not None:
            raise ended.error
        if ended.result is not None:
            answers.append(_answer(ended.result, is_judged=case.judging is not None))
        if case.control.stop_requested:
            return


def _job_of(case: _Case, method: ExplainMethod) -> Callable[[JobControl], Job]:
    """Return the job that makes one map, and judges it where that is asked for."""
    inquiry, judging = _by(method, case.inquiry), case.judging
    if judging is None:
        return lambda control: explain(control, inquiry)
    return lambda control: compare_maps(control, inquiry, methods=(method,), judging=judging)


def _by(method: ExplainMethod, inquiry: Inquiry) -> Inquiry:
    """Let a method answer."""
    return dataclasses.replace(inquiry, config=inquiry.config.model_copy(update={"method": method}))


def _inner(
    control: JobControl, make: Callable[[JobControl], Job], part: tuple[float, float]
) -> Generator[JobEvent, None, JobEnded]:
    """Run a job inside this one: hand its progress on as a part of the work, and a stop or pause to it."""
    begin, share = part
    own = JobControl()
    for event in make(own):
        if isinstance(event, JobEnded):
            return event
        if isinstance(event, Progress):
            yield dataclasses.replace(event, fraction=begin + share * event.fraction)
        control.wait_while_paused()
        if control.stop_requested:
            own.request_stop()
    raise AssertionError("every job ends with JobEnded")


def _answer(result: JobResult, *, is_judged: bool) -> Answer:
    from napari_strata.explain.heatmap import Heatmap

    if not is_judged:
        heatmap: Heatmap = result.value
        return Answer(heatmap, _told(heatmap, result.figures["seconds"]))
    from napari_strata.explain.trust.verdict import judge_figures

    (row,) = result.value
    heatmap, verdict = Heatmap(row.data, row.metadata), judge_figures(row.figures)
    judged = {"finding": verdict.finding.value, "verdict": verdict.words, "measures": dict(row.figures)}
    noise = {"noise": result.figures["noise"]}
    return Answer(heatmap, _told(heatmap, result.figures["seconds"]) | judged | noise)


def _told(heatmap: "Heatmap", seconds: float) -> dict[str, Any]:
    figures = {"minimum": float(heatmap.data.min()), "maximum": float(heatmap.data.max()), "seconds": seconds}
    looked = {name: heatmap.metadata[name] for name in ("feature_map",) if name in heatmap.metadata}
    return {**looked, **figures, "done": heatmap.metadata["done"], **heatmap.metadata["figures"]}


def _figures(answers: Sequence[Answer], earlier: "Heatmap | None") -> dict[str, Any]:
    """Return what all maps share, and what is told of each by method."""
    if not answers:
        return {"maps": {}}
    shared = answers[0].heatmap.metadata
    y, x = shared["position"]
    maps = {answer.heatmap.metadata["method"]: dict(answer.figures) for answer in answers}
    named = {key: shared[key] for key in ("layer", "decoder", "class", "score", "probability")}
    told = {**named, "rather_than": _rather_than(shared["against"]), "y_px": y, "x_px": x, "maps": maps}
    if earlier is not None and (difference := _difference(answers, earlier)) is not None:
        told["off_earlier"] = difference
    return told


def _rather_than(against: Mapping[str, Any]) -> str:
    """Return what a class is compared with, in words."""
    match against["kind"]:
        case "class":
            return str(against["class"])
        case "layer":
            return f"in layer {against['layer']}"
        case "correction":
            return "what the labels say"
    return "background"


def _difference(answers: Sequence[Answer], earlier: "Heatmap") -> float | None:
    """Return the largest difference from the earlier map of the method, as a part of its largest value."""
    same: Mapping[str, Heatmap] = {answer.heatmap.metadata["method"]: answer.heatmap for answer in answers}
    new = same.get(earlier.metadata["method"])
    if new is None or new.data.shape != earlier.data.shape:
        return None
    largest = float(np.abs(earlier.data).max())
    off = float(np.abs(new.data - earlier.data).max())
    return off / largest if largest else off
