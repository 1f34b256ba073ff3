"""Files of maps: as columns beside the atoms (csv, parquet), or drawn on the pixels of the image (npz, tif)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.errors import OutputError
from napari_strata.io.files import replacing
from napari_strata.types import FloatImage

if TYPE_CHECKING:
    from pandas import DataFrame

TABLES = {".csv": "CSV table of the atoms with their maps", ".parquet": "Parquet table of the same"}
PICTURES = {".npz": "Maps on the image's pixels, NumPy", ".tif": "Maps on the image's pixels, TIFF"}
"""Endings of files of maps, and what they hold."""
AXES = ("map", "frame", "layer", "y", "x")
"""Axes of maps on pixels."""
_ORIGIN = "(0, 0) is the centre of the first pixel; frame and layer count from 0."


def check_map_file(path: Path) -> None:
    """Check, before any work, that a file of maps can have this name.

    Raises
    ------
    OutputError
        If its ending is none of the known ones.
    ExtraError
        If the format needs a package that is not installed.
    """
    ending = path.suffix.lower()
    if ending not in TABLES | PICTURES:
        raise OutputError(
            f"{path.name} does not tell its format.",
            remedy=f"Let its name end in {', '.join(TABLES)} (columns beside the atoms) or {', '.join(PICTURES)}.",
        )
    if ending == ".parquet":
        from napari_strata.io.atoms.parquet import check_arrow

        check_arrow()


def write_map_table(table: "DataFrame", units: Mapping[str, str], path: Path) -> None:
    """Write atoms and their maps.

    Parameters
    ----------
    table : DataFrame
        An atom table, and one column per map after it. It can be read again as an atom table.
    units : mapping of str to str
        Units of columns; those without one are left out.
    path : Path
        A csv, which states units in lines before its header, or a parquet file, which has them in the metadata of
        each column.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    told = {name: units[name] for name in table if units.get(name)}
    with replacing(path) as temporary:
        if path.suffix.lower() == ".parquet":
            _write_parquet(table, told, temporary)
            return
        with temporary.open("w", encoding="utf-8-sig", newline="") as file:  # Excel takes Å for other letters else
            file.write(f"# {_ORIGIN}\n# Units: {', '.join(f'{name} [{unit}]' for name, unit in told.items())}\n")
            table.to_csv(file, index=False, float_format="%.9g", lineterminator="\n")


def write_map_pictures(
    values: FloatImage,
    path: Path,
    *,
    names: tuple[str, ...],
    units: tuple[str, ...],
    frames: tuple[int, ...],
    layers: tuple[int, ...],
    pixel_size: float,
    first_pixel: float,
) -> None:
    """Write maps that were drawn on pixels.

    Parameters
    ----------
    values : ndarray of float32, shape (map, frame, layer, y, x)
        The maps; NaN where nothing is known.
    path : Path
        An npz file with an array per map, shape (frame, layer, y, x), and ``names``, ``units``, ``frames``,
        ``layers``, ``pixel_size_A`` and ``first_pixel_px``; or a tif with all of them, and the same in its
        description.
    names, units : tuple of str
        Name and unit of each map.
    frames, layers : tuple of int
        Their numbers.
    pixel_size : float
        Pixel size of the maps [Å/px].
    first_pixel : float
        Where the centre of the first pixel is along y and x, in pixels of the image.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    about = {
        "names": names,
        "units": units,
        "frames": frames,
        "layers": layers,
        "pixel_size_A": pixel_size,
        "first_pixel_px": first_pixel,
    }
    with replacing(path) as temporary, temporary.open("wb") as file:
        if path.suffix.lower() == ".npz":
            arrays: dict[str, Any] = {name: np.asarray(one) for name, one in about.items()}
            np.savez_compressed(file, **arrays, **dict(zip(names, values, strict=True)))
            return
        import tifffile

        resolution = {"resolution": (1e8 / pixel_size,) * 2, "resolutionunit": "CENTIMETER"}
        described = {"axes": "CTZYX", "axes_mean": AXES, **about}
        tifffile.imwrite(
            file, values, photometric="minisblack", compression="zlib", metadata=described, **resolution
        )


def write_statistics(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write rows of `napari_strata.lattice.regions.region_statistics` as CSV, units in a column.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import pandas as pd

    with replacing(path) as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False, float_format="%.9g", encoding="utf-8-sig")


def _write_parquet(table: "DataFrame", units: Mapping[str, str], path: Path) -> None:
    import pyarrow
    import pyarrow.parquet as parquet

    columns = pyarrow.Table.from_pandas(table, preserve_index=False)
    fields = [one.with_metadata({"unit": units[one.name]}) if one.name in units else one for one in columns.schema]
    parquet.write_table(columns.cast(pyarrow.schema(fields)), path)
