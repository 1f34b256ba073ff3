"""``python -m napari_strata.jobs.train_child ADDRESS FOLDER``: a training in a process of its own.

Only `train_process` starts it. With several devices fabric starts the others by the same command line; they have
no connection and say nothing, but draw their part of each batch (see `napari_strata.training.machine.team`).
"""

import dataclasses
import os
import pickle
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

from napari_strata.control import JobControl, JobStateError
from napari_strata.errors import TrainingError
from napari_strata.events import FinishReason, JobEnded, JobEvent
from napari_strata.jobs.child import connect
from napari_strata.jobs.job import JobBody, job
from napari_strata.training.machine.ranks import LOCAL_RANK

PATIENCE = 60.0
"""Time to keep the best weights in when nobody is left to hear of it [s]."""


def main() -> int:
    """Train; return the exit code."""
    is_helper = LOCAL_RANK in os.environ  # as fabric tells the processes that it starts
    tempfile.tempdir = sys.argv[2]  # so that nothing stays of a process that is killed
    connection = None if is_helper else connect()
    control = JobControl()
    signal.signal(signal.SIGTERM, lambda *_: control.request_stop())
    events = _train(control, Path(sys.argv[2]))
    event: JobEvent = next(events)  # from here on the control heeds what it is told
    if connection is None:
        parent = os.getppid()
        _in_background(lambda: _watch(parent))
    else:
        _in_background(lambda: _listen(connection, control))
    for event in events:
        if connection is not None:
            with suppress(OSError):  # nobody hears it: the job goes on to keep its best
                connection.send(_portable(event))
    if connection is not None:
        shutil.rmtree(sys.argv[2], ignore_errors=True)  # who laid it down may be gone
    if is_helper and isinstance(event, JobEnded) and event.reason is FinishReason.FAILED:
        print(event.error, file=sys.stderr)  # the first process knows only that this one has ended
        return 1
    return 0


@job
def _train(control: JobControl, folder: Path) -> JobBody:
    from napari_strata.jobs.train import train_here
    from napari_strata.training.run.handover import pick_up

    return (yield from train_here(control, *pick_up(folder)))


def _in_background(function: Callable[[], None]) -> None:
    threading.Thread(target=function, daemon=True).start()


def _listen(connection: Connection, control: JobControl) -> None:
    """Do as the parent says; stop when it is gone."""
    from napari_strata.jobs.train_process import Order
    from napari_strata.requests import Request

    with suppress(EOFError, OSError):
        while True:
            message = connection.recv()
            with suppress(JobStateError):  # it came too late
                match message:
                    case Request():
                        control.post(message)
                    case Order.STOP:
                        control.request_stop()
                    case Order.PAUSE:
                        control.pause()
                    case Order.GO:
                        control.resume()
    control.request_stop()
    time.sleep(PATIENCE)
    os._exit(1)


def _watch(parent: int) -> None:
    """End with the process that started this one, which alone would wait for it for ever."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _portable(event: JobEvent) -> JobEvent:
    """Give an error its traceback as a note, and make it one that arrives."""
    if not isinstance(event, JobEnded) or event.error is None:
        return event
    error = event.error
    error.add_note("In the training process:\n" + "".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))  # what this process has just written itself
    except Exception:  # noqa: BLE001 (an error of any library may not survive it, in any way)
        words = f"{type(error).__name__}: {error}"
        error = TrainingError(words, remedy="This is a fault of napari-strata; please report it with the log.")
    return dataclasses.replace(event, error=error)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # torch would tidy up for a second, while somebody waits for the model
