"""What was asked of a training while it ran, each with the step from which it counts, in files of the run folder.

So a training that is resumed or replayed learns what was painted at the same steps as before.
"""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from napari_strata.errors import CheckpointError
from napari_strata.io.files import replacing
from napari_strata.requests import Correction, Pin, Request, Unpin

KEPT: dict[str, type[Request]] = {kind.__name__: kind for kind in (Correction, Pin, Unpin)}
"""Requests that change what is learned or kept; the others only look."""


class RequestLog:
    """The requests of a run, in the order in which they were taken.

    Parameters
    ----------
    folder : Path, optional
        Folder of the files; without one nothing is kept.
    earlier : list of (int, Request)
        Steps and requests of an earlier life of the run, in order; they are there already.
    """

    def __init__(self, folder: Path | None = None, earlier: list[tuple[int, Request]] | None = None) -> None:
        self._folder = folder
        self._earlier = earlier or []
        self._last = (0, 0)

    def until(self, step: int) -> list[tuple[int, Request]]:
        """Return the earlier requests that count at a step or before; they are through."""
        taken = [one for one in self._earlier if one[0] <= step]
        self._earlier = [one for one in self._earlier if one[0] > step]
        return taken

    def due(self, step: int) -> list[Request]:
        """Return the earlier requests that are to be taken again at a step."""
        return [request for at, request in self._earlier if at == step]

    def keep(self, request: Request, step: int) -> None:
        """Write down what counts from a step on.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if self._folder is not None and type(request).__name__ in KEPT:
            self._last = (step, self._last[1] + 1 if self._last[0] == step else 0)
            write_request(self._folder / "{:08}-{:03}.npz".format(*self._last), request, step)


def write_request(path: Path, request: Request, step: int) -> None:
    """Write a request and its step as a file of numpy arrays.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    fields = {field.name: getattr(request, field.name) for field in dataclasses.fields(request)}
    arrays: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    with replacing(path) as temporary, temporary.open("wb") as file:
        save = np.savez if "pixels" in arrays else np.savez_compressed  # noise takes seconds and gets no smaller
        save(file, kind=type(request).__name__, step=step, **arrays)


def read_requests(folder: Path) -> list[tuple[int, Request]]:
    """Read the requests of a run in the order in which they were taken, each with its step.

    Raises
    ------
    CheckpointError
        If a file is damaged.
    """
    return [_read(path) for path in sorted(folder.glob("*.npz"))]


def _read(path: Path) -> tuple[int, Request]:
    try:
        with np.load(path, allow_pickle=False) as file:
            values = {name: file[name] if file[name].ndim else file[name].item() for name in file.files}
        kind, step = KEPT[values.pop("kind")], int(values.pop("step"))
        return step, kind(**values)
    except Exception as error:  # whatever numpy and zip say of a damaged file
        raise CheckpointError(
            f"{path} cannot be read ({error}).",
            remedy="Remove it; the run then goes on without what was painted there.",
        ) from error
