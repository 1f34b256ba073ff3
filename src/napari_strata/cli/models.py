"""``napari-strata models``."""

from napari_strata.cli.display import Display
from napari_strata.cli.options import AsJson, Verbose
from napari_strata.cli.runner import run_command
from napari_strata.control import JobControl
from napari_strata.jobs.job import Job


def models(as_json: AsJson = False, verbose: Verbose = False) -> int:
    """List the models that come with the program, what they find, and the range of images they were trained for.

    Every command that takes a MODEL takes one of their names.
    """

    def make_job(control: JobControl, _display: Display) -> Job:
        from napari_strata.jobs.list_models import list_models

        return list_models(control)

    return run_command(make_job, as_json=as_json, verbose=verbose)
