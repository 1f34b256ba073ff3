"""Safe repairs as pure functions: each returns another array or table and leaves its argument as it was."""

import numpy as np

from napari_strata.annotation.classes import LAST_CLASS, add_class
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


def table_with(table: ClassTable, largest: int) -> ClassTable:
    """Add classes until a table holds a code.

    Raises
    ------
    LabelsError
        If no table can hold it.
    """
    if largest > LAST_CLASS:
        raise LabelsError(f"A class table ends at {LAST_CLASS}.", remedy=f"Relabel the code {largest}.")
    while BACKGROUND + len(table.classes) < largest:
        table = add_class(table)
    return table


def table_without_last(table: ClassTable) -> ClassTable:
    """Take the last class off a table, so that no other code changes its meaning.

    Raises
    ------
    ConfigError
        If it is the only one.
    """
    return ClassTable.parse({"classes": table.model_dump()["classes"][:-1]}, source="The class table")
