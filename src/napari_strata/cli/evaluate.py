"""``napari-strata evaluate``."""

from pathlib import Path
from typing import Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.options import AsJson, Overwrite, Verbose
from napari_strata.cli.runner import run_command
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job

TOLERANCE = 0.4
"""Largest distance of an atom found from its true place [Å] where none is given: well below half a C-C bond."""


def evaluate(
    truth: Annotated[Path, typer.Option(help="True masks or true atoms.")],
    masks: Annotated[Path | None, typer.Option(help="Predicted masks: tif, npy, npz or png.")] = None,
    atoms: Annotated[Path | None, typer.Option(help="Atoms found: CSV.")] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help=f"Largest distance of an atom from its true place [Å]. (default {TOLERANCE})"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV file for the scores of each image and layer.")] = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Score masks or atoms against the truth.

    Give either --masks (iou, dice, precision, recall, f1: means over images, layers and classes) or --atoms
    (precision, recall, f1, rmse_A over all atoms). The order of layers has no meaning: each image takes the one
    permutation that fits best.
    """
    if (masks is None) == (atoms is None):
        raise typer.BadParameter(
            "give one of them, and --truth of the same kind.", param_hint=["--masks", "--atoms"]
        )
    if tolerance is not None and (atoms is None or not tolerance > 0):
        raise typer.BadParameter("it is a length in Å, above 0, for --atoms.", param_hint=["--tolerance"])

    def make_job(control: JobControl, _display: Display) -> Job:
        if masks is not None:
            return _masks_job(control, masks, truth, out, overwrite)
        assert atoms is not None
        return _atoms_job(control, atoms, truth, tolerance or TOLERANCE, out, overwrite)

    return run_command(make_job, as_json=as_json, verbose=verbose)


def _masks_job(control: JobControl, predicted: Path, truth: Path, out: Path | None, overwrite: bool) -> Job:
    from napari_strata.io.masks import read_masks
    from napari_strata.jobs.evaluate import evaluate_masks

    return evaluate_masks(control, read_masks(predicted), read_masks(truth), out=out, overwrite=overwrite)


def _atoms_job(
    control: JobControl, found: Path, truth: Path, tolerance: float, out: Path | None, overwrite: bool
) -> Job:
    from napari_strata.io.atom_tables import read_atoms
    from napari_strata.jobs.evaluate import evaluate_atoms

    return evaluate_atoms(
        control, read_atoms(found), read_atoms(truth), tolerance=tolerance, out=out, overwrite=overwrite
    )
