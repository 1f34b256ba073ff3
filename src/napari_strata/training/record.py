"""The record of a run on disk: events.jsonl as things happen, history.csv with a line per epoch."""

import csv
import dataclasses
import json
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from napari_strata.errors import OutputError
from napari_strata.events import EpochEnded, JobEvent, PreviewReady

HISTORY = tuple(field.name for field in dataclasses.fields(EpochEnded))
"""Columns of history.csv."""


class RunRecord:
    """Writes every event but previews to a run folder; a context manager.

    Parameters
    ----------
    folder : Path
        The run folder; made if it is not there.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._events = (folder / "events.jsonl").open("w", encoding="utf-8")
            self._history = (folder / "history.csv").open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise OutputError(
                f"The run folder {folder} cannot be written ({error.strerror}).",
                remedy="Choose a folder that you may write to and that has space left.",
            ) from error
        self._writer = csv.writer(self._history)
        self._writer.writerow(HISTORY)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._events.close()
        self._history.close()

    def write(self, event: JobEvent) -> None:
        """Append one event, with the time [s since 1970]."""
        if isinstance(event, PreviewReady):
            return
        values = {"event": type(event).__name__, "time": time.time(), **dataclasses.asdict(event)}
        self._events.write(json.dumps(values) + "\n")
        if isinstance(event, EpochEnded):
            self._writer.writerow(dataclasses.astuple(event))
            self._events.flush()
            self._history.flush()
