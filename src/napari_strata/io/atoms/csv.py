"""Atom tables as CSV; with units in lines before the header where that is asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.errors import TableError
from napari_strata.io.atoms.columns import INTENSITIES, REMEDY, UNITS, refuse, table_of
from napari_strata.io.atoms.origin import KEY, as_text, from_text, read_beside

if TYPE_CHECKING:
    from pandas import DataFrame

MARK = "#"
"""What a line before the header begins with."""
_LONGEST_LINE = 2**22
_ORIGIN = "(0, 0) is the centre of the first pixel; frame and layer count from 0."


def write_csv(table: "DataFrame", path: Path, origin: AtomOrigin | None = None) -> None:
    """Write a table; numbers to six decimals, intensities to nine digits; an origin finds no place."""
    _shortened(table).to_csv(path, index=False, float_format="%.6f")


def write_csv_with_units(table: "DataFrame", path: Path, origin: AtomOrigin | None = None) -> None:
    """Write a table with lines before its header: what positions mean, the units of the columns, and the origin.

    It begins with a byte order mark, or Excel takes Å for other letters.
    """
    units = ", ".join(f"{name} [{UNITS[name]}]" for name in table if name in UNITS)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        file.write(f"{MARK} {_ORIGIN}\n{MARK} Units: {units}\n")
        if origin is not None:
            file.write(f"{MARK} {KEY}: {as_text(origin)}\n")
        _shortened(table).to_csv(file, index=False, float_format="%.6f", lineterminator="\n")


def read_csv(path: Path, pixel_size: float | None = None) -> "DataFrame":
    """Read a table, with or without lines before its header; a pixel size gives it positions in Å if it has none.

    Raises
    ------
    TableError
        If the file cannot be read, lacks a column, or holds a value that cannot be.
    """
    import pandas as pd

    try:
        with path.open("rb") as file:
            before = sum(1 for _line in _lines_before_header(file))
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, skiprows=before)
    except OSError as error:
        raise TableError(f"{path} cannot be read ({error.strerror}).", remedy="Check the path.") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise TableError(f"{path} is no CSV table ({' '.join(str(error).split())}).", remedy=REMEDY) from error
    if len(raw.columns) == 1 and ";" in raw.columns[0]:
        refuse(path, "semicolons separate its columns", "Save it with commas between columns and decimal points.")
    return with_angstrom(table_of(raw, path), pixel_size)


def read_csv_origin(path: Path) -> AtomOrigin | None:
    """Return the origin in the lines before the header, or in a file beside the table; None if there is none."""
    start = f"{MARK} {KEY}: ".encode()
    with path.open("rb") as file:
        for line in _lines_before_header(file):
            if line.startswith(start):
                return from_text(line.removeprefix(start).decode("utf-8", "replace"))
    return read_beside(path)


def _lines_before_header(file: BinaryIO) -> Iterator[bytes]:
    while (line := file.readline(_LONGEST_LINE).removeprefix(b"\xef\xbb\xbf")).startswith(MARK.encode()):
        yield line


def with_angstrom(table: "DataFrame", pixel_size: float | None) -> "DataFrame":
    """Fill in positions in Å that a table leaves empty, where a pixel size [Å/px] is given."""
    if pixel_size is None:
        return table
    return table.assign(
        y_A=table["y_A"].fillna(table["y_px"] * pixel_size), x_A=table["x_A"].fillna(table["x_px"] * pixel_size)
    )


def _shortened(table: "DataFrame") -> "DataFrame":
    """Give intensities, whatever their size, nine digits in place of six decimals."""
    columns = {name: table[name].map("{:.9g}".format, na_action="ignore") for name in INTENSITIES if name in table}
    return table.assign(**columns)
