"""Checks of an image's values: not finite, constant, clipped."""

from collections.abc import Callable, Iterator

from napari_strata.annotation.doctor.facts import ImageSlice, SubjectFacts, Survey
from napari_strata.annotation.doctor.finding import Finding, Place, Severity
from napari_strata.annotation.doctor.words import slices
from napari_strata.numbers import counted, plain


def check_finite(survey: Survey) -> Iterator[Finding]:
    """Pixels that are not a number or infinite stop a training."""
    for subject, frames in _slices_where(survey, lambda one: one.not_finite > 0):
        pixels = counted(sum(subject.slices[frame].not_finite for frame in frames), "pixel")
        verb = "is" if pixels.startswith("1 ") else "are"
        message = f"{pixels}{_where(frames)} {verb} not finite (NaN or infinite)."
        remedy = "Replace them, for example by the median of their neighbours."
        yield Finding("not-finite", Severity.ERROR, _place(subject, frames), message, remedy)


def check_constant(survey: Survey) -> Iterator[Finding]:
    """Slices of one value show nothing and stop a training."""
    for subject, frames in _slices_where(survey, lambda one: not one.not_finite and one.low == one.high):
        message = f"Every pixel{_where(frames)} has the same value, {plain(subject.slices[frames[0]].low, 6)}."
        remedy = "Take empty slices out of the stack, or choose another image."
        yield Finding("constant-image", Severity.ERROR, _place(subject, frames), message, remedy)


def check_clipped(survey: Survey) -> Iterator[Finding]:
    """Many pixels at the largest value are saturated; at the smallest value they may be an empty border."""
    for subject, frames in _slices_where(survey, lambda one: one.at_high > 0):
        worst = max(frames, key=lambda frame: subject.slices[frame].at_high / subject.slices[frame].pixels)
        one = subject.slices[worst]
        where = f"; more or less so in {slices(frames)}" if len(frames) > 1 else ""
        part = plain(100 * one.at_high / one.pixels, 3)
        message = f"{part} % of its pixels have the largest value, {plain(one.high, 6)}{where}."
        remedy = "Bright atoms look alike where they are saturated: record with less gain, or use the raw data."
        yield Finding("clipped", Severity.WARNING, _place(subject, [worst, *frames]), message, remedy)
    for subject, frames in _slices_where(survey, lambda one: one.at_low > 0):
        one = subject.slices[frames[0]]
        part, low = plain(100 * one.at_low / one.pixels, 3), plain(one.low, 6)
        message = f"{part} % of its pixels have the smallest value, {low}: clipped, or an empty border."
        remedy = "Leave an empty border unlabelled; if it is clipped, use the raw data."
        yield Finding("clipped", Severity.INFO, _place(subject, frames), message, remedy)


def _slices_where(survey: Survey, is_so: Callable[[ImageSlice], bool]) -> Iterator[tuple[SubjectFacts, list[int]]]:
    for subject in survey.subjects:
        frames = [frame for frame, one in enumerate(subject.slices) if is_so(one)]
        if frames:
            yield subject, frames


def _where(frames: list[int]) -> str:
    return f" in {slices(frames)}" if len(frames) > 1 else ""


def _place(subject: SubjectFacts, frames: list[int]) -> Place:
    return Place(image=subject.name, file=subject.file, frame=frames[0] if subject.is_stack else None)
