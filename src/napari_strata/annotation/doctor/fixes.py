"""Safe repairs as pure functions: each returns another array or table and leaves its argument as it was."""

from collections.abc import Iterable

import numpy as np

from napari_strata.annotation.classes import LAST_CLASS, add_class
from napari_strata.annotation.doctor.codes import VOID
from napari_strata.config import ClassTable
from napari_strata.errors import LabelsError
from napari_strata.types import BACKGROUND, NOT_LABELLED, AnyArray, LabelArray


def whole_numbers(labels: AnyArray) -> LabelArray:
    """Convert labels that are whole numbers from 0 to 255, of whatever type, to uint8.

    Raises
    ------
    LabelsError
        If a value would change.
    """
    if labels.size and not (np.isfinite(labels).all() and labels.min() >= 0 and labels.max() <= 255):
        raise LabelsError(
            "The labels hold values outside 0 to 255.", remedy="Relabel those pixels, then convert again."
        )
    codes: LabelArray = labels.astype(np.uint8)
    if not np.array_equal(codes, labels):
        raise LabelsError("The labels hold fractions.", remedy="Save codes instead of probabilities.")
    return codes


def transposed(labels: AnyArray) -> AnyArray:
    """Swap y and x of labels of shape (..., y, x)."""
    return np.ascontiguousarray(np.swapaxes(labels, -1, -2))


def unlabelled(labels: AnyArray, code: int | None = None) -> AnyArray:
    """Make the pixels of one code, or all pixels, not labelled."""
    return np.where(True if code is None else labels == code, NOT_LABELLED, labels).astype(labels.dtype)


def table_with(table: ClassTable, codes: Iterable[int]) -> tuple[ClassTable, LabelArray]:
    """Add a class for each painted code that has none, and no class that nobody painted.

    Parameters
    ----------
    table : ClassTable
        The present classes.
    codes : iterable of int
        Painted codes.

    Returns
    -------
    ClassTable
        The classes, those that were added behind the others.
    ndarray of uint8, shape (256,)
        For each painted code its code now: codes without a class take the next free ones, in their order. 255,
        which counts for nothing elsewhere, stays.

    Raises
    ------
    LabelsError
        If a code is none that a class can have, or there are more than a table holds.
    """
    lookup = np.arange(256, dtype=np.uint8)
    unknown = sorted(code for code in set(codes) if code > BACKGROUND + len(table.classes) and code != VOID)
    if unknown and (unknown[-1] > LAST_CLASS or len(table.classes) + len(unknown) > LAST_CLASS - BACKGROUND):
        raise LabelsError(
            f"A class table ends at {LAST_CLASS}.", remedy="Convert numbered objects, or relabel those pixels."
        )
    for code in unknown:
        own = BACKGROUND + 1 + len(table.classes)
        name = f"code {code}"
        table = add_class(table, "" if code == own or name in table.names else name)
        lookup[code] = own
    return table, lookup


def table_without_last(table: ClassTable) -> ClassTable:
    """Take the last class off a table, so that no other code changes its meaning.

    Raises
    ------
    ConfigError
        If it is the only one.
    """
    return ClassTable.parse({"classes": table.model_dump()["classes"][:-1]}, source="The class table")
