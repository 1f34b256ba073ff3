"""Tells the user what went wrong and what to do about it, in napari's own notifications."""

import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec

from napari.utils.notifications import show_error, show_info, show_warning

from napari_strata.errors import StrataError
from napari_strata.events import FinishReason, JobEnded, Warned

P = ParamSpec("P")
_log = logging.getLogger(__name__)


def show_failure(error: BaseException) -> None:
    """Show an error: a mistake with its remedy, or a fault of the program with the way to report it."""
    show_error(in_words(error))
    if not isinstance(error, StrataError):
        _log.error("unexpected error", exc_info=error)


def show_ending(ended: JobEnded) -> None:
    """Show why a job failed; one that did not fail needs no notification."""
    if ended.error is not None:
        show_failure(ended.error)


def show_stopped(name: str, ended: JobEnded) -> None:
    """Show that a job was stopped with its dock; nothing if it was done."""
    if ended.reason is FinishReason.CANCELED:
        show_info(f"{name} was stopped because its dock was closed.")


def show_warned(event: Warned) -> None:
    """Show a warning that a running job gave."""
    show_warning(f"{event.message} {event.remedy}".strip())


def show_refused(words: str) -> None:
    """Show why something that was typed is not taken."""
    show_warning(words)


def in_words(error: BaseException) -> str:
    """Say what an error means for the user, and what to do."""
    if isinstance(error, StrataError):
        return str(error)
    if _is_out_of_memory(error):
        return (
            "There is not enough memory for this. Take a smaller batch, patch or tile under Advanced, "
            "or close other programs."
        )
    detail = " ".join(str(error).split())
    return f"{type(error).__name__}: {detail} This is a fault of napari-strata; please report it with the log."


def in_notifications(slot: Callable[P, Any], *, say: Callable[[str], Any] = str) -> Callable[P, None]:
    """Wrap what a click starts so that a mistake is shown in words and nothing is left half done.

    Parameters
    ----------
    slot : callable
        What a click starts.
    say : callable
        Takes the words, too, to show them in a place where they stay.
    """

    @functools.wraps(slot)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            slot(*args, **kwargs)
        except (StrataError, MemoryError) as error:
            say(in_words(error))
            show_failure(error)

    return guarded


def _is_out_of_memory(error: BaseException) -> bool:
    # torch.OutOfMemoryError is known by name so that no widget imports torch.
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
