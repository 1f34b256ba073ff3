"""Maps that were computed once, kept in the user's cache so that they need not be computed again."""

import contextlib
import json
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from napari_strata.errors import OutputError
from napari_strata.io.files import replacing
from napari_strata.types import FloatImage

HOME_VARIABLE = "NAPARI_STRATA_HOME"
LARGEST = 1 << 30
"""The folder may become so large; the maps that were not looked at for longest go first [bytes]."""
_DAMAGED = (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged file raises; errors of text and of JSON are ValueErrors."""


def map_folder() -> Path:
    """Return where maps are kept.

    It is ``maps`` in the folder that the variable NAPARI_STRATA_HOME names, else in the user's cache.
    """
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home).expanduser() / "maps"
    return user_cache_path("napari-strata", appauthor=False) / "maps"


class MapCache:
    """A folder of maps, each with what it answers; it can be lost at any time, and nothing else with it.

    Each map is one npz file that is written whole or not at all. One that cannot be read, or holds anything but a
    map of the expected shape, is removed.

    Parameters
    ----------
    folder : Path, optional
        By default `map_folder()`.
    largest : int
        The folder may become so large [bytes].
    """

    def __init__(self, folder: Path | None = None, *, largest: int = LARGEST) -> None:
        self.folder = map_folder() if folder is None else folder
        self._largest = largest
        self._room = -1
        """What may still be written before the folder has to be looked through [bytes]."""

    def read(self, key: str, shape: tuple[int, int]) -> tuple[FloatImage, dict[str, Any]] | None:
        """Return a map of a shape (y, x) and what it answers; None where it is not there.

        Parameters
        ----------
        key : str
            Name under which it was written: letters and digits.
        shape : tuple of int
            Its shape.
        """
        path = self._path(key)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                map_, metadata = archive["map"], json.loads(archive["metadata"].tobytes())
            if map_.dtype != np.float32 or map_.shape != shape or not np.isfinite(map_).all():
                raise ValueError("no such map")
            if not isinstance(metadata, dict):
                raise ValueError("no metadata")
        except FileNotFoundError:
            return None
        except _DAMAGED:
            _remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # looked at last
        return map_, metadata

    def write(self, key: str, map_: FloatImage, metadata: dict[str, Any]) -> None:
        """Keep a map, and remove those that were not looked at for longest where there are too many.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        text = np.frombuffer(json.dumps(metadata).encode(), np.uint8)
        with replacing(self._path(key)) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, map=map_, metadata=text)
            self._room -= file.tell()
        if self._room < 0:
            self._make_room()

    def size(self) -> int:
        """Return how large the folder is [bytes]."""
        return sum(size for _, size, _ in self._files())

    def clear(self) -> None:
        """Remove all maps.

        Raises
        ------
        OutputError
            If one cannot be removed.
        """
        for _, _, path in self._files():
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(
                    f"{path} cannot be removed ({error.strerror or error}).",
                    remedy="Close other windows of napari that compute maps, or remove the folder by hand.",
                ) from error

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"

    def _files(self) -> list[tuple[float, int, Path]]:
        """Return time, size and path of every map, and of what an interrupted writer left, oldest first."""
        found = []
        for pattern in ("*.npz", ".*.npz.part"):
            for path in self.folder.glob(pattern):
                with contextlib.suppress(OSError):  # another process removed it
                    facts = path.stat()
                    found.append((facts.st_mtime, facts.st_size, path))
        return sorted(found)

    def _make_room(self) -> None:
        files = self._files()
        self._room = self._largest - sum(size for _, size, _ in files)
        for _, size, path in files[:-1]:
            if self._room >= 0:
                break
            _remove(path)
            self._room += size


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
