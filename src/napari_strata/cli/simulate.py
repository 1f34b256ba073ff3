"""``napari-strata simulate``."""

from pathlib import Path
from typing import Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.options import AsJson, Overwrite, Verbose, option, with_options
from napari_strata.cli.runner import run_command
from napari_strata.config import SimulationConfig
from napari_strata.config.crystal import CrystalConfig, Material
from napari_strata.config.microscope import Microscope, ProbeConfig
from napari_strata.config.simulation import ClassesBy
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write to.")],
    material: Annotated[Material | None, option(SimulationConfig, "material")] = None,
    layers: Annotated[int | None, option(SimulationConfig, "layers")] = None,
    cif: Annotated[Path | None, option(CrystalConfig, "cif")] = None,
    zone_axis: Annotated[str | None, option(CrystalConfig, "zone_axis", default="0,0,1")] = None,
    any_of: Annotated[str | None, option(CrystalConfig, "any_of", default="the material alone")] = None,
    classes: Annotated[ClassesBy | None, option(SimulationConfig, "classes")] = None,
    microscope: Annotated[Microscope | None, option(ProbeConfig, "preset", "--microscope")] = None,
    images: Annotated[int, typer.Option(min=1, help="Number of images.")] = 1,
    size: Annotated[int, typer.Option(min=16, help="Side of each image [px].")] = 512,
    pixel_size: Annotated[float, typer.Option(min=0.01, max=2, help="Length of one pixel [Å].")] = 0.2,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random draw.")] = 0,
    config: Annotated[
        Path | None, typer.Option(help="YAML file with ranges of twist, dose, ...; options win over it.")
    ] = None,
    overwrite: Overwrite = False,
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
        crystal = _crystal(settings.crystal, material, cif, zone_axis, any_of)
        probe = settings.probe if microscope is None else ProbeConfig(preset=microscope)
        settings = settings.model_copy(update={"crystal": crystal, "probe": probe})
        settings = with_options(settings, material=material, layers=layers, classes=classes)
        settings = SimulationConfig.parse(settings.model_dump())  # what sections say of each other
        return job(
            control,
            settings,
            count=images,
            size=size,
            pixel_size=pixel_size,
            seed=seed,
            out=out,
            overwrite=overwrite,
        )

    return run_command(make_job, as_json=as_json, verbose=verbose)


def _crystal(
    crystal: CrystalConfig,
    material: Material | None,
    cif: Path | None,
    zone_axis: str | None,
    any_of: str | None,
) -> CrystalConfig:
    """Put in what the options say of crystals; one that is named takes the place of those to draw from."""
    names = None if any_of is None else [name.strip() for name in any_of.split(",") if name.strip()]
    if names is None and (material is not None or cif is not None):
        names = []
    return with_options(crystal, cif=cif, zone_axis=zone_axis, any_of=names)
