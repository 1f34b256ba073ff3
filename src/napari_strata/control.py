r"""The one object through which a face (dock, terminal) steers a running job.

::

    IDLE --> PREPARING --> RUNNING <--> PAUSED
      ^          |           |            |
      |          +-----------+------------+--> STOPPING
      |          |           |                    |
      +----------+-----------+--------------------+

Stop means: finish the step at hand, keep what is worth keeping, end.
"""

import threading
import time
from enum import StrEnum
from typing import TypeVar

from napari_strata.errors import StrataError
from napari_strata.requests import Request

R = TypeVar("R", bound=Request)


class JobState(StrEnum):
    """Where a job is in its life."""

    IDLE = "idle"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"


_ALLOWED: dict[JobState, frozenset[JobState]] = {
    JobState.IDLE: frozenset({JobState.PREPARING}),
    JobState.PREPARING: frozenset({JobState.RUNNING, JobState.STOPPING, JobState.IDLE}),
    JobState.RUNNING: frozenset({JobState.PAUSED, JobState.STOPPING, JobState.IDLE}),
    JobState.PAUSED: frozenset({JobState.RUNNING, JobState.STOPPING}),
    JobState.STOPPING: frozenset({JobState.IDLE}),
}


class JobStateError(StrataError):
    """A job was asked for something that its state does not allow."""


class JobCanceled(Exception):
    """Raised inside a job that was stopped before there was anything to keep."""


class JobControl:
    """Stop, pause and other requests going in, the job's state coming out; safe to share between threads."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._state = JobState.IDLE
        self._stop = False
        self._pause = False
        self._requests: list[Request] = []
        self._waited, self._waits_since = 0.0, 0.0

    @property
    def state(self) -> JobState:
        """The present state."""
        return self._state

    @property
    def stop_requested(self) -> bool:
        """Whether somebody asked the job to stop."""
        return self._stop

    @property
    def seconds_paused(self) -> float:
        """How long the job has been paused since it began, the present pause included [s]."""
        with self._condition:
            is_paused = self._state is JobState.PAUSED
            return self._waited + (time.monotonic() - self._waits_since if is_paused else 0.0)

    def request_stop(self) -> None:
        """Ask the job to stop at the next checkpoint; a paused job wakes up for it."""
        with self._condition:
            if self._state is JobState.IDLE:
                return
            self._stop = True
            if self._state is not JobState.STOPPING:
                self._move(JobState.STOPPING)
            self._condition.notify_all()

    def post(self, request: Request) -> None:
        """Leave a request for the job, which takes it between two steps; one that is over never does."""
        with self._condition:
            self._requests.append(request)
            self._condition.notify_all()

    def take_requests(self) -> list[Request]:
        """Return the requests that came since the last call, oldest first; called by the job itself."""
        with self._condition:
            taken, self._requests = self._requests, []
        return taken

    @property
    def has_requests(self) -> bool:
        """Whether requests have come that nobody has taken."""
        return bool(self._requests)

    def wait_for_requests(self, seconds: float | None = None) -> None:
        """Block the calling thread until there are requests to take, the job is stopped, or a time [s] is over."""
        with self._condition:
            self._condition.wait_for(lambda: self._stop or bool(self._requests), seconds)

    def pause(self) -> None:
        """Ask a running job to wait at its next checkpoint.

        Raises
        ------
        JobStateError
            If the job is not running.
        """
        with self._condition:
            self._move(JobState.PAUSED)
            self._pause = True

    def resume(self) -> None:
        """Let a paused job go on.

        Raises
        ------
        JobStateError
            If the job is not paused.
        """
        with self._condition:
            if self._state is not JobState.PAUSED:
                raise _forbidden(self._state, JobState.RUNNING)
            self._move(JobState.RUNNING)
            self._pause = False
            self._condition.notify_all()

    def begin(self) -> None:
        """Enter PREPARING; called once by the job itself."""
        with self._condition:
            self._move(JobState.PREPARING)
            self._stop = self._pause = False
            self._requests = []
            self._waited = 0.0

    def run(self) -> None:
        """Enter RUNNING when preparations are over.

        Raises
        ------
        JobCanceled
            If a stop was requested while preparing.
        """
        with self._condition:
            if self.stop_requested:
                raise JobCanceled
            self._move(JobState.RUNNING)

    def end(self) -> None:
        """Enter IDLE from wherever the job is; it cannot fail."""
        with self._condition:
            self._state = JobState.IDLE
            self._pause = False

    def checkpoint(self) -> None:
        """Wait here while paused.

        Raises
        ------
        JobCanceled
            If a stop was requested.
        """
        self.wait_while_paused()
        if self.stop_requested:
            raise JobCanceled

    def wait_while_paused(self) -> None:
        """Block the calling thread until the job is resumed or stopped."""
        with self._condition:
            self._condition.wait_for(lambda: self._stop or not self._pause)

    def wait_for(self, kind: type[R]) -> list[R]:
        """Block the calling thread while paused, until requests of a kind come; those are taken, the others stay.

        Parameters
        ----------
        kind : type of Request
            What may be answered in a pause.

        Returns
        -------
        list of Request
            Oldest first; empty when the job is resumed or stopped, or is not paused.
        """
        with self._condition:
            self._condition.wait_for(
                lambda: self._stop or not self._pause or any(isinstance(one, kind) for one in self._requests)
            )
            if self._stop or not self._pause:
                return []
            taken = [one for one in self._requests if isinstance(one, kind)]
            self._requests = [one for one in self._requests if not isinstance(one, kind)]
            return taken

    def _move(self, to: JobState) -> None:
        if to not in _ALLOWED[self._state]:
            raise _forbidden(self._state, to)
        if self._state is JobState.PAUSED:
            self._waited += time.monotonic() - self._waits_since
        elif to is JobState.PAUSED:
            self._waits_since = time.monotonic()
        self._state = to


def _forbidden(current: JobState, wanted: JobState) -> JobStateError:
    return JobStateError(
        f"The job is {current.value} and cannot become {wanted.value}.",
        remedy="Wait until the job has reached a state that allows it.",
    )
