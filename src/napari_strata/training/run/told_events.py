"""The events of a run as its folder tells them, while another process, perhaps on another machine, writes them."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from napari_strata.events import (
    BatchEnded,
    CorrectionTaken,
    EpochEnded,
    JobEvent,
    PinsChecked,
    Progress,
    StartedFrom,
    Warned,
)
from napari_strata.training.run.record import EVENTS

_KINDS: dict[str, TypeAdapter[JobEvent]] = {
    kind.__name__: TypeAdapter(kind)
    for kind in (BatchEnded, CorrectionTaken, EpochEnded, PinsChecked, Progress, StartedFrom, Warned)
}


class ToldEvents:
    """Reads events.jsonl as it grows.

    Parameters
    ----------
    folder : Path
        The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / EVENTS
        self._position = 0

    def new(self) -> list[dict[str, Any]]:
        """Return what was written since the last call; empty where nothing was, or nobody can read it now.

        A line that is not finished is left for the next call, and one that makes no sense is passed over. A run
        that is resumed cuts its file off first; it is then read from where it ends.
        """
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(min(self._position, size))
                start = file.tell()
                text = file.read()
        except OSError:  # not there yet, or the network is away
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._position = start + len(whole)
        return [values for line in whole.splitlines() if (values := _parsed(line)) is not None]


def event_of(values: dict[str, Any]) -> JobEvent | None:
    """Return the event that a line holds; None for one of another version, or that its own process alone needs."""
    kind = _KINDS.get(str(values.get("event")))
    try:
        return None if kind is None else kind.validate_python(values)
    except ValidationError:
        return None


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None
