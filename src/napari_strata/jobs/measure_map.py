"""Find where a map is above a threshold, and its contour lines, off the window's thread."""

from napari_strata.config import ProposalConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult, StateChanged
from napari_strata.explain.proposals.measured_map import MeasuredMap
from napari_strata.jobs.job import JobBody, job


@job
def measure_map(control: JobControl, measured: MeasuredMap, config: ProposalConfig, *, lines: int) -> JobBody:
    """Find the threshold of a map, and lines of equal strength from there up.

    Parameters
    ----------
    control : JobControl
        Stop leaves what is the same for every threshold in `measured`.
    measured : MeasuredMap
        The map.
    config : ProposalConfig
        The threshold.
    lines : int
        How many lines.

    Returns
    -------
    JobResult
        ``value`` is a `napari_strata.explain.proposals.map_lines.Lines`, None where none are wanted. Of the
        ``figures`` ``above`` says how many of the ``pixels`` are above the threshold, and ``level`` where that is.
    """
    control.run()
    yield StateChanged(control.state)
    above, pixels = measured.above(config)
    control.checkpoint()
    found = measured.lines(config, lines) if lines else None
    control.checkpoint()
    return JobResult({"above": above, "pixels": pixels, "level": measured.level(config)}, value=found)
