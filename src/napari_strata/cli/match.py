"""``napari-strata match``."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.inputs import read_stacks
from napari_strata.cli.options import AsJson, PixelSize, SignalName, ToGrey, Verbose, option, with_options
from napari_strata.cli.runner import run_command
from napari_strata.config import SimulationConfig
from napari_strata.config.crystal import Material
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def match(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Image of the crystal.")],
    material: Annotated[Material | None, option(SimulationConfig, "material")] = None,
    layers: Annotated[int | None, option(SimulationConfig, "layers")] = None,
    pixel_size: PixelSize = None,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with all that the image does not tell; options win over it.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="SIMULATION.yaml", help="File for the settings.", show_default=False),
    ] = None,
    signal: SignalName = None,
    to_grey: ToGrey = False,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Set the simulation's ranges around an image.

    Estimates pixel size, probe width, dose and background of an image of a known crystal from its Fourier
    transform and its noise. SIMULATION.yaml is a file for simulate --config; in the file of train it stands under
    data, simulation.
    """

    def make_job(control: JobControl, display: Display) -> Job:
        from napari_strata.jobs.match_image import match_image

        settings = SimulationConfig() if config is None else SimulationConfig.read(config).beside(config.parent)
        settings = with_options(settings, material=material, layers=layers)
        (stack,) = read_stacks([image], display, pixel_size=pixel_size, to_grey=to_grey, signal=signal)
        return match_image(control, stack, settings, out=out)

    return run_command(make_job, as_json=as_json, verbose=verbose, words=_words)


def _words(figures: Mapping[str, Any]) -> Iterator[str]:
    yield from figures.get("found", ())
