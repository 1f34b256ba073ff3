"""Arrays that lie on disk and not in memory, and are gone with whoever uses them."""

import math
import os
from pathlib import Path
from tempfile import TemporaryFile

import numpy as np

from napari_strata.errors import OutputError
from napari_strata.types import FloatImage


def scratch_array(folder: Path, shape: tuple[int, ...]) -> FloatImage:
    """Return an array of zeros that lies in a nameless file of a folder; the file goes with the array.

    Its room is taken at once where the system can, since a disk that is full later ends the whole process.

    Parameters
    ----------
    folder : Path
        Where there is room; it is made. Folders for temporary files often lie in memory.
    shape : tuple of int
        Its shape.

    Raises
    ------
    OutputError
        If there is no room, or nothing can be written there.
    """
    size = math.prod(shape) * np.dtype(np.float32).itemsize
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)
            return np.memmap(file, np.float32, "w+", shape=shape)
    except OSError as error:
        raise OutputError(
            f"{folder} has no room for {size / 1e6:.0f} MB ({error.strerror or error}).",
            remedy="Free some room on that disk, or name another folder by NAPARI_STRATA_HOME.",
        ) from error
