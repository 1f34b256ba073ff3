"""The formats of atom tables, by the endings of their files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.io.atoms.cif import read_cif, write_cif
from napari_strata.io.atoms.csv import read_csv, write_csv, write_csv_with_units
from napari_strata.io.atoms.geojson import read_geojson, write_geojson
from napari_strata.io.atoms.parquet import check_arrow, read_parquet, write_parquet
from napari_strata.io.atoms.xyz import read_xyz, write_extxyz, write_xyz
from napari_strata.types import ATOM_COLUMNS, ATOM_DETAILS

if TYPE_CHECKING:
    from pandas import DataFrame

_EVERYTHING = frozenset((*ATOM_COLUMNS, *ATOM_DETAILS))


@dataclass(frozen=True, slots=True)
class AtomFormat:
    """A format of atom tables.

    Attributes
    ----------
    title : str
        What to call it in a list of formats.
    ending : str
        Ending of its files.
    write : callable
        Writes a table to a file.
    read : callable
        Reads a file; the second argument is a pixel size [Å/px] or None.
    keeps : frozenset of str
        Columns that it has a place for.
    check_installed : callable or None
        Raises an `ExtraError` where a package that it needs is not installed; None where it needs none.
    """

    title: str
    ending: str
    write: "Callable[[DataFrame, Path], None]"
    read: "Callable[[Path, float | None], DataFrame]"
    keeps: frozenset[str] = _EVERYTHING
    check_installed: Callable[[], None] | None = None


CSV = AtomFormat("CSV table", ".csv", write_csv, read_csv)
CSV_WITH_UNITS = AtomFormat("CSV table with units", ".csv", write_csv_with_units, read_csv)
FORMATS = (
    CSV,
    CSV_WITH_UNITS,
    AtomFormat("Parquet", ".parquet", write_parquet, read_parquet, check_installed=check_arrow),
    AtomFormat("Extended XYZ", ".extxyz", write_extxyz, read_xyz),
    AtomFormat("XYZ, positions only", ".xyz", write_xyz, read_xyz, _EVERYTHING - {"probability", *ATOM_DETAILS}),
    AtomFormat("CIF, a block per layer", ".cif", write_cif, read_cif),
    AtomFormat("GeoJSON", ".geojson", write_geojson, read_geojson),
)
"""All formats, in the order in which they are offered."""
ENDINGS = tuple(dict.fromkeys(one.ending for one in FORMATS))
"""Endings of atom tables."""


def format_of(path: Path, *, units: bool = False) -> AtomFormat:
    """Return the format that a file has by its ending; CSV where it has none of these.

    Parameters
    ----------
    path : Path
        The file.
    units : bool
        Whether a CSV table states units before its header.
    """
    found = next((one for one in FORMATS if one.ending == path.suffix.lower()), CSV)
    return CSV_WITH_UNITS if units and found is CSV else found
