"""Atom tables on disk: the columns of `ATOM_COLUMNS`, and any of `ATOM_DETAILS`, in any of several formats."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.errors import OutputError, TableError
from napari_strata.io.atoms.columns import TRUTH_COLUMNS, check_writable
from napari_strata.io.atoms.formats import CSV, ENDINGS, format_of
from napari_strata.io.atoms.origin import write_beside
from napari_strata.io.files import replacing

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["TRUTH_COLUMNS", "check_atom_file", "read_atoms", "read_origin", "write_atoms"]


def check_atom_file(path: Path) -> None:
    """Check, before any work whose result goes to a file, that its format can be written.

    Raises
    ------
    OutputError
        If its ending is that of no format.
    ExtraError
        If the format needs a package that is not installed.
    """
    if path.suffix.lower() not in ENDINGS:
        raise OutputError(
            f"{path.name} has no ending of a format of atoms.", remedy=f"End it in {', '.join(ENDINGS)}."
        )
    check = format_of(path).check_installed
    if check is not None:
        check()


def write_atoms(table: "DataFrame", path: Path, *, units: bool = False, origin: AtomOrigin | None = None) -> None:
    """Write an atom table, whole or not at all.

    Parameters
    ----------
    table : DataFrame
        Columns `ATOM_COLUMNS` in this order, or all but the probability (a truth table), and then any of
        `ATOM_DETAILS`.
    path : Path
        File to write; its ending chooses among `napari_strata.io.atoms.formats.FORMATS`, and any other is CSV:
        positions to 1e-6 px and 1e-6 Å.
    units : bool
        State units in lines before the header of a CSV table.
    origin : AtomOrigin, optional
        Where the atoms come from; it becomes part of the file. A CSV table without lines before its header has no
        place for it: it goes to a file beside the table, ``NAME.csv.origin.json``.

    Raises
    ------
    TableError
        If the columns differ or a value cannot be.
    CalibrationError
        If the format needs positions in Å and the table has none.
    ExtraError
        If the format needs a package that is not installed.
    OutputError
        If the file cannot be written.
    """
    check_writable(table)
    format_ = format_of(path, units=units)
    with replacing(path) as temporary:
        format_.write(table, temporary, origin)
    if origin is not None and format_ is CSV:
        write_beside(origin, path)


def read_atoms(path: Path, *, pixel_size: float | None = None) -> "DataFrame":
    """Read an atom table; columns beyond the known ones are left out.

    Parameters
    ----------
    path : Path
        A file of any of `napari_strata.io.atoms.formats.FORMATS` by its ending; any other is read as CSV.
    pixel_size : float, optional
        Pixel size [Å/px], for files that state positions in Å or in px alone.

    Returns
    -------
    DataFrame
        Columns `ATOM_COLUMNS`, without the probability where the file has none, and those of `ATOM_DETAILS` that
        it has. Numbers but counts and positions in px are NaN where the file leaves them empty.

    Raises
    ------
    TableError
        If the file cannot be read, lacks a column, or holds a value that cannot be.
    CalibrationError
        If the file states positions in Å alone, and no pixel size is given.
    ExtraError
        If the format needs a package that is not installed.
    """
    return format_of(path).read(path, pixel_size)


def read_origin(path: Path) -> AtomOrigin | None:
    """Return where the atoms of a file come from: model, settings, images and software.

    Parameters
    ----------
    path : Path
        A file that `read_atoms` reads.

    Returns
    -------
    AtomOrigin or None
        None where the file does not say, as those of other programs, of earlier versions of this one, and CSV
        tables that were changed by others; and where a later version says it in its own way.

    Raises
    ------
    TableError
        If the file cannot be read.
    ExtraError
        If the format needs a package that is not installed.
    """
    try:
        return format_of(path).read_origin(path)
    except OSError as error:
        raise TableError(f"{path} cannot be read ({error.strerror}).", remedy="Check the path.") from error
