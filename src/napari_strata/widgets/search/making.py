"""The jobs of the Parameter search dock, made in the worker thread, so that their imports hold nobody up."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_strata.config.search import SearchConfig, SearchTrainConfig
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job

if TYPE_CHECKING:
    from napari_strata.widgets.live.plan import TrainPlan


def make_search(control: JobControl, config: SearchTrainConfig, plan: "TrainPlan", folder: Path) -> Job:
    """Make the job; called in the worker thread, where importing torch and optuna holds nobody up."""
    from napari_strata.jobs.search import search

    return search(control, config, plan.inputs(folder))


def make_continued(control: JobControl, folder: Path, wanted: SearchConfig) -> Job:
    """Make the job that goes on with a search in its folder."""
    from napari_strata.jobs.search import read_search, search

    config, inputs = read_search(folder)
    return search(control, config.model_copy(update={"search": wanted}), inputs)
