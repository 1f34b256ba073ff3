"""``napari-strata train``."""

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

_FROM_CONFIG = "from CONFIG"


def train(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG.yaml", help="What to train, on what; its paths are relative to it.")
    ],
    out: Annotated[
        Path, typer.Option(metavar="RUN", help="Folder that gets config, events, history and the model.")
    ],
    device: Annotated[Device | None, option(TrainingConfig, "device", default=_FROM_CONFIG)] = None,
    time_limit: Annotated[float | None, option(TrainingConfig, "time_limit", default=_FROM_CONFIG)] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Train a network and keep its best weights.

    A reached time limit is success. After an interrupt (SIGINT, SIGTERM) the best weights so far are kept.
    """

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.jobs.train import read_inputs, with_absolute_paths
        from napari_strata.jobs.train import train as job

        settings = TrainConfig.read(config)
        training = with_options(settings.training, device=device, time_limit=time_limit)
        settings = with_absolute_paths(settings.model_copy(update={"training": training}), config.parent)
        return job(control, settings, read_inputs(settings, out=out))

    return run_command(make_job, as_json=as_json, verbose=verbose)
