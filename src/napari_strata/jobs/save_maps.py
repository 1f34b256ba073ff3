"""Write the maps of lattices to a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.control import JobControl
from napari_strata.errors import TableError
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.lattice.frame_maps import FrameMaps


@dataclass(frozen=True, slots=True, eq=False)
class MappedFrame:
    """The maps of one frame.

    Attributes
    ----------
    image : str
        Name of the image.
    frame : int
        Number of the frame.
    atoms : DataFrame
        All atoms of the frame, those that have no maps included.
    maps : FrameMaps or None
        Their maps; None of a frame without a lattice.
    shape : (int, int) or None
        Height and width of the image [px]; None where it is not known.
    """

    image: str
    frame: int
    atoms: "DataFrame"
    maps: "FrameMaps | None"
    shape: tuple[int, int] | None


@job
def save_maps(
    control: JobControl, frames: Sequence[MappedFrame], out: Path, *, without_field: bool = False
) -> JobBody:
    """Write maps to a file: its ending chooses among those of `napari_strata.io.map_files`.

    Parameters
    ----------
    control : JobControl
        Stop before the file is written leaves none.
    frames : sequence of MappedFrame
        The maps.
    out : Path
        csv or parquet: the atom table with a column per map; npz or tif: the maps on the pixels of the image.
    without_field : bool
        Whether the smooth distortion that the layers share is taken out of the positions first.

    Returns
    -------
    JobResult
        ``paths["maps"]`` is the file written.

    Raises
    ------
    TableError
        If the atoms are of several images, and the file holds pixels.
    OutputError
        If the file cannot be written.
    ExtraError
        If the format needs a package that is not installed.
    """
    from napari_strata.io.map_files import check_map_file

    check_map_file(out)
    control.run()
    yield StateChanged(control.state)
    yield Progress(0.0, f"Writing {out.name}")
    write_maps(frames, out, without_field=without_field)
    return JobResult(paths={"maps": str(out)})


def write_maps(frames: Sequence[MappedFrame], out: Path, *, without_field: bool) -> None:
    """Write maps to a file; see `save_maps`."""
    from napari_strata.io.map_files import TABLES

    if out.suffix.lower() in TABLES:
        _write_table(frames, out, without_field=without_field)
    else:
        _write_pictures(frames, out, without_field=without_field)


def _write_table(frames: Sequence[MappedFrame], out: Path, *, without_field: bool) -> None:
    import pandas as pd

    from napari_strata.io.atoms.columns import UNITS
    from napari_strata.io.map_files import write_map_table
    from napari_strata.lattice.map_columns import map_columns

    parts, units = [], dict(UNITS)
    for one in frames:
        if one.maps is None:
            parts.append(one.atoms)
            continue
        columns = map_columns(one.maps, without_field=without_field)
        parts.append(one.atoms.join(columns.table))
        units |= columns.units
    write_map_table(pd.concat(parts, ignore_index=True), units, out)


def _write_pictures(frames: Sequence[MappedFrame], out: Path, *, without_field: bool) -> None:
    from napari_strata.io.map_files import write_map_pictures
    from napari_strata.lattice.map_columns import map_columns
    from napari_strata.lattice.map_images import draw_maps

    if len({one.image for one in frames}) > 1:
        raise TableError(
            "The atoms are of several images, and a file of pixels holds the maps of one.",
            remedy="Write a csv file, or measure the images one by one.",
        )
    mapped = [(one, one.maps) for one in frames if one.maps is not None]
    columns = [
        (one.frame, maps.atoms.loc[maps.maps.index], map_columns(maps, without_field=without_field))
        for one, maps in mapped
    ]
    shape = mapped[0][0].shape or _extent(frames)
    drawn = draw_maps(columns, shape, _pixel_size(mapped[0][0].atoms))
    write_map_pictures(
        drawn.values,
        out,
        names=drawn.names,
        units=drawn.units,
        frames=drawn.frames,
        layers=drawn.layers,
        pixel_size=drawn.pixel_size,
        first_pixel=drawn.offset,
    )


def _extent(frames: Sequence[MappedFrame]) -> tuple[int, int]:
    """Return height and width of the least image that has all atoms [px]."""
    largest = np.max([one.atoms[["y_px", "x_px"]].max() for one in frames], axis=0)
    height, width = (int(np.ceil(side)) + 1 for side in largest)
    return height, width


def _pixel_size(atoms: "DataFrame") -> float:
    """Return the pixel size that positions in Å and in px state together [Å/px]."""
    in_px, in_angstrom = (atoms[[f"y_{unit}", f"x_{unit}"]].to_numpy(np.float64).max() for unit in ("px", "A"))
    return float(in_angstrom / in_px)
