"""The columns of an atom table: which there are, of what type, and what none can hold."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from napari_strata.errors import TableError
from napari_strata.types import ATOM_COLUMNS, ATOM_DETAILS

if TYPE_CHECKING:
    from pandas import DataFrame, Series

TRUTH_COLUMNS = ATOM_COLUMNS[:-1]
"""Columns of a truth table: it has no probability."""
TEXT = ("image", "species", "flag", "edited")
"""Columns that hold text."""
COUNTS = ("frame", "layer")
"""Columns that hold whole numbers from 0."""
UNITS = {"y_px": "px", "x_px": "px", "y_A": "Å", "x_A": "Å"} | {
    name: unit for name, unit in ATOM_DETAILS.items() if unit
}
"""Units of the columns that have one."""
INTENSITIES = tuple(name for name, unit in ATOM_DETAILS.items() if unit == "intensity")
"""Columns in units of the image."""
REMEDY = f"An atom table has the columns {', '.join(TRUTH_COLUMNS)}, and probability where atoms were found."

_FINITE = ("y_px", "x_px")


def known_columns(columns: "Sequence[str] | DataFrame") -> list[str]:
    """Return those columns that are known, in the order of every atom table."""
    return [column for column in (*ATOM_COLUMNS, *ATOM_DETAILS) if column in columns]


def table_of(columns: Mapping[str, Any], path: Path) -> "DataFrame":
    """Make an atom table of what a file holds; columns beyond the known ones are left out.

    Parameters
    ----------
    columns : mapping of str to sequence
        By name; numbers may be text, and empty text or None where a number is not known.
    path : Path
        The file, for messages.

    Raises
    ------
    TableError
        If a column is missing, or holds a value that cannot be.
    """
    import pandas as pd

    missing = [column for column in TRUTH_COLUMNS if column not in columns]
    if missing:
        raise TableError(f"{path} lacks {', '.join(missing)}.", remedy=REMEDY)
    typed = {name: _typed(columns[name], name, path) for name in known_columns(list(columns))}
    if len({len(column) for column in typed.values()}) > 1:
        refuse(path, "its columns are not equally long", "Export it again.")
    table = pd.DataFrame(typed)
    check_table(table, str(path))
    return table


def check_table(table: "DataFrame", name: str) -> None:
    """Refuse what no atom can have: a negative frame, no position, a probability above 1.

    Raises
    ------
    TableError
        If there is such a value.
    """
    if table.empty:
        return  # columns without rows have no type
    for column in COUNTS:
        if table[column].dtype.kind not in "iu" or (table[column] < 0).any():
            raise TableError(f"{name}: {column} must be whole numbers from 0.", remedy="Mend that column.")
    for column in _FINITE:
        if not np.isfinite(table[column].to_numpy(dtype=np.float64)).all():
            raise TableError(f"{name}: {column} must be a number in every row.", remedy="Mend that column.")
    for column in ("y_A", "x_A", *(c for c in ATOM_DETAILS if c in table and c not in TEXT)):
        if np.isinf(table[column].to_numpy(dtype=np.float64)).any():
            raise TableError(f"{name}: {column} must be a finite number or empty.", remedy="Mend that column.")
    for column in ("sigma_y", "sigma_x", "width", "chi2"):
        if column in table and (table[column] < 0).any():
            raise TableError(f"{name}: {column} must not be negative.", remedy="Mend that column.")
    if "probability" in table and not table["probability"].between(0, 1).all():
        raise TableError(f"{name}: probability must lie between 0 and 1.", remedy="Mend that column.")


def check_writable(table: "DataFrame") -> None:
    """Refuse to write a table whose columns, or values, are none of an atom table.

    Raises
    ------
    TableError
        If the columns differ from the known ones or their order, or a value cannot be.
    """
    if list(table.columns) != known_columns(table) or not set(TRUTH_COLUMNS) <= set(table.columns):
        raise TableError(f"The atom table has the columns {', '.join(map(str, table.columns))}.", remedy=REMEDY)
    check_table(table, "The atom table")


def refuse(path: Path, reason: str, remedy: str) -> NoReturn:
    """Refuse a file.

    Raises
    ------
    TableError
        Always.
    """
    raise TableError(f"{path} is refused: {reason}.", remedy=remedy)


def _typed(column: Any, name: str, path: Path) -> "Series[Any]":
    import pandas as pd

    values = column.tolist() if isinstance(column, pd.Series) else list(column)
    if name in TEXT:
        return pd.Series(["" if value is None else str(value) for value in values], dtype="str")
    try:
        if name in COUNTS:
            return pd.Series([_whole(value) for value in values], dtype="int64")
        numbers = [np.nan if value is None or value == "" else float(value) for value in values]
        return pd.Series(numbers, dtype="float64")
    except (ValueError, TypeError, OverflowError) as error:
        raise TableError(
            f"{path}: the column {name} holds something that is no number ({error}).", remedy=REMEDY
        ) from error


def _whole(value: Any) -> int:
    if isinstance(value, float):
        if not value.is_integer():
            raise ValueError(f"{value} is no whole number")
        return int(value)
    return int(value)
