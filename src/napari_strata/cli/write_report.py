"""``napari-strata report``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.model_options import MinDistance, MinProbability, OneImage, RefineOn, SpeciesFrom
from napari_strata.cli.options import (
    AnalysisFile,
    AsJson,
    Overwrite,
    PixelSize,
    SignalName,
    ToGrey,
    Verbose,
    option,
    read_analysis,
    with_options,
)
from napari_strata.cli.runner import run_command
from napari_strata.config import ReportConfig
from napari_strata.config.crystal import Material
from napari_strata.config.report import Columns, MapQuantity
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def report(
    image: OneImage,
    atoms: Annotated[Path, typer.Option(metavar="ATOMS.csv", help="Table of this image's atoms, positions in Å.")],
    out: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Folder for the text, the figure and report.json."),
    ],
    model: Annotated[
        Path | None,
        typer.Option(metavar="MODEL", help="Model that located them, if ATOMS does not say.", show_default=False),
    ] = None,
    pixel_size: PixelSize = None,
    frame: Annotated[int, typer.Option(help="Which frame of the image, from 0.", min=0)] = 0,
    crystal: Annotated[Material | None, option(ReportConfig, "crystal")] = None,
    columns: Annotated[Columns | None, option(ReportConfig, "columns")] = None,
    quantity: Annotated[MapQuantity | None, option(ReportConfig, "quantity", "--map")] = None,
    keep_field: Annotated[bool | None, option(ReportConfig, "keep_field")] = None,
    seed: Annotated[int | None, option(ReportConfig, "seed")] = None,
    refine: RefineOn = None,
    min_distance: MinDistance = None,
    min_probability: MinProbability = None,
    species: SpeciesFrom = None,
    config: AnalysisFile = None,
    overwrite: Overwrite = False,
    to_grey: ToGrey = False,
    signal: SignalName = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Write a methods text and a figure for a paper about an image whose atoms were located.

    A table that the command atoms wrote says how; a bundled model that it names is found. Of any other table, give
    --model, and the options or the --config that the atoms were located with; those left out count as their
    defaults. What is not known is listed after the text.
    """

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.events import Warned
        from napari_strata.io.atom_tables import read_atoms, read_origin
        from napari_strata.io.images import read_image
        from napari_strata.jobs.write_report import write_report

        located = {
            "refine": refine,
            "min_distance": min_distance,
            "min_probability": min_probability,
            "species": species,
        }
        settings = read_analysis(config)
        is_told = config is not None or any(value is not None for value in located.values())
        origin = read_origin(atoms)
        base = settings.atoms if origin is None or config is not None else origin.settings
        locating = with_options(base, **located)
        shown = with_options(
            settings.report, crystal=crystal, columns=columns, quantity=quantity, keep_field=keep_field, seed=seed
        )
        file = read_image(image, pixel_size=pixel_size, to_grey=to_grey, signal=signal)
        for text in file.warnings:
            display.show(Warned(text))
        return write_report(
            control,
            file.stack,
            read_atoms(atoms, pixel_size=file.stack.pixel_size),
            shown,
            out=out,
            source=file.calibration.source,
            model=model,
            settings=locating if is_told else None,
            frame=frame,
            origin=origin,
            overwrite=overwrite,
        )

    return run_command(make_job, as_json=as_json, verbose=verbose, words=_words)


def _words(figures: Mapping[str, Any]) -> Iterator[str]:
    """Show the text, which says all the rest."""
    if "methods" in figures:
        yield ""
        yield figures["methods"]
