"""Make a mask of a map, off the window's thread."""

from collections.abc import Callable

from napari_strata.config import ProposalConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.explain.proposals.wrong_regions import WrongRegion
from napari_strata.jobs.job import JobBody, job
from napari_strata.types import AnyArray, FloatImage


@job
def propose_mask(control: JobControl, heatmap: FloatImage, image: AnyArray, config: ProposalConfig) -> JobBody:
    """Make a mask of a map, by threshold or by a graph cut.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing; it waits for the cut at hand.
    heatmap : ndarray of float32, shape (y, x)
        The map.
    image : ndarray, shape (y, x)
        The frame that it explains.
    config : ProposalConfig
        Threshold, and how.

    Yields
    ------
    JobEvent
        `Progress` after each cut.

    Returns
    -------
    JobResult
        ``value`` is the mask, bool (y, x); ``figures["pixels"]`` how many it has, ``figures["above"]`` how many
        are above the threshold.

    Raises
    ------
    TargetError
        As `napari_strata.explain.proposals.proposal.propose`.
    """
    from napari_strata.explain.proposals.proposal import ROUNDS, proposals

    control.run()
    yield StateChanged(control.state)
    masks: list[AnyArray] = []
    for done, better in enumerate(proposals(heatmap, image, config)):
        masks = [*masks[:1], better]
        yield Progress(min(done / ROUNDS, 1.0), "Cutting" if done else "Taking the threshold")
        control.checkpoint()
    first, last = masks[0], masks[-1]  # the threshold, and the last cut
    return JobResult({"pixels": int(last.sum()), "above": int(first.sum())}, value=last)


@job
def find_regions(control: JobControl, find: Callable[[], list[WrongRegion]]) -> JobBody:
    """Find regions to look at.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    find : callable
        `napari_strata.explain.proposals.wrong_regions.wrong_regions` or `unsure_regions` with what it compares.

    Yields
    ------
    JobEvent
        `Progress` at the start.

    Returns
    -------
    JobResult
        ``value`` is a list of `WrongRegion`.
    """
    control.run()
    yield StateChanged(control.state)
    yield Progress(0.0, "Comparing")
    control.checkpoint()
    found = find()
    control.checkpoint()
    return JobResult({"regions": len(found)}, value=found)
