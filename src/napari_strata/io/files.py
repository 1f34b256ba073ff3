"""Writing a file, or a folder, so that a reader sees the old one or the new one, whole."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from napari_strata.errors import OutputError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Lend a temporary path beside `path`, and move it there if the block ends well.

    Parameters
    ----------
    path : Path
        File to write, or folder that is one document; the folder around it is made if it is not there.

    Yields
    ------
    Path
        Where to write; gone afterwards, whatever happened.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove(temporary)
        yield temporary
        if temporary.is_dir():
            _remove(path)
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}).",
            remedy="Choose a place that you may write to and that has space left.",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            _remove(temporary)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
