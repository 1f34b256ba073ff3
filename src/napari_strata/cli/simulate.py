"""``napari-strata simulate``."""

from pathlib import Path
from typing import Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.options import AsJson, Verbose, option, with_options
from napari_strata.cli.runner import run_command
from napari_strata.config import SimulationConfig
from napari_strata.config.crystal import CrystalConfig, Material
from napari_strata.config.microscope import Microscope, ProbeConfig
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write to.")],
    material: Annotated[Material | None, option(SimulationConfig, "material")] = None,
    layers: Annotated[int | None, option(SimulationConfig, "layers")] = None,
    cif: Annotated[Path | None, option(CrystalConfig, "cif")] = None,
    zone_axis: Annotated[tuple[int, int, int] | None, option(CrystalConfig, "zone_axis")] = None,
    microscope: Annotated[Microscope | None, option(ProbeConfig, "preset", "--microscope")] = None,
    images: Annotated[int, typer.Option(min=1, help="Number of images.")] = 1,
    size: Annotated[int, typer.Option(min=16, help="Side of each image [px].")] = 512,
    pixel_size: Annotated[float, typer.Option(min=0.01, max=2, help="Length of one pixel [Å].")] = 0.2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random draw.")] = 0,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with ranges of twist, dose, ...; options win over it.")
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Simulate crystal images with their truth.

    Writes images.tif (n, y, x), labels.tif (n, layer, y, x), atoms.csv (sub-pixel truth) and truth.json.
    """

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.jobs.simulate import simulate as job

        settings = SimulationConfig() if config is None else SimulationConfig.read(config)
        settings = settings if config is None else settings.beside(config.parent)
        settings = with_options(settings, material=material, layers=layers)
        settings = _with_sections(settings, cif, zone_axis, microscope)
        return job(control, settings, count=images, size=size, pixel_size=pixel_size, seed=seed, out=out)

    return run_command(make_job, as_json=as_json, verbose=verbose)


def _with_sections(
    settings: SimulationConfig,
    cif: Path | None,
    zone_axis: tuple[int, int, int] | None,
    microscope: Microscope | None,
) -> SimulationConfig:
    """Put in what the options say of sections; a microscope replaces the whole probe."""
    crystal = with_options(settings.crystal, cif=cif, zone_axis=zone_axis)
    probe = settings.probe if microscope is None else ProbeConfig(preset=microscope)
    return settings.model_copy(update={"crystal": crystal, "probe": probe})
