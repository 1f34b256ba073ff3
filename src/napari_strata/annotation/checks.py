"""Whether painted or imported labels can be learned from, and if not, what to do about it."""

import numpy as np

from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.types import BACKGROUND, NOT_LABELLED, AnyArray, LabelArray

_PIECE = 1 << 20
"""Pixels that are counted at once: numpy counts in integers of eight bytes, too much for a large stack."""


def check_labels(labels: AnyArray, shape: tuple[int, ...], table: ClassTable, *, name: str) -> LabelArray:
    """Check labels against their image and their class table.

    Parameters
    ----------
    labels : ndarray, shape (..., y, x)
        Mask codes.
    shape : tuple of int
        Shape that the image demands.
    table : ClassTable
        What the codes mean.
    name : str
        Name of the labels, for messages.

    Returns
    -------
    ndarray of uint8
        A copy, safe from later painting.

    Raises
    ------
    LabelsError
        If they are not integers, have another shape, or hold codes that are not in the table.
    """
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        raise LabelsError(
            f"{name} holds {labels.dtype} values.", remedy="Labels are whole numbers: 0, 1, 2, ... Convert them."
        )
    if labels.shape != tuple(shape):
        raise LabelsError(
            f"{name} has shape {labels.shape}, its image {tuple(shape)}.",
            remedy="Make labels for this image in the Label dock, or choose the image that they belong to.",
        )
    largest = BACKGROUND + len(table.classes)
    if labels.size and (labels.min() < NOT_LABELLED or labels.max() > largest):
        strange = [int(code) for code in np.unique(labels) if not NOT_LABELLED <= code <= largest]
        raise LabelsError(
            f"{name} holds the codes {strange}, which are not in its class table (1 to {largest}).",
            remedy="Add the missing classes in the Label dock, or relabel those pixels.",
        )
    return labels.astype(np.uint8)


def painted_codes(*labels: LabelArray) -> dict[int, int]:
    """Return how many pixels of all arrays carry each code, without those not labelled."""
    counts = np.zeros(256, np.int64)
    for flat in (array.ravel() for array in labels):
        for start in range(0, flat.size, _PIECE):
            counts += np.bincount(flat[start : start + _PIECE], minlength=256)
    return {code: int(count) for code, count in enumerate(counts) if count and code != NOT_LABELLED}


def check_painted(*labels: LabelArray, table: ClassTable, name: str) -> None:
    """Check that there is something to tell apart.

    Parameters
    ----------
    *labels : ndarray of uint8
        Checked mask codes of everything that is to be learned from.
    table : ClassTable
        What the codes mean.
    name : str
        Name of the labels, for messages.

    Raises
    ------
    LabelsError
        If nothing is painted, or only one of background and the classes.
    """
    codes = sorted(painted_codes(*labels))
    if not codes:
        raise LabelsError(
            f"Nothing is painted in {name}.", remedy="Paint some background and some of each class first."
        )
    if len(codes) == 1:
        painted = ("background", *table.names)[codes[0] - BACKGROUND]
        raise LabelsError(
            f"Only {painted} is painted in {name}.",
            remedy="Paint at least one more of background and the classes; unpainted pixels teach nothing.",
        )
