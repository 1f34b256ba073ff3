"""What a helper changes, so that it can be written in one step onto labels that may have changed meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import NOT_LABELLED, AnyArray

Indices = tuple[NDArray[np.int32], ...]
"""Half as large as numpy's own, since undo keeps them."""


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """The pixels that change.

    Attributes
    ----------
    indices : tuple of ndarray of int
        Where, one array per axis of the labels.
    before, after : ndarray of int
        Their codes.
    """

    indices: Indices
    before: AnyArray
    after: AnyArray

    def still_valid(self, labels: AnyArray) -> "Edit":
        """Return the part whose pixels still have the codes from which the edit was computed.

        Parameters
        ----------
        labels : array of int
            The labels as they are now; what was painted meanwhile is newer and stays.
        """
        same = np.asarray(labels[self.indices]) == self.before
        indices = tuple(axis[same] for axis in self.indices)
        return Edit(indices, self.before[same], self.after[same])

    @property
    def counts(self) -> Mapping[int, int]:
        """How many pixels get each code."""
        codes, counts = np.unique(self.after, return_counts=True)
        return {int(code): int(count) for code, count in zip(codes, counts, strict=True)}


def edit_between(before: AnyArray, after: AnyArray) -> Edit:
    """Return what changes codes into others of the same shape."""
    indices = tuple(axis.astype(np.int32) for axis in np.nonzero(before != after))
    return Edit(indices, before[indices], after[indices])


def in_words(counts: Mapping[int, int], names: Mapping[int, str]) -> str:
    """Say what an edit did.

    Parameters
    ----------
    counts : mapping of int to int
        Pixels by code, as `Edit.counts`.
    names : mapping of int to str
        Names by code.
    """
    painted = [
        f"{_sentence(names.get(code, f'code {code}'))}: {_pixels(count)} painted."
        for code, count in counts.items()
        if code != NOT_LABELLED
    ]
    erased = counts.get(NOT_LABELLED, 0)
    return " ".join([*painted, *([f"{_pixels(erased)} erased."] if erased else [])]) or "No pixel changed."


def _pixels(count: int) -> str:
    return f"{count:,} pixel{'' if count == 1 else 's'}"


def _sentence(name: str) -> str:
    return name[:1].upper() + name[1:]
