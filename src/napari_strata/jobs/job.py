"""The outermost generator of every job: states, cancel and failure are handled here, once."""

import functools
from collections.abc import Callable, Generator
from typing import Concatenate, ParamSpec

from napari_strata.control import JobCanceled, JobControl
from napari_strata.events import FinishReason, JobEnded, JobEvent, JobResult, StateChanged

P = ParamSpec("P")
JobBody = Generator[JobEvent, None, JobResult]
Job = Generator[JobEvent, None, JobEnded]


class JobFailed(Exception):
    """Raised inside a job that fails but leaves something of use.

    Attributes
    ----------
    error : Exception
        Why it failed.
    result : JobResult
        What it leaves.
    """

    def __init__(self, error: Exception, result: JobResult) -> None:
        super().__init__(str(error))
        self.error = error
        self.result = result


def job(body: Callable[Concatenate[JobControl, P], JobBody]) -> Callable[Concatenate[JobControl, P], Job]:
    """Turn a generator that does the work into a job that always ends in a stated way.

    The body calls ``control.run()`` when its inputs are checked, ``control.checkpoint()`` wherever stopping
    leaves nothing to keep, and returns a `JobResult`. The job then yields `JobEnded` as its last event:
    COMPLETED, CANCELED (with a result where there was something to keep), or FAILED with the error (and a result,
    where the body raised `JobFailed`).
    """

    @functools.wraps(body)
    def run(control: JobControl, /, *args: P.args, **kwargs: P.kwargs) -> Job:
        control.begin()
        try:
            yield StateChanged(control.state)
            result = yield from body(control, *args, **kwargs)
            reason = FinishReason.CANCELED if control.stop_requested else FinishReason.COMPLETED
            ended = JobEnded(reason, result=result)
        except JobCanceled:
            ended = JobEnded(FinishReason.CANCELED)
        except JobFailed as failed:
            ended = JobEnded(FinishReason.FAILED, result=failed.result, error=failed.error)
        except Exception as error:  # noqa: BLE001 (the contract: a job ends in a stated way, whatever happened)
            ended = JobEnded(FinishReason.FAILED, error=error)
        finally:
            control.end()
        yield ended
        return ended

    return run
