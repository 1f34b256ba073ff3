"""``napari-strata search``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_strata.cli.display import Display
from napari_strata.cli.options import AsJson, Verbose, option, with_options
from napari_strata.cli.runner import run_command
from napari_strata.config import TrainingConfig
from napari_strata.config.search import SearchConfig, SearchTrainConfig
from napari_strata.config.training import Device
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job

if TYPE_CHECKING:
    from napari_strata.training.patches.inputs import TrainInputs

_FROM_CONFIG = "from CONFIG"


def search(
    config: Annotated[
        Path | None,
        typer.Argument(
            metavar="CONFIG.yaml",
            help="What to train, and in its section search what to try; its paths are relative to it.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="SEARCH", help="Folder that gets trials, their table and the best model."),
    ] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="SEARCH", help="Continue the search in this folder.", show_default=False)
    ] = None,
    trials: Annotated[int | None, option(SearchConfig, "trials", default=_FROM_CONFIG)] = None,
    time_limit: Annotated[float | None, option(SearchConfig, "time_limit", default=_FROM_CONFIG)] = None,
    device: Annotated[Device | None, option(TrainingConfig, "device", default=_FROM_CONFIG)] = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    """Try settings in many short trainings and keep the best model.

    Needs CONFIG.yaml and --out, or --resume. The same command again, too, goes on where a search was stopped or
    cut off. After an interrupt (SIGINT, SIGTERM) the best model so far is kept.
    """
    if (config is None) == (resume is None) or (config is None) != (out is None):
        raise typer.BadParameter("give CONFIG.yaml and --out, or --resume alone")

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.jobs.search import read_search
        from napari_strata.jobs.search import search as job

        if resume is not None:
            settings, inputs = read_search(resume)
        else:
            assert config is not None and out is not None, "checked above"
            settings, inputs = _read(config, out)
        training = with_options(settings.training, device=device)
        wanted = with_options(settings.search, trials=trials, time_limit=time_limit)
        settings = settings.model_copy(update={"training": training, "search": wanted})
        return job(control, settings, inputs)

    return run_command(make_job, as_json=as_json, verbose=verbose)


def _read(config: Path, out: Path) -> "tuple[SearchTrainConfig, TrainInputs]":
    from napari_strata.jobs.train import read_inputs, with_absolute_paths

    settings = SearchTrainConfig.read(config)
    training = with_absolute_paths(settings.train_config, config.parent)
    return SearchTrainConfig.of(training, settings.search), read_inputs(training, out=out)
