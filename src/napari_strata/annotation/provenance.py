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
    if first is None:
        return np.where(codes == NOT_LABELLED, Provenance.NOT_LABELLED, Provenance.HUMAN).astype(np.uint8)
    was_labelled = first != NOT_LABELLED
    changed = np.where(was_labelled, Provenance.CORRECTED, Provenance.HUMAN)
    found = np.where(was_labelled & (codes == first), birth.provenance, changed)
    return np.where(codes == NOT_LABELLED, Provenance.NOT_LABELLED, found).astype(np.uint8)


def without(codes: LabelArray, provenance: AnyArray, unwanted: tuple[Provenance, ...]) -> LabelArray:
    """Return a copy of mask codes in which labels of some provenances are not labelled."""
    return np.where(np.isin(provenance, unwanted), NOT_LABELLED, codes).astype(codes.dtype)
