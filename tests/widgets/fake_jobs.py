"""Jobs that do nothing but what a test needs of them."""

import threading
import time

from napari_strata.control import JobControl
from napari_strata.events import BatchEnded, JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job


@job
def counting(
    control: JobControl, *, steps: int, pause: float = 0.005, release: threading.Event | None = None
) -> JobBody:
    """Take so many steps, once released; the result is how many were taken."""
    yield Progress(0.0, "getting ready")
    if release is not None:
        release.wait(10)
    control.run()
    yield StateChanged(control.state)
    done = 0
    while done < steps and not control.stop_requested:
        done += 1
        time.sleep(pause)
        yield BatchEnded(done, 1, 1, 1.0 / done, 1e-3, done * pause, (steps - done) * pause)
        control.wait_while_paused()
    return JobResult(value=done)


@job
def endless(control: JobControl) -> JobBody:
    """Go on until stopped, and then leave nothing."""
    control.run()
    yield StateChanged(control.state)
    while True:
        control.checkpoint()
        time.sleep(0.005)
        yield Progress(0.5, "going on")


@job
def raising(control: JobControl, error: Exception) -> JobBody:
    """Fail after the first step."""
    control.run()
    yield StateChanged(control.state)
    raise error


@job
def preparing(control: JobControl, *, release: threading.Event) -> JobBody:
    """Prepare until released, then run."""
    yield Progress(0.0, "preparing")
    release.wait(10)
    control.run()
    yield StateChanged(control.state)
    return JobResult(value="ran")
