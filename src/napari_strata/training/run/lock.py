"""Who trains in a run folder: one training at a time, as the kernel says it; a process that is killed lets go."""

from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from napari_strata.errors import OutputError

LOCK = ".lock"


class RunLock:
    """The right to train in one run folder.

    Parameters
    ----------
    folder : Path
        The folder; it must exist.

    Raises
    ------
    OutputError
        If another training has it.
    OSError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK
        self._lock = FileLock(self._path, thread_local=False)
        try:
            with suppress(NotImplementedError):  # this file system cannot lock files: then nobody can tell
                self._lock.acquire(blocking=False)
        except Timeout as error:
            raise OutputError(
                f"A training is running in {folder}.",
                remedy="Stop it first, or wait until it has ended.",
            ) from error

    def release(self) -> None:
        """Let go."""
        with suppress(OSError):  # the folder may have vanished
            self._lock.release()

    def remove(self) -> None:
        """Let go and leave nothing behind."""
        self.release()
        with suppress(OSError):
            self._path.unlink()


def is_running(folder: Path) -> bool:
    """Return whether a training, of this program or of another, runs in a folder."""
    if not (folder / LOCK).exists():
        return False
    lock = FileLock(folder / LOCK, thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # a folder that may only be read
        return False
    lock.release()
    return False
