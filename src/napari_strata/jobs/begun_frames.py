"""Files of the maps of all frames whose job was stopped: the same question goes on in them."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from napari_strata.config import ModelCard
from napari_strata.errors import OutputError
from napari_strata.explain.many.stack import map_key
from napari_strata.jobs.inquiry import Inquiry

UNFINISHED = "unfinished"
"""Name under which such a file says what was asked, and how many frames are done."""


def asked_of_all(card: ModelCard, inquiry: Inquiry) -> str:
    """Return a name of what is asked of all frames: another one for everything that may change a map."""
    finding = {
        "tolerance": inquiry.config.tolerance,
        "radius": inquiry.config.target_radius,
        "inference": inquiry.inference.model_dump(mode="json"),
        "locating": inquiry.locating.model_dump(mode="json"),
    }
    asked = map_key(card, inquiry.image, 0, inquiry.question, inquiry.config, None)
    return hashlib.sha256(json.dumps([asked, finding], sort_keys=True).encode()).hexdigest()


def noted(asked: str, done: int, frames: int) -> dict[str, Any]:
    """Return what files say of how far they came; nothing where all frames are done."""
    return {UNFINISHED: {"asked": asked, "done": done}} if done < frames else {}


def begun(paths: Iterable[Path | None]) -> dict[Path, Mapping[str, Any]]:
    """Return those files that a stopped job wrote, and what they say of how far they came."""
    told = {path: _told(path) for path in paths if path is not None and path.exists()}
    return {path: found[UNFINISHED] for path, found in told.items() if isinstance(found.get(UNFINISHED), dict)}


def check_same(files: Mapping[Path, Mapping[str, Any]], asked: str) -> None:
    """Check that begun files are those of what is asked.

    Raises
    ------
    OutputError
        If one is of something else.
    """
    for path, told in files.items():
        if told.get("asked") != asked:
            raise OutputError(
                f"{path} is there already: it was stopped, but the question, the model, the image or a setting was"
                " another one.",
                remedy="Ask the same to go on, choose another name, or allow to overwrite (--overwrite).",
            )


def done_in(files: Mapping[Path, Mapping[str, Any]]) -> int:
    """Return how many frames are done in begun files, the most of any."""
    return max((int(told.get("done", 0)) for told in files.values()), default=0)


def _told(path: Path) -> Mapping[str, Any]:
    from napari_strata.explain.heatmap import metadata_of

    if path.suffix.lower() != ".json":
        return metadata_of(path)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
