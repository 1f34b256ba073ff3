"""A mark in a run folder: a training of this process works on it, from the click on Train until it has ended.

The lock (`napari_strata.training.run.lock`) says so too, but seconds later, when the job has imported torch.
"""

import uuid
from contextlib import suppress
from pathlib import Path

MARK = ".training"
_PROCESS = uuid.uuid4().hex
"""Tells a training of this process from one that ended with another process, however it ended."""


def set_mark(folder: Path) -> None:
    """Note that a training of this process works on a run.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    (folder / MARK).write_text(_PROCESS, encoding="utf-8")


def clear_mark(folder: Path) -> None:
    """Note that it has ended.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    (folder / MARK).unlink(missing_ok=True)


def is_marked(folder: Path) -> bool:
    """Return whether a training of this process works on a run."""
    with suppress(OSError, UnicodeDecodeError):
        return (folder / MARK).read_text(encoding="utf-8") == _PROCESS
    return False
