"""``napari-strata lattice``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.inputs import read_stacks
from napari_strata.cli.lattice_words import lattice_words
from napari_strata.cli.options import AsJson, Overwrite, PixelSize, ToGrey, Verbose
from napari_strata.cli.runner import run_command
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job
from napari_strata.lattice.cells import Family

if TYPE_CHECKING:
    from napari_strata.jobs.map_tables import MapsWanted


def lattice(
    atoms: Annotated[
        Path,
        typer.Argument(metavar="ATOMS.csv", help="Table of atoms in Å, as the command atoms writes it."),
    ],
    image: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="IMAGE", help="Image of the atoms: fit its Fourier transform, too.", show_default=False
        ),
    ] = None,
    pixel_size: PixelSize = None,
    family: Annotated[
        Family | None,
        typer.Option(help="Cell of all layers without distortion. (default: as fits each)", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides which atoms judge the smooth distortion.", min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="LATTICES.json", help="File for all figures.", show_default=False)
    ] = None,
    maps_out: Annotated[
        Path | None,
        typer.Option(
            metavar="MAPS",
            help="File for all maps: .csv or .parquet beside the atoms, .npz or .tif on the image's pixels.",
            show_default=False,
        ),
    ] = None,
    without_field: Annotated[
        bool,
        typer.Option("--without-field", help="Take the smooth distortion of the scan out of the maps first."),
    ] = False,
    regions: Annotated[
        Path | None,
        typer.Option(
            metavar="SHAPES.csv",
            help="Shapes layer saved by napari, in pixels of the image: describe the maps in each shape.",
            show_default=False,
        ),
    ] = None,
    overwrite: Overwrite = False,
    to_grey: ToGrey = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Fit the lattice of every layer of located atoms.

    Gives for every frame a, b, gamma and orientation of each layer, the affine and the smooth distortion of the
    scan that all layers share, the twist between layers, and their moiré, with standard uncertainties. What cannot
    be measured is named under gaps. With --maps-out or --regions also displacement, strain, stacking, distances,
    intensity and species of every atom, the species that are dopants, and statistics of all maps in regions.
    """
    if pixel_size is not None and not image:
        raise typer.BadParameter(
            "it is that of --image; the positions in the table are in Å.", param_hint=["--pixel-size"]
        )

    if without_field and maps_out is regions is None:
        raise typer.BadParameter("it is about --maps-out and --regions.", param_hint=["--without-field"])

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.io.atom_tables import read_atoms, read_origin
        from napari_strata.jobs.fit_lattice import fit_lattice

        stacks = read_stacks(image or [], display, pixel_size=pixel_size, to_grey=to_grey)
        maps = None if maps_out is regions is None else _maps(maps_out, regions, without_field=without_field)
        return fit_lattice(
            control,
            read_atoms(atoms),
            images=stacks,
            family=family,
            seed=seed,
            out=out,
            overwrite=overwrite,
            maps=maps,
            origin=read_origin(atoms),
        )

    return run_command(make_job, as_json=as_json, verbose=verbose, words=lattice_words)


def _maps(out: Path | None, regions: Path | None, *, without_field: bool) -> "MapsWanted":
    from napari_strata.io.drawn_regions import read_regions
    from napari_strata.jobs.map_tables import MapsWanted
    from napari_strata.lattice.regions import Region

    drawn = [] if regions is None else read_regions(regions)
    shapes = [
        Region(f"shape {number + 1}", kind, at[:, -2:], round(float(at[0, 0])) if at.shape[1] == 3 else None)
        for number, kind, at in drawn
    ]
    return MapsWanted(out, without_field, shapes)
