"""Read a file of atoms beside the window: a large CIF takes a minute."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config.atom_origin import AtomOrigin
from napari_strata.control import JobControl
from napari_strata.errors import CalibrationError
from napari_strata.events import JobResult, StateChanged
from napari_strata.jobs.job import JobBody, job

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class AtomFile:
    """Atoms as a file has them.

    Attributes
    ----------
    path : Path
        The file.
    table : DataFrame
        The atoms.
    origin : AtomOrigin or None
        Where they come from.
    knows_pixels : bool
        Whether the file tells positions in px; else those in the table are as those in Å.
    """

    path: Path
    table: "DataFrame"
    origin: AtomOrigin | None
    knows_pixels: bool


@job
def read_atom_file(control: JobControl, path: Path) -> JobBody:
    """Read atoms and where they come from.

    Returns
    -------
    JobResult
        ``value`` is an `AtomFile`.

    Raises
    ------
    TableError
        If the file cannot be read.
    ExtraError
        If it needs a package that is not installed.
    """
    from napari_strata.io.atom_tables import read_atoms, read_origin

    control.run()
    yield StateChanged(control.state)
    try:
        table, knows_pixels = read_atoms(path), True
    except CalibrationError:
        table, knows_pixels = read_atoms(path, pixel_size=1.0), False
    control.checkpoint()
    return JobResult({"atoms": len(table)}, {}, AtomFile(path, table, read_origin(path), knows_pixels))
