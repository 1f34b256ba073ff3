"""Write an atom table in another format."""

from pathlib import Path

from napari_strata.control import JobControl
from napari_strata.events import JobResult, StateChanged, Warned
from napari_strata.jobs.job import JobBody, job


@job
def convert_atoms(
    control: JobControl,
    source: Path,
    out: Path,
    *,
    pixel_size: float | None = None,
    units: bool = False,
    overwrite: bool = False,
) -> JobBody:
    """Read atoms from a file of one format and write them to one of another; the endings tell the formats.

    What the source says of where they come from goes along.

    Parameters
    ----------
    control : JobControl
        Stop before the file is written leaves none.
    source : Path
        The atoms.
    out : Path
        File to write.
    overwrite : bool
        Whether files that are there may be replaced.
    pixel_size : float, optional
        Pixel size [Å/px], for a source that states positions in Å or in px alone.
    units : bool
        State units in lines before the header of a CSV table.

    Returns
    -------
    JobResult
        ``figures`` are the atoms and the layers; ``paths["atoms"]`` is the file written.

    Raises
    ------
    TableError
        If the source cannot be read.
    CalibrationError
        If the pixel size is needed and not given.
    ExtraError
        If a format needs a package that is not installed.
    OutputError
        If the ending of `out` is none of these formats, or the file cannot be written.
    """
    from napari_strata.io.atom_tables import check_atom_file, read_atoms, read_origin, write_atoms
    from napari_strata.io.atoms.formats import format_of
    from napari_strata.io.folders import check_new
    from napari_strata.jobs.predict import make_folder

    check_atom_file(out)
    check_new((out,), overwrite=overwrite)
    make_folder(out.parent)
    control.run()
    yield StateChanged(control.state)
    table = read_atoms(source, pixel_size=pixel_size)
    if not len(table):
        yield Warned(f"{source.name} holds no atoms, so {out.name} has none.", "Other programs may refuse it.")
    format_ = format_of(out, units=units)
    if lost := [name for name in table if name not in format_.keeps]:
        yield Warned(f"{format_.ending} files have no place for {', '.join(lost)}: left out.")
    control.checkpoint()
    write_atoms(table, out, units=units, origin=read_origin(source))
    figures = {"atoms": len(table), "layers": sorted(int(layer) for layer in table["layer"].unique())}
    return JobResult(figures, {"atoms": str(out)})
