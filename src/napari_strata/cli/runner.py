"""Running one job in the terminal: signals go in, events are shown, an exit code comes out."""

import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from typer import BadParameter

from napari_strata.cli.display import Display, make_display
from napari_strata.cli.report import Report, Words, print_report, print_traceback
from napari_strata.control import JobControl, JobState
from napari_strata.events import FinishReason, JobEnded, JobEvent
from napari_strata.jobs.job import Job
from napari_strata.training.machine.ranks import is_first

DONE, FAILED, WRONG_USAGE, SIGNALLED = 0, 1, 2, 128
"""Exit codes; a signal adds its number to the last, as shells do: 130 for SIGINT, 143 for SIGTERM."""

MakeJob = Callable[[JobControl, Display], Job]


class Aborted(BaseException):
    """A signal came when there was no job to stop, or a second one while it was stopping."""


class Signals:
    """Turns SIGINT and SIGTERM into a request to stop, while it is entered as a context.

    The first signal lets the job finish its step and keep what it has; a second one aborts at once, and so does
    the first where no job has begun or it has ended.

    Attributes
    ----------
    received : int or None
        Number of the first signal.
    """

    def __init__(self, control: JobControl) -> None:
        self.received: int | None = None
        self._control = control
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        is_second = self.received is not None
        self.received = self.received or number
        if is_second or self._control.state is JobState.IDLE:
            raise Aborted
        self._control.request_stop()


def run_command(make_job: MakeJob, *, as_json: bool, verbose: bool, words: Words | None = None) -> int:
    """Run a job to its end and report it.

    Parameters
    ----------
    make_job : callable
        Reads the inputs and returns the job; what it raises is reported like a failure of the job.
    as_json : bool
        Report one JSON object on stdout.
    verbose : bool
        Print the traceback of a failure.
    words : callable, optional
        How the figures read as text; by default one line for each.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    typer.BadParameter
        If an option turns out to be out of its range.
    """
    control = JobControl()
    with Signals(control) as signals:
        ended = _run(make_job, control, signals, as_json=as_json)
    if ended.error is not None and verbose:
        print_traceback(ended.error)
    if is_first() or ended.error is not None:
        print_report(Report.of(ended), as_json=as_json, words=words)
    if ended.reason is FinishReason.COMPLETED:
        return DONE
    if ended.reason is FinishReason.CANCELED and signals.received is not None:
        return SIGNALLED + signals.received
    return FAILED


def _run(make_job: MakeJob, control: JobControl, signals: Signals, *, as_json: bool) -> JobEnded:
    try:
        with make_display(as_json=as_json or not is_first()) as display:
            return _iterate(make_job(control, display), display, signals)
    except Aborted:
        return JobEnded(FinishReason.CANCELED)
    except BadParameter:
        raise
    except Exception as error:  # noqa: BLE001 (inputs are read before the job; whatever is wrong is reported alike)
        return JobEnded(FinishReason.FAILED, error=error)


def _iterate(job: Job, display: Display, signals: Signals) -> JobEnded:
    told = False
    event: JobEvent | None = None
    for event in job:
        display.show(event)
        if signals.received is not None and not told:
            display.say("Stopping after this step, keeping what is done. Interrupt again to abort.")
            told = True
    assert isinstance(event, JobEnded), "every job ends with JobEnded"
    return event
