"""Look through folders for trainings."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from napari_strata.control import JobControl
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.training.folders.listing import Run, find_runs, read_run, stamp_of

Known = Mapping[Path, tuple[tuple[object, ...], Run]]
"""What was read before: by folder, its stamp and its run."""


@job
def list_runs(control: JobControl, roots: Iterable[Path], known: Known) -> JobBody:
    """Read what has changed since the last time.

    Parameters
    ----------
    control : JobControl
        Stop leaves out what is not read yet.
    roots : iterable of Path
        Run folders, and folders of run folders.
    known : mapping of Path to tuple
        What came of it the last time.

    Yields
    ------
    JobEvent
        `Progress`.

    Returns
    -------
    JobResult
        ``value`` is a mapping as `known`, in the order of the roots.
    """
    control.run()
    yield StateChanged(control.state)
    folders = list(dict.fromkeys(folder for root in roots for folder in find_runs(root)))
    found: dict[Path, tuple[tuple[object, ...], Run]] = {}
    for number, folder in enumerate(folders):
        control.checkpoint()
        stamp = stamp_of(folder)
        if folder not in known or known[folder][0] != stamp:
            yield Progress(number / len(folders), f"Reading {folder.name}")
            found[folder] = (stamp, read_run(folder))
        else:
            found[folder] = known[folder]
    return JobResult({"runs": len(found)}, {}, found)
