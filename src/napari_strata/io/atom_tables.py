"""Atom tables on disk: CSV with the columns of `ATOM_COLUMNS`, and any of `ATOM_DETAILS` after them."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.errors import TableError
from napari_strata.io.files import replacing
from napari_strata.types import ATOM_COLUMNS, ATOM_DETAILS

if TYPE_CHECKING:
    from pandas import DataFrame

TRUTH_COLUMNS = ATOM_COLUMNS[:-1]
"""Columns of a truth table: it has no probability."""

_TEXT = ("image", "species", "flag", "edited")
_INTENSITIES = tuple(name for name, unit in ATOM_DETAILS.items() if unit == "intensity")
_COUNTS = ("frame", "layer")
_FINITE = ("y_px", "x_px")
_REMEDY = f"An atom table has the columns {', '.join(TRUTH_COLUMNS)}, and probability where atoms were found."


def write_atoms(table: "DataFrame", path: Path) -> None:
    """Write an atom table as CSV, whole or not at all; positions to 1e-6 px and 1e-6 Å.

    Parameters
    ----------
    table : DataFrame
        Columns `ATOM_COLUMNS` in this order, or all but the probability (a truth table), and then any of
        `ATOM_DETAILS`.
    path : Path
        File to write.

    Raises
    ------
    TableError
        If the columns differ or a value cannot be.
    OutputError
        If the file cannot be written.
    """
    if list(table.columns) != _known(table) or not set(TRUTH_COLUMNS) <= set(table.columns):
        raise TableError(f"The atom table has the columns {', '.join(map(str, table.columns))}.", remedy=_REMEDY)
    _check(table, "The atom table")
    with replacing(path) as temporary:
        _written(table).to_csv(temporary, index=False, float_format="%.6f")


def read_atoms(path: Path) -> "DataFrame":
    """Read an atom table; columns beyond the known ones are left out.

    Parameters
    ----------
    path : Path
        A CSV file with a header line.

    Returns
    -------
    DataFrame
        Columns `ATOM_COLUMNS`, without the probability where the file has none, and those of `ATOM_DETAILS` that
        it has. Numbers but counts and positions in px are NaN where the file leaves them empty.

    Raises
    ------
    TableError
        If the file cannot be read, lacks a column, or holds a value that cannot be.
    """
    import pandas as pd

    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise TableError(f"{path} cannot be read ({error.strerror}).", remedy="Check the path.") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise TableError(f"{path} is no CSV table ({' '.join(str(error).split())}).", remedy=_REMEDY) from error
    missing = [column for column in TRUTH_COLUMNS if column not in raw.columns]
    if missing:
        raise TableError(f"{path} lacks {', '.join(missing)}.", remedy=_REMEDY)
    table = pd.DataFrame({column: _parse(raw[column], path) for column in _known(raw)})
    _check(table, str(path))
    return table


def _written(table: "DataFrame") -> "DataFrame":
    """Give intensities, whatever their size, nine digits in place of six decimals."""
    columns = {
        name: table[name].map("{:.9g}".format, na_action="ignore") for name in _INTENSITIES if name in table
    }
    return table.assign(**columns)


def _known(table: "DataFrame") -> list[str]:
    """Return the columns of a table that are known, in the order of every atom table."""
    return [column for column in (*ATOM_COLUMNS, *ATOM_DETAILS) if column in table.columns]


def _parse(text: "DataFrame", path: Path) -> "DataFrame":
    import pandas as pd

    if text.name in _TEXT:
        return text
    try:
        if text.name in _COUNTS:
            return text.astype("int64")
        return pd.to_numeric(text.where(text != "")).astype("float64")
    except ValueError as error:
        raise TableError(
            f"{path}: the column {text.name} holds something that is no number ({error}).", remedy=_REMEDY
        ) from error


def _check(table: "DataFrame", name: str) -> None:
    """Refuse what no atom can have: a negative frame, no position, a probability above 1."""
    import numpy as np

    if table.empty:
        return  # columns without rows have no type
    for column in _COUNTS:
        if table[column].dtype.kind not in "iu" or (table[column] < 0).any():
            raise TableError(f"{name}: {column} must be whole numbers from 0.", remedy="Mend that column.")
    for column in _FINITE:
        if not np.isfinite(table[column].to_numpy(dtype=np.float64)).all():
            raise TableError(f"{name}: {column} must be a number in every row.", remedy="Mend that column.")
    for column in ("y_A", "x_A", *(c for c in ATOM_DETAILS if c in table and c not in _TEXT)):
        if np.isinf(table[column].to_numpy(dtype=np.float64)).any():
            raise TableError(f"{name}: {column} must be a finite number or empty.", remedy="Mend that column.")
    for column in ("sigma_y", "sigma_x", "width", "chi2"):
        if column in table and (table[column] < 0).any():
            raise TableError(f"{name}: {column} must not be negative.", remedy="Mend that column.")
    if "probability" in table and not table["probability"].between(0, 1).all():
        raise TableError(f"{name}: probability must lie between 0 and 1.", remedy="Mend that column.")
