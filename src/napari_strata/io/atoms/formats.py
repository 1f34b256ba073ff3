"""The formats of atom tables, by the endings of their files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.io.atoms.cif import read_cif, read_cif_origin, write_cif
from napari_strata.io.atoms.csv import read_csv, read_csv_origin, write_csv, write_csv_with_units
from napari_strata.io.atoms.geojson import read_geojson, read_geojson_origin, write_geojson
from napari_strata.io.atoms.parquet import check_arrow, read_parquet, read_parquet_origin, write_parquet
from napari_strata.io.atoms.xyz import read_xyz, read_xyz_origin, write_extxyz, write_xyz
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
        Writes a table to a file, and where its atoms come from, if that is known.
    read : callable
        Reads a file; the second argument is a pixel size [Å/px] or None.
    read_origin : callable
        Returns where the atoms of a file come from; None where it does not say.
    keeps : frozenset of str
        Columns that it has a place for.
    check_installed : callable or None
        Raises an `ExtraError` where a package that it needs is not installed; None where it needs none.
    """

    title: str
    ending: str
    write: "Callable[[DataFrame, Path, AtomOrigin | None], None]"
    read: "Callable[[Path, float | None], DataFrame]"
    read_origin: Callable[[Path], AtomOrigin | None]
    keeps: frozenset[str] = _EVERYTHING
    check_installed: Callable[[], None] | None = None


CSV = AtomFormat("CSV table", ".csv", write_csv, read_csv, read_csv_origin)
CSV_WITH_UNITS = AtomFormat("CSV table with units", ".csv", write_csv_with_units, read_csv, read_csv_origin)
FORMATS = (
    CSV,
    CSV_WITH_UNITS,
    AtomFormat(
        "Parquet", ".parquet", write_parquet, read_parquet, read_parquet_origin, check_installed=check_arrow
    ),
    AtomFormat("Extended XYZ", ".extxyz", write_extxyz, read_xyz, read_xyz_origin),
    AtomFormat(
        "XYZ, positions only",
        ".xyz",
        write_xyz,
        read_xyz,
        read_xyz_origin,
        _EVERYTHING - {"probability", *ATOM_DETAILS},
    ),
    AtomFormat("CIF, a block per layer", ".cif", write_cif, read_cif, read_cif_origin),
    AtomFormat("GeoJSON", ".geojson", write_geojson, read_geojson, read_geojson_origin),
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
