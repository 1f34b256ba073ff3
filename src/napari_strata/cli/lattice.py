"""``napari-strata lattice``."""

from pathlib import Path
from typing import Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.inputs import read_stacks
from napari_strata.cli.lattice_words import lattice_words
from napari_strata.cli.options import AsJson, PixelSize, ToGrey, Verbose
from napari_strata.cli.runner import run_command
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job
from napari_strata.lattice.cells import Family


def lattice(
    atoms: Annotated[Path, typer.Argument(metavar="ATOMS.csv", help="Table of atoms with positions in Å.")],
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
    seed: Annotated[int, typer.Option(help="Decides which atoms are held out.", min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="LATTICES.json", help="File for all figures.", show_default=False)
    ] = None,
    to_grey: ToGrey = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Fit the lattice of every layer of located atoms.

    Gives for every frame a, b, gamma and orientation of each layer, the affine and the smooth distortion of the
    scan that all layers share, the twist between layers, and their moiré, with standard uncertainties. What cannot
    be measured is named under gaps.
    """
    if pixel_size is not None and not image:
        raise typer.BadParameter(
            "it is that of --image; the positions in the table are in Å.", param_hint=["--pixel-size"]
        )

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.io.atom_tables import read_atoms
        from napari_strata.jobs.fit_lattice import fit_lattice

        stacks = read_stacks(image or [], display, pixel_size=pixel_size, to_grey=to_grey)
        return fit_lattice(control, read_atoms(atoms), images=stacks, family=family, seed=seed, out=out)

    return run_command(make_job, as_json=as_json, verbose=verbose, words=lattice_words)
