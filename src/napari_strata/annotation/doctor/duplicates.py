"""Slices that show the same: across training and validation they make a score that nobody should trust."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.annotation.doctor.facts import ImageSlice, SubjectFacts, Survey
from napari_strata.annotation.doctor.finding import Finding, Fix, Place, Severity
from napari_strata.annotation.doctor.thumbnail import ALIKE
from napari_strata.annotation.doctor.words import listed
from napari_strata.types import FloatImage

_BLOCK = 512
"""Slices whose likeness to all others is computed at once, so that memory stays bounded."""


@dataclass(frozen=True, slots=True)
class _Slice:
    subject: SubjectFacts
    frame: int
    facts: ImageSlice
    is_labelled: bool
    is_held_out: bool

    @property
    def name(self) -> str:
        """Name it for a message."""
        return f"{self.subject.name} slice {self.frame}" if self.subject.is_stack else self.subject.name

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(
            self.subject.name, file=self.subject.file, frame=self.frame if self.subject.is_stack else None
        )


def check_duplicates(survey: Survey) -> Iterator[Finding]:
    """Slices that are the same or nearly so, above all if training learns from one and is judged by the other."""
    everything = _slices(survey)
    pairs = _alike(everything)
    leaks = _leaks(everything, pairs)
    for held_out, learned in leaks.items():
        yield _leak(everything[held_out], everything[learned])
    for group in _groups(len(everything), pairs):
        if not leaks.keys() & set(group):
            yield _group([everything[i] for i in group])


def _leaks(everything: list[_Slice], pairs: NDArray[np.intp]) -> dict[int, int]:
    """Return for each held-out slice one to learn from that is like it, an identical one if there is one."""
    found: dict[int, int] = {}
    for pair in pairs.tolist():
        for one, other in (pair, pair[::-1]):
            a, b = everything[one], everything[other]
            is_leak = a.is_held_out and b.is_labelled and not b.is_held_out
            if is_leak and (one not in found or a.facts.digest == b.facts.digest):
                found[one] = other
    return found


def _leak(held_out: _Slice, learned: _Slice) -> Finding:
    is_same = held_out.facts.digest == learned.facts.digest
    like = "identical" if is_same else f"nearly identical (correlation {_likeness(held_out, learned):.3f})"
    message = (
        f"Training would learn from {learned.name} and be judged by {held_out.name}, which is {like}:"
        " the score would be too good."
    )
    remedy = "Label only one of them, or label slices that show something else."
    severity = Severity.ERROR if is_same else Severity.WARNING
    return Finding("train-validation-leak", severity, held_out.place, message, remedy, Fix.ERASE_SLICE)


def _group(members: list[_Slice]) -> Finding:
    is_same = len({one.facts.digest for one in members}) == 1
    names = listed([one.name for one in members])
    message = f"{names} {'are identical' if is_same else f'are nearly identical (correlation from {ALIKE:g})'}"
    labelled = [one for one in members if one.is_labelled]
    if len(labelled) < 2:
        remedy = "Do not label more than one of them."
        return Finding("near-duplicate", Severity.INFO, members[-1].place, f"{message}.", remedy)
    message += f"; {'all' if len(labelled) == len(members) else len(labelled)} of them are labelled."
    remedy = "One of them is enough; label slices that show something else."
    return Finding("near-duplicate", Severity.WARNING, labelled[-1].place, message, remedy, Fix.ERASE_SLICE)


def _likeness(one: _Slice, other: _Slice) -> float:
    a, b = one.facts.thumbnail, other.facts.thumbnail
    return 0.0 if a is None or b is None else float(a @ b)


def _slices(survey: Survey) -> list[_Slice]:
    """Return the slices that show something."""
    return [
        _Slice(subject, frame, facts, subject.is_labelled(frame), (number, frame) in survey.held_out)
        for number, subject in enumerate(survey.subjects)
        for frame, facts in enumerate(subject.slices)
        if facts.thumbnail is not None
    ]


def _groups(size: int, pairs: NDArray[np.intp]) -> list[list[int]]:
    """Return the groups of slices that are alike, also by way of a third one, in their order."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    if not len(pairs):
        return []
    graph = coo_matrix((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    _, group_of = connected_components(graph, directed=False)
    order = np.argsort(group_of, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(group_of[order])) + 1)
    return sorted([group.tolist() for group in groups if len(group) > 1])


def _alike(everything: list[_Slice]) -> NDArray[np.intp]:
    """Return the pairs of slices whose thumbnails correlate by `ALIKE` or more, shape (n, 2)."""
    found: list[NDArray[np.intp]] = [np.empty((0, 2), np.intp)]
    thumbnails = [one.facts.thumbnail for one in everything if one.facts.thumbnail is not None]
    sizes = np.array([len(one) for one in thumbnails])
    for size in np.unique(sizes):
        numbers = np.flatnonzero(sizes == size)
        pictures: FloatImage = np.stack([thumbnails[i] for i in numbers])
        for start in range(0, len(numbers), _BLOCK):
            rows, columns = np.nonzero(pictures[start : start + _BLOCK] @ pictures.T >= ALIKE)
            is_upper = rows + start < columns
            found.append(np.stack([numbers[rows[is_upper] + start], numbers[columns[is_upper]]], axis=1))
    return np.concatenate(found)
