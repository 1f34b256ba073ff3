"""Training in a process of its own, so that neither a crash nor a lack of memory takes this one down.

The worker thread (or the terminal's) watches over a child, `napari_strata.jobs.train_child`, which runs the very
job that would run here: its events come back in order and are passed on, requests to stop, to pause and to learn
what was painted go there. The child writes the run folder. When it ends, all memory of its GPU is free again.
Several devices train in a process each, begun by the child through lightning-fabric.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

from napari_strata.config import TrainConfig, TrainingConfig
from napari_strata.control import JobCanceled, JobControl, JobState
from napari_strata.errors import OutputError, TrainingError
from napari_strata.events import FinishReason, JobEnded, JobResult, StateChanged
from napari_strata.jobs.child import Child, ChildEnded
from napari_strata.jobs.job import JobBody, JobFailed
from napari_strata.jobs.recorded import kept_in
from napari_strata.training.engine.faults import go_on, short_of_memory
from napari_strata.training.machine.ranks import launched_from_outside
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.training.run.handover import lay_down

MODULE = "napari_strata.jobs.train_child"
POLL = 0.05
"""Longest time that a click waits before the child is told [s]."""
KILL = 9
"""The signal that the kernel sends to the greediest process when memory is used up."""


class Order(StrEnum):
    """What the child is told beside requests."""

    GO = "go"
    PAUSE = "pause"
    STOP = "stop"


def trains_apart(config: TrainingConfig) -> bool:
    """Tell whether a training has processes of its own.

    Several devices always do: fabric starts a process for each by running a program's command line again, which
    must be the child's and never that of napari or of a notebook. Processes that torchrun or SLURM started are
    what they should be, and are watched over from there.
    """
    several = config.devices * config.nodes > 1
    return (several or config.engine == "process") and not launched_from_outside()


def train_apart(control: JobControl, config: TrainConfig, inputs: TrainInputs) -> JobBody:
    """Train in a child process; to be run as `napari_strata.jobs.train.train` is.

    Raises
    ------
    JobFailed
        If the child is ended by the system or crashes; the best weights so far are on disk.
    OutputError
        If the run folder cannot be written.
    """
    with _handed_over(config, inputs) as folder, Child(MODULE, str(folder)) as child:
        try:
            return (yield from _followed(control, child))
        except ChildEnded as ended:
            raise _failure(ended, inputs.out) from None


@contextmanager
def _handed_over(config: TrainConfig, inputs: TrainInputs) -> Iterator[Path]:
    """Lay the inputs down in the run folder, which has room for them and which all processes see."""
    is_new = not inputs.out.exists()
    try:
        inputs.out.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".handover-", dir=inputs.out))
    except OSError as error:
        raise OutputError(
            f"The run folder {inputs.out} cannot be written ({error.strerror}).",
            remedy="Choose a folder that you may write to and that has space left.",
        ) from error
    try:
        lay_down(folder, config, inputs)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if is_new:
            with suppress(OSError):  # the run left something, as it should
                inputs.out.rmdir()


def _followed(control: JobControl, child: Child) -> JobBody:
    """Pass events on until the job in the child has ended, and to it what it is asked for."""
    told = Order.GO
    while True:
        if not child.listens and control.stop_requested:
            child.kill()  # it has not begun
            raise JobCanceled
        told = _pass_on(control, child, told)
        event = child.hear(POLL)
        match event:
            case None | StateChanged(state=JobState.PREPARING):
                continue
            case StateChanged(state=JobState.RUNNING) if control.state is JobState.PREPARING:
                control.run()
            case JobEnded():
                return _ending(event, control)
        yield event


def _pass_on(control: JobControl, child: Child, told: Order) -> Order:
    """Tell the child what has been asked for since the last time; return the order it is under now."""
    if not child.listens:
        return told
    for request in control.take_requests():
        child.tell(request)
    order = Order.PAUSE if control.state is JobState.PAUSED else Order.GO
    order = Order.STOP if control.stop_requested else order
    if order is not told:
        child.tell(order)
    return order


def _ending(ended: JobEnded, control: JobControl) -> JobResult:
    """Let the job here end as the one in the child did."""
    if ended.error is not None:
        raise ended.error if ended.result is None else JobFailed(ended.error, ended.result)
    if ended.reason is FinishReason.CANCELED:
        control.request_stop()  # somebody may have stopped the child itself
    if ended.result is None:
        raise JobCanceled
    return ended.result


def _failure(ended: ChildEnded, out: Path) -> JobFailed:
    """Say why the child is gone, complete its record, and find what it has kept."""
    from napari_strata.training.run.end import record_end

    error = _in_words(ended, out)
    record_end(out, error)
    return JobFailed(error, kept_in(out))


def _in_words(ended: ChildEnded, out: Path) -> TrainingError:
    number = -ended.code
    if number == KILL:
        cause = f"was ended by the system (signal {number}), probably for lack of memory"
        remedy = short_of_memory(out)
    elif number > 0:
        cause, remedy = f"crashed (signal {number})", f"Please report its words in the terminal, and {go_on(out)}."
    else:
        cause, remedy = f"broke off (exit code {ended.code})", "Please report its words in the terminal."
    return TrainingError(f"The training process {cause}.", remedy=remedy)
