"""``napari-strata match``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.inputs import read_stacks
from napari_strata.cli.model_options import IMAGE_FILES
from napari_strata.cli.options import (
    AsJson,
    Overwrite,
    PixelSize,
    SignalName,
    ToGrey,
    Verbose,
    option,
    with_options,
)
from napari_strata.cli.runner import run_command
from napari_strata.config import SimulationConfig
from napari_strata.config.crystal import Material
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def match(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help=f"Image of the crystal: {IMAGE_FILES}.")],
    material: Annotated[Material | None, option(SimulationConfig, "material")] = None,
    layers: Annotated[int | None, option(SimulationConfig, "layers")] = None,
    pixel_size: PixelSize = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with all that the image does not tell; options win over it.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="SIMULATION.yaml",
            help="File for the settings.",
            show_default=False,
        ),
    ] = None,
    overwrite: Overwrite = False,
    signal: SignalName = None,
    to_grey: ToGrey = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Estimate how an image was taken, and set the simulation's ranges around it.

    Pixel size, twist, probe width, dose and background follow from the Fourier transform and the noise of an image
    of a known crystal: state it by --material and --layers. The file of --out is one for simulate --config; in the
    file of train it stands under data, simulation.
    """

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.jobs.match_image import match_image

        settings = SimulationConfig() if config is None else SimulationConfig.read(config).beside(config.parent)
        settings = with_options(settings, material=material, layers=layers)
        (stack,) = read_stacks([image], display, pixel_size=pixel_size, to_grey=to_grey, signal=signal)
        return match_image(control, stack, settings, out=out, overwrite=overwrite)

    return run_command(make_job, as_json=as_json, verbose=verbose, words=_words)


def _words(figures: Mapping[str, Any]) -> Iterator[str]:
    yield from figures.get("found", ())
