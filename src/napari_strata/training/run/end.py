"""The end of a run whose process was killed, written into its record by the process that watched over it."""

import json
import time
from contextlib import suppress
from pathlib import Path

from napari_strata.errors import StrataError
from napari_strata.events import FinishReason
from napari_strata.training.run.facts import end_session, read_facts, write_facts
from napari_strata.training.run.record import EVENTS


def record_end(folder: Path, error: Exception) -> None:
    """Note in events.jsonl and run.json that a run failed; nothing happens where there are no such files.

    What cannot be written is left out: the error at hand matters more.
    """
    path = folder / EVENTS
    words = f"{type(error).__name__}: {error}"
    line = {"event": "JobEnded", "time": time.time(), "reason": FinishReason.FAILED, "error": words}
    with suppress(OSError, StrataError):
        text = path.read_bytes()
        is_cut = bool(text) and not text.endswith(b"\n")
        with path.open("ab") as file:
            file.write(b"\n" * is_cut + json.dumps(line).encode() + b"\n")
        facts = read_facts(folder)
        end_session(facts, ended_by=FinishReason.FAILED, step=_last_step(text), error=words)
        write_facts(folder, facts)


def _last_step(text: bytes) -> int:
    """Return the step of the last batch in events.jsonl, 0 if there is none."""
    for line in reversed(text.splitlines()):
        with suppress(ValueError, KeyError, TypeError):  # cut short, or another event
            return int(json.loads(line)["step"])
    return 0
