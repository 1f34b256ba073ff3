"""Atom tables as Parquet: exact, small, quick; units in the metadata of each column."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.errors import ExtraError, TableError
from napari_strata.io.atoms.columns import UNITS, known_columns, refuse, table_of
from napari_strata.io.atoms.csv import with_angstrom
from napari_strata.io.atoms.origin import KEY, as_text, from_text

if TYPE_CHECKING:
    from pandas import DataFrame

_MOST_ATOMS = 100_000_000


def write_parquet(table: "DataFrame", path: Path, origin: AtomOrigin | None = None) -> None:
    """Write a table; every column has its unit in its metadata, and the table its origin.

    Raises
    ------
    ExtraError
        If pyarrow is not installed.
    """
    arrow = _arrow()
    import pyarrow.parquet as parquet

    columns = arrow.Table.from_pandas(table, preserve_index=False)
    fields = [
        field.with_metadata({"unit": UNITS[field.name]}) if field.name in UNITS else field
        for field in columns.schema
    ]
    known = {} if origin is None else {KEY: as_text(origin)}
    parquet.write_table(columns.cast(arrow.schema(fields, metadata=known)), path)


def read_parquet(path: Path, pixel_size: float | None = None) -> "DataFrame":
    """Read a table; a pixel size [Å/px] gives it positions in Å if it has none.

    Raises
    ------
    TableError
        If the file cannot be read, lacks a column, or holds a value that cannot be.
    ExtraError
        If pyarrow is not installed.
    """
    arrow = _arrow()
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(path) as file:
            if file.metadata.num_rows > _MOST_ATOMS:
                refuse(path, f"it claims {file.metadata.num_rows:,} atoms", "Export it in parts.")
            columns = file.read(columns=known_columns(file.schema_arrow.names)).to_pydict()
    except OSError as error:  # also what pyarrow raises on damage
        reason = error.strerror or " ".join(str(error).split())
        raise TableError(
            f"{path} cannot be read ({reason}).", remedy="Check the path, or export it again."
        ) from error
    except (arrow.ArrowException, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise TableError(f"{path} is no Parquet table ({reason}).", remedy="Export it again.") from error
    return with_angstrom(table_of(columns, path), pixel_size)


def read_parquet_origin(path: Path) -> AtomOrigin | None:
    """Return where the atoms of a file come from; None where it does not say.

    Raises
    ------
    ExtraError
        If pyarrow is not installed.
    """
    arrow = _arrow()
    import pyarrow.parquet as parquet

    try:
        text = (parquet.read_schema(path).metadata or {}).get(KEY.encode(), b"")
    except arrow.ArrowException:
        return None
    return from_text(text.decode("utf-8", "replace"))


def check_arrow() -> None:
    """Check that pyarrow is installed.

    Raises
    ------
    ExtraError
        If it is not.
    """
    if find_spec("pyarrow") is None:
        raise ExtraError(
            "Parquet files need pyarrow, which is not installed.",
            remedy='Install the extra: pip install "napari-strata[parquet]", or choose CSV.',
        )


def _arrow() -> Any:
    check_arrow()
    import pyarrow

    return pyarrow
