"""``napari-strata predict`` and ``napari-strata atoms``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.inputs import read_stacks
from napari_strata.cli.model_options import (
    Images,
    MinDistance,
    MinProbability,
    Model,
    OnDevice,
    RefineOn,
    SpeciesFrom,
    TileSize,
)
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
from napari_strata.cli.report import figure_lines
from napari_strata.cli.runner import run_command
from napari_strata.config import AtomsConfig
from napari_strata.config.inference import Peaks
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def predict(
    model: Model,
    images: Images,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for STEM_masks.tif and STEM_probabilities.tif.")
    ],
    pixel_size: PixelSize = None,
    tile_size: TileSize = None,
    device: OnDevice = None,
    config: AnalysisFile = None,
    overwrite: Overwrite = False,
    to_grey: ToGrey = False,
    signal: SignalName = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Predict the masks of images.

    Writes for each image the masks (frame, layer, y, x; 1 background, 2.. classes) and the probabilities (frame,
    layer, class, y, x); or, of a network that gives values, STEM_values.tif (frame, layer, y, x).
    """

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.jobs.predict import predict as job

        inference = with_options(read_analysis(config).inference, tile_size=tile_size, device=device)
        stacks = read_stacks(images, display, pixel_size=pixel_size, to_grey=to_grey, signal=signal)
        return job(control, model, stacks, inference, out=out, overwrite=overwrite)

    return run_command(make_job, as_json=as_json, verbose=verbose)


def atoms(
    model: Model,
    images: Images,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="ATOMS.csv",
            help="Table of atoms: csv, parquet, extxyz, xyz, cif or geojson; without it only counts are printed.",
        ),
    ] = None,
    pixel_size: PixelSize = None,
    min_distance: MinDistance = None,
    min_probability: MinProbability = None,
    refine: RefineOn = None,
    peaks: Annotated[Peaks | None, option(AtomsConfig, "peaks")] = None,
    species: SpeciesFrom = None,
    components: Annotated[int | None, option(AtomsConfig, "components")] = None,
    candidates: Annotated[bool | None, option(AtomsConfig, "candidates")] = None,
    tile_size: TileSize = None,
    device: OnDevice = None,
    config: AnalysisFile = None,
    overwrite: Overwrite = False,
    to_grey: ToGrey = False,
    signal: SignalName = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Locate the atoms of every layer of images.

    Writes a table with the columns image, frame, layer, species, y_px, x_px, y_A, x_A, probability and flag,
    and those of a fit where there is one; candidates for missing, extra and empty atoms go to
    ATOMS_candidates.csv.
    """

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.jobs.locate_atoms import locate_atoms as job

        settings = read_analysis(config)
        inference = with_options(settings.inference, tile_size=tile_size, device=device)
        locating = with_options(
            settings.atoms,
            min_distance=min_distance,
            min_probability=min_probability,
            refine=refine,
            peaks=peaks,
            species=species,
            components=components,
            candidates=candidates,
        )
        stacks = read_stacks(images, display, pixel_size=pixel_size, to_grey=to_grey, signal=signal)
        return job(control, model, stacks, inference, locating, out=out, overwrite=overwrite)

    return run_command(make_job, as_json=as_json, verbose=verbose, words=atoms_words)


def atoms_words(figures: Mapping[str, Any]) -> Iterator[str]:
    """Return the figures, a line each, what crowded atoms are, and at how many the image shows none."""
    from napari_strata.jobs.propose_atoms import in_a_sentence

    yield from figure_lines(figures)
    if figures.get("empty"):
        yield f"  {in_a_sentence(figures['empty'])}"
    if figures.get("flags", {}).get("crowded"):
        yield (
            "  Crowded atoms overlap their neighbours, which more than double the uncertainty: they are fitted all"
            " the same, and sigma_y and sigma_x say how well."
        )
