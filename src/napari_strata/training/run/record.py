"""The record of a run on disk: config.yaml, run.json, events.jsonl as things happen, history.csv by epochs.

What was painted in the viewer is kept beside them (`napari_strata.training.run.data`).
"""

import csv
import dataclasses
import json
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from napari_strata.config import TrainConfig
from napari_strata.errors import OutputError
from napari_strata.events import BatchEnded, EpochEnded, FinishReason, JobEvent, PreviewReady
from napari_strata.io.files import replacing
from napari_strata.training.run.data import LABELS, check_free
from napari_strata.training.run.facts import FACTS, Facts, end_session, write_facts
from napari_strata.training.run.lock import RunLock
from napari_strata.training.run.start import START

CONFIG, EVENTS, HISTORY = "config.yaml", "events.jsonl", "history.csv"
FLUSH_EVERY = 2.0
"""Longest time for which an event is kept from those who follow a run by its folder [s]."""
COLUMNS = tuple(field.name for field in dataclasses.fields(EpochEnded))
"""Columns of history.csv."""
Position = dict[str, int]
"""Lengths of events.jsonl and history.csv [bytes]."""


class RunRecord:
    """Writes every event of a training but previews to a run folder, and how it ended; a context manager.

    Nobody else can train in the folder meanwhile.

    Parameters
    ----------
    folder : Path
        The run folder; made if it is not there.
    config : TrainConfig
        Everything that is set.
    resumes : bool
        Whether to go on with the record that is there; `go_on` then says from where.

    Attributes
    ----------
    facts : dict
        What goes into run.json; see `napari_strata.training.run.facts`.
    step : int
        Steps of the run that are done.

    Raises
    ------
    OutputError
        If the folder cannot be written, holds a run or somebody's config.yaml already, or a training is running in
        it.
    """

    def __init__(self, folder: Path, config: TrainConfig, *, resumes: bool = False) -> None:
        self.facts: Facts | None = None
        self.step = 0
        self._flushed = time.monotonic()
        self._folder = folder
        self._resumes = resumes
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not (resumes or (folder / EVENTS).exists()):
                check_free(folder)
            self._lock = RunLock(folder)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            self._open(config)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self._lock.release()

    def go_on(self, position: Position | None) -> None:
        """Cut off what was written after a position, or everything.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        try:
            for file, length in zip(self._files, (position or {}).values(), strict=False):
                file.truncate(min(length, os.fstat(file.fileno()).st_size))  # power may have failed meanwhile
            if position is None:
                for file in self._files:
                    file.truncate(0)
                self._writer.writerow(COLUMNS)
        except OSError as error:
            raise self._unwritable(error) from error

    def position(self) -> Position:
        """Return how far the record is, when all of it is on disk.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        self._flush()
        lengths = [os.fstat(file.fileno()).st_size for file in self._files]
        return dict(zip((EVENTS, HISTORY), lengths, strict=True))

    def write(self, event: JobEvent) -> None:
        """Append one event, with the time [s since 1970].

        Raises
        ------
        OutputError
            If it cannot be written, for example because the disk is full.
        """
        if isinstance(event, PreviewReady):
            return
        if isinstance(event, BatchEnded | EpochEnded):
            self.step = event.step
        self._append(type(event).__name__, dataclasses.asdict(event))
        if isinstance(event, EpochEnded):
            self._writer.writerow(dataclasses.astuple(event))
            self._flush()

    def write_facts(self, facts: Facts) -> None:
        """Write run.json.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        self.facts = facts
        write_facts(self._folder, facts)

    def end(self, reason: FinishReason, error: Exception | None = None, *, ended_by: str | None = None) -> None:
        """Append how the run ended.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        words = None if error is None else f"{type(error).__name__}: {error}"
        self._append("JobEnded", {"reason": reason, "error": words})
        self._flush()
        if self.facts is not None:
            end_session(self.facts, ended_by=ended_by or str(reason), step=self.step, error=words)
            write_facts(self._folder, self.facts)

    def discard(self) -> None:
        """Remove the record of a run that came to nothing, so that its folder can be used again.

        What was painted stays, with the settings that name its classes: the viewer may be gone by now. So does the
        record of an earlier session, with a note that this one was called off.
        """
        if self._resumes and self.facts is not None:
            self.end(FinishReason.CANCELED)
        self._close()
        if self._resumes:
            return
        kept = {CONFIG} if (self._folder / LABELS).exists() else set()
        for name in {CONFIG, EVENTS, HISTORY, FACTS} - kept:
            (self._folder / name).unlink(missing_ok=True)
        shutil.rmtree(self._folder / START, ignore_errors=True)
        self._lock.remove()
        with suppress(OSError):  # it holds other things
            self._folder.rmdir()

    @property
    def has_begun(self) -> bool:
        """Whether there is something to tell of: this session wrote run.json, or an earlier one did."""
        return self.facts is not None or self._resumes

    @property
    def has_facts(self) -> bool:
        """Whether an earlier session wrote run.json."""
        return (self._folder / FACTS).is_file()

    @property
    def _files(self) -> tuple[IO[str], IO[str]]:
        return self._events, self._history

    def _open(self, config: TrainConfig) -> None:
        if (self._folder / EVENTS).exists() and not self._resumes:
            raise OutputError(
                f"{self._folder} holds a training run already.",
                remedy="Choose another folder, remove that one if you no longer need its model, or go on with it "
                "(--resume).",
            )
        with replacing(self._folder / CONFIG) as path:
            path.write_text(config.to_yaml(), encoding="utf-8")
        mode = "a" if self._resumes else "w"
        try:
            self._events: IO[str] = (self._folder / EVENTS).open(mode, encoding="utf-8")
            self._history: IO[str] = (self._folder / HISTORY).open(mode, encoding="utf-8", newline="")
        except OSError as error:
            raise self._unwritable(error) from error
        self._writer = csv.writer(self._history)
        if not self._resumes:
            self._writer.writerow(COLUMNS)

    def _close(self) -> None:
        """Close the files; what a full disk does not take is lost, and said so before."""
        for file in self._files:
            with suppress(OSError):
                file.close()

    def _append(self, name: str, values: dict[str, Any]) -> None:
        line = json.dumps({"event": name, "time": time.time(), **values}, default=str)
        try:
            self._events.write(line + "\n")
            if time.monotonic() >= self._flushed + FLUSH_EVERY:
                self._flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _flush(self) -> None:
        self._flushed = time.monotonic()
        try:
            for file in self._files:
                file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"The run folder {self._folder} cannot be written ({error.strerror}).",
            remedy="Choose a folder that you may write to and that has space left; a training that had begun is "
            "resumed there.",
        )
