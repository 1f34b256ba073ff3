"""Work for which a stop does not wait."""

from collections.abc import Callable, Generator
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

from napari_strata.control import JobCanceled, JobControl

T = TypeVar("T")
LOOK, GRACE = 0.05, 0.3
"""How often a stop is looked for, and how long the work may then go on to end by itself [s]."""


def abandonable(control: JobControl, work: Callable[[], T]) -> T:
    """Return what some work returns, or leave it alone soon after a stop.

    For what cannot look for a stop itself, as a single call of a library that takes seconds for a large image, and
    touches nothing that anybody else needs: it is done by a thread of its own. After a stop that goes on to its
    end, unless the program ends first, and what it finds is dropped.

    Parameters
    ----------
    control : JobControl
        Who asks for the stop.
    work : callable
        What is to be done.

    Raises
    ------
    JobCanceled
        If a stop was requested before the end.
    """
    followed = followable(control, lambda _tell: work())
    while True:
        try:
            next(followed)
        except StopIteration as stop:
            result: T = stop.value
            return result


def followable(control: JobControl, work: Callable[[Callable[[float], None]], T]) -> Generator[float, None, T]:
    """Do what `abandonable` does for work that tells how far it has come, and so is over soon after a stop, too.

    Parameters
    ----------
    control : JobControl
        Who asks for the stop.
    work : callable
        What is to be done; it is given what it tells which part is done, 0 to 1, which raises `JobCanceled` there
        once a stop was requested.

    Yields
    ------
    float
        The greatest part that was told, when it has grown.

    Raises
    ------
    JobCanceled
        If a stop was requested before the end.
    """
    found: Future[T] = Future()
    shown, done = 0.0, 0.0

    def tell(part: float) -> None:
        nonlocal done
        control.checkpoint()
        done = part

    def run() -> None:
        try:
            found.set_result(work(tell))
        except BaseException as error:  # noqa: BLE001 (raised where the result is asked for)
            found.set_exception(error)

    Thread(target=run, daemon=True).start()  # a terminal does not wait for it either
    while not control.stop_requested:
        try:
            return found.result(timeout=LOOK)
        except TimeoutError:
            if found.done():  # the error is the work's own, or it has just ended
                return found.result()
        if done > shown:
            shown = done
            yield shown
    try:
        return found.result(timeout=GRACE)
    except TimeoutError:
        raise JobCanceled from None
