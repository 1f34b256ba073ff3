"""``napari-strata find-rate``."""

from pathlib import Path
from typing import Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.options import AsJson, Verbose, option, with_options
from napari_strata.cli.runner import run_command
from napari_strata.config import TrainConfig, TrainingConfig
from napari_strata.config.training import Device
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def find_rate(
    config: Annotated[
        Path,
        typer.Argument(metavar="CONFIG.yaml", help="The training that is meant; its paths are relative to it."),
    ],
    device: Annotated[Device | None, option(TrainingConfig, "device", default="from CONFIG")] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Propose a learning rate for a training, by 100 batches whose rate rises; nothing is written."""

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.jobs.find_learning_rate import find_learning_rate
        from napari_strata.jobs.train import read_inputs, with_absolute_paths

        settings = TrainConfig.read(config)
        training = with_options(settings.training, device=device)
        settings = with_absolute_paths(settings.model_copy(update={"training": training}), config.parent)
        return find_learning_rate(control, settings, read_inputs(settings, out=Path()))

    return run_command(make_job, as_json=as_json, verbose=verbose)
