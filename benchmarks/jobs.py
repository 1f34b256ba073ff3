"""Running a job of the package to its end."""

from napari_strata.events import FinishReason, JobEnded, JobResult
from napari_strata.jobs.job import Job


def result_of(job: Job) -> JobResult:
    """Run a job and return its result; raise what made it fail."""
    *_, ended = job
    assert isinstance(ended, JobEnded)
    if ended.error is not None:
        raise ended.error
    assert ended.reason is FinishReason.COMPLETED
    assert ended.result is not None
    return ended.result
