"""``napari-strata convert-atoms``."""

from pathlib import Path
from typing import Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.options import AsJson, Overwrite, Verbose, length_of_pixel
from napari_strata.cli.runner import run_command
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def convert_atoms(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="Atoms: csv, parquet, extxyz, xyz, cif or geojson.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write; its ending chooses the format.")],
    pixel_size: Annotated[
        float | None,
        typer.Option(
            help="Length of one pixel [Å]; needed where a file gives positions in Å alone, or in px alone.",
            show_default=False,
            callback=length_of_pixel,
        ),
    ] = None,
    units: Annotated[
        bool, typer.Option("--units", help="State units in lines before the header of a csv table.")
    ] = False,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Write the atoms of a file in another format.

    csv, parquet, extxyz, cif and geojson keep all that is known of each atom. xyz keeps species and positions, a
    block for every layer; cif and xyz hold one structure per layer.
    """

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.jobs.convert_atoms import convert_atoms as job

        return job(control, source, out, pixel_size=pixel_size, units=units, overwrite=overwrite)

    return run_command(make_job, as_json=as_json, verbose=verbose)
