"""The record of a run on disk: config.yaml, events.jsonl as things happen, history.csv with a line per epoch.

Labels that were painted in the viewer are kept beside them, in labels.tif, and where each comes from, in
provenance.tif.
"""

import csv
import dataclasses
import json
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from napari_strata.config import TrainConfig
from napari_strata.errors import OutputError
from napari_strata.events import EpochEnded, FinishReason, JobEvent, PreviewReady
from napari_strata.io.masks import write_masks
from napari_strata.training.inputs import TrainInputs

CONFIG, EVENTS, HISTORY = "config.yaml", "events.jsonl", "history.csv"
LABELS, PROVENANCE = "labels.tif", "provenance.tif"
COLUMNS = tuple(field.name for field in dataclasses.fields(EpochEnded))
"""Columns of history.csv."""


class RunRecord:
    """Writes every event of a training but previews to a run folder, and how it ended; a context manager.

    Parameters
    ----------
    folder : Path
        The run folder; made if it is not there.
    config : TrainConfig
        Everything that is set.

    Raises
    ------
    OutputError
        If the folder cannot be written, or holds a run already.
    """

    def __init__(self, folder: Path, config: TrainConfig) -> None:
        if (folder / EVENTS).exists():
            raise OutputError(
                f"{folder} holds a training run already.",
                remedy="Choose another folder, or remove that one if you no longer need its model.",
            )
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / CONFIG).write_text(config.to_yaml(), encoding="utf-8")
            self._events = (folder / EVENTS).open("w", encoding="utf-8")
            self._history = (folder / HISTORY).open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise self._unwritable(error) from error
        self._writer = csv.writer(self._history)
        self._writer.writerow(COLUMNS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._events.close()
        self._history.close()

    def keep_labels(self, inputs: TrainInputs) -> None:
        """Write what was painted, so that it outlives the program; labels of files are there already.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if inputs.painted is None:
            return
        (stack,), (labels,) = inputs.images, inputs.labels
        for name, codes in ((LABELS, labels), (PROVENANCE, inputs.painted.provenance)):
            if codes is not None:
                masks = np.zeros((inputs.painted.depth, *codes.shape[1:]), np.uint8)
                masks[list(inputs.painted.frames)] = codes
                write_masks(masks, self._folder / name, pixel_size=stack.pixel_size)

    def write(self, event: JobEvent) -> None:
        """Append one event, with the time [s since 1970].

        Raises
        ------
        OutputError
            If it cannot be written, for example because the disk is full.
        """
        if isinstance(event, PreviewReady):
            return
        self._append(type(event).__name__, dataclasses.asdict(event))
        if isinstance(event, EpochEnded):
            self._writer.writerow(dataclasses.astuple(event))
            self._flush()

    def end(self, reason: FinishReason, error: Exception | None = None) -> None:
        """Append how the run ended."""
        words = None if error is None else f"{type(error).__name__}: {error}"
        self._append("JobEnded", {"reason": reason, "error": words})
        self._flush()

    def discard(self) -> None:
        """Remove the record of a run that came to nothing, so that its folder can be used again.

        What was painted stays, with the settings that name its classes: the viewer may be gone by now.
        """
        self._events.close()
        self._history.close()
        kept = {CONFIG} if (self._folder / LABELS).exists() else set()
        for name in {CONFIG, EVENTS, HISTORY} - kept:
            (self._folder / name).unlink(missing_ok=True)
        with suppress(OSError):  # it holds other things
            self._folder.rmdir()

    def _append(self, name: str, values: dict[str, Any]) -> None:
        line = json.dumps({"event": name, "time": time.time(), **values}, default=str)
        try:
            self._events.write(line + "\n")
        except OSError as error:
            raise self._unwritable(error) from error

    def _flush(self) -> None:
        try:
            self._events.flush()
            self._history.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"The run folder {self._folder} cannot be written ({error.strerror}).",
            remedy="Choose a folder that you may write to and that has space left.",
        )
