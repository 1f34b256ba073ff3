"""Where each label comes from: a person, a file, a network, or a person who corrected one of these."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from napari_strata.types import NOT_LABELLED, AnyArray, LabelArray


class Provenance(IntEnum):
    """Where the label of one pixel comes from."""

    NOT_LABELLED = 0
    HUMAN = 1
    IMPORTED = 2
    MODEL = 3
    CORRECTED = 4

    @property
    def words(self) -> str:
        """What it means, for users."""
        return _WORDS[self]


_WORDS = {
    Provenance.NOT_LABELLED: "not labelled",
    Provenance.HUMAN: "painted by hand",
    Provenance.IMPORTED: "imported",
    Provenance.MODEL: "drawn by a network",
    Provenance.CORRECTED: "corrected by hand",
}


@dataclass(frozen=True, slots=True, eq=False)
class Birth:
    """How labels began.

    Attributes
    ----------
    provenance : Provenance
        Where the first codes came from: HUMAN, IMPORTED or MODEL.
    codes : ndarray of integers or None
        Those codes; None where the labels began empty.
    """

    provenance: Provenance = Provenance.HUMAN
    codes: AnyArray | None = None


_NONE, _HUMAN, _CORRECTED = (
    np.uint8(one) for one in (Provenance.NOT_LABELLED, Provenance.HUMAN, Provenance.CORRECTED)
)  # eight times as quick on a large stack as integers of eight bytes

EMPTY = Birth()
"""Labels that began empty: whatever is in them was painted by hand."""


def provenance_of_codes(codes: AnyArray, birth: Birth, born_codes: AnyArray | None = None) -> LabelArray:
    """Tell where each label comes from.

    It follows from what a pixel was at first and what it is now, and from nothing else, so undo takes it back.

    Parameters
    ----------
    codes : ndarray of integers
        Mask codes as they are now, or a part of them.
    birth : Birth
        How they began.
    born_codes : ndarray of integers, optional
        The same part of the first codes; by default all of them.

    Returns
    -------
    ndarray of uint8
        A `Provenance` per pixel.
    """
    first = birth.codes if born_codes is None else born_codes
    found: LabelArray
    if first is None:
        found = np.where(codes == NOT_LABELLED, _NONE, _HUMAN)
        return found
    changed = np.where(first != NOT_LABELLED, _CORRECTED, _HUMAN)
    found = np.where(codes == first, np.uint8(birth.provenance), changed)
    found[codes == NOT_LABELLED] = Provenance.NOT_LABELLED
    return found


def without(codes: LabelArray, provenance: AnyArray, unwanted: tuple[Provenance, ...]) -> LabelArray:
    """Return a copy of mask codes in which labels of some provenances are not labelled."""
    is_unwanted = np.zeros(1 + max(Provenance), bool)
    is_unwanted[list(unwanted)] = True
    return np.where(is_unwanted[provenance], codes.dtype.type(NOT_LABELLED), codes)
