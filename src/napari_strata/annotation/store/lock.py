"""Who may write in a folder: one napari at a time, as the kernel says it; a process that is killed lets go."""

import contextlib
import errno
import json
import os
import socket
import time
from pathlib import Path

from filelock import FileLock, Timeout

from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing

LOCK = ".lock"
OWNER = "owner.json"
"""File that tells others who writes here; it stays after a crash and then means nothing."""
PATIENCE = 0.3
"""How long to wait for another napari that only looks whether the folder is free [s]."""


class LockedError(LabelsError):
    """Another napari writes in a folder."""


class FolderLock:
    """The right to write in one folder.

    Parameters
    ----------
    folder : Path
        The folder; it must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = FileLock(folder / LOCK, thread_local=False)

    def acquire(self) -> None:
        """Take the right to write.

        Raises
        ------
        LockedError
            If another napari has it.
        OSError
            If the folder cannot be written.
        """
        try:
            self._lock.acquire(timeout=PATIENCE, poll_interval=0.05)
        except Timeout as error:
            raise LockedError(
                f"{self.folder} is open in another napari{owner_of(self.folder)}.",
                remedy="Close it there; until then what you paint here is kept in memory only.",
            ) from error
        except NotImplementedError as error:  # as filelock says it
            raise OSError(errno.ENOLCK, "This file system cannot lock files", str(self.folder)) from error
        with replacing(self.folder / OWNER) as path:
            path.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": time.time()}))

    def release(self) -> None:
        """Let go; nothing happens where the right was not taken."""
        with contextlib.suppress(OSError):  # the folder may have vanished
            self._lock.release()


def is_taken(folder: Path) -> bool:
    """Return whether a napari, this one or another, writes in a folder."""
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    except OSError:  # a folder that may only be read
        return False
    lock.release()
    return False


def owner_of(folder: Path) -> str:
    """Say in brackets who writes in a folder, as far as it is known."""
    try:
        owner = json.loads((folder / OWNER).read_text(encoding="utf-8"))
        since = time.strftime("%H:%M", time.localtime(float(owner["since"])))
        return f" (process {int(owner['pid'])} on {owner['host']}, since {since})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
