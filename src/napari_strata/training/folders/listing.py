"""What lies in a run folder, told without torch and without an exception: how it went, how it ended, its curve."""

import json
import math
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from napari_strata.config import ModelCard, TrainConfig
from napari_strata.config.search import SearchTrainConfig
from napari_strata.config.training import SimulatedData
from napari_strata.errors import BundleError, StrataError
from napari_strata.io.bundle import CARD, read_card
from napari_strata.training.run.data import INPUTS, LABELS
from napari_strata.training.run.facts import FACTS, read_facts
from napari_strata.training.run.history import Epoch, read_history
from napari_strata.training.run.lock import is_running
from napari_strata.training.run.mark import is_marked
from napari_strata.training.run.record import CONFIG, EVENTS, HISTORY
from napari_strata.training.search.folder import JOURNAL, MODEL

_TAIL = 1 << 16
"""Bytes at the end of events.jsonl that are read."""
_STOPPED = ("stop", "canceled")
SCORES = ("validation_loss", "validation_dice", "validation_rmse", "validation_r2")
"""Scores on held-out data."""


class RunState(StrEnum):
    """How a run stands, in words for people."""

    RUNNING = "training now"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    BROKEN_OFF = "broken off"
    SEARCH = "search"
    MODEL = "model only"
    UNREADABLE = "cannot be read"


_NOT_BEGUN = "It ended before the first batch; there is no model. What was painted for it is kept."
_LEFT = (RunState.STOPPED, RunState.FAILED, RunState.BROKEN_OFF)
"""States of runs that did not come to their end."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder.

    Attributes
    ----------
    folder : Path
        The folder.
    name : str
        Of the model; of the folder where there is no better one.
    state : RunState
        How it stands.
    words : str
        Why it failed, or why it cannot be read.
    started : datetime or None
        When it began.
    config : TrainConfig or None
        Its settings.
    card : ModelCard or None
        That of its model, if it left one.
    history : tuple of Epoch
        Its curve.
    has_record : bool
        Whether a training wrote down here what it was made of, so that it can be taken up.
    has_labels : bool
        Whether it holds what was painted in the viewer.
    images : tuple of str
        Names of the images that it learned from; none where they are simulated, or nothing tells.
    """

    folder: Path
    name: str
    state: RunState
    words: str = ""
    started: datetime | None = None
    config: TrainConfig | None = field(default=None, repr=False)
    card: ModelCard | None = field(default=None, repr=False)
    history: tuple[Epoch, ...] = field(default=(), repr=False)
    has_record: bool = False
    has_labels: bool = False
    images: tuple[str, ...] = ()

    @property
    def best(self) -> Epoch | None:
        """The epoch whose weights were kept."""
        return next((epoch for epoch in reversed(self.history) if epoch.is_best), None)

    @property
    def scores(self) -> dict[str, float]:
        """Scores of the weights that were kept, as far as they are known, by their names in `Epoch`."""
        figures = {} if self.card is None else self.card.figures
        known = figures if self.best is None else self.best._asdict()
        return {name: float(value) for name in SCORES if isinstance(value := known.get(name), int | float)}

    @property
    def seconds(self) -> float | None:
        """Time that it trained [s]."""
        return self.history[-1].elapsed if self.history else None

    @property
    def is_resumable(self) -> bool:
        """Whether it can go on: it was left before its end, or can get more of what is spent."""
        is_ensemble = self.config is not None and self.config.training.ensemble.kind != "none"
        return self.has_record and (self.state in _LEFT or (self.state is RunState.FINISHED and not is_ensemble))

    @property
    def spent(self) -> tuple[str, ...]:
        """The settings of the training that must be raised before it can go on."""
        if self.config is None or not self.history or self.config.training.ensemble.kind != "none":
            return ()
        training, last = self.config.training, self.history[-1]
        limit = math.inf if training.time_limit is None else 60 * training.time_limit
        done = {
            "epochs": last.step >= training.epochs * training.steps_per_epoch,
            "time_limit": last.elapsed >= limit,
        }
        spent = tuple(name for name, is_spent in done.items() if is_spent)
        return ("patience",) if self.state is RunState.FINISHED and not spent else spent


def find_runs(root: Path) -> tuple[Path, ...]:
    """Return the run folders in a folder, or the folder itself where it is one."""
    if _is_run(root):
        return (root,)
    with suppress(OSError):
        return tuple(sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")))
    return ()


def stamp_of(folder: Path) -> tuple[object, ...]:
    """Return what changes whenever the row of a run does; quick."""
    files = (CONFIG, FACTS, HISTORY, JOURNAL, LABELS, f"{MODEL}/{CARD}", CARD)
    return (*(_changed(folder / name) for name in files), is_worked_on(folder))


def is_worked_on(folder: Path) -> bool:
    """Return whether a training runs in a folder, of whichever process, or is prepared by this one."""
    return is_marked(folder) or is_running(folder)


def read_run(folder: Path) -> Run:
    """Read what lies in a folder, whatever it is."""
    try:
        return _read(folder)
    except (StrataError, OSError, UnicodeDecodeError, ValueError, TypeError, KeyError) as error:
        words = error.message if isinstance(error, StrataError) else " ".join(str(error).split())
        return Run(folder, folder.name, RunState.UNREADABLE, words, _first_change(folder))


def _read(folder: Path) -> Run:
    if (folder / JOURNAL).is_file():
        return _read_search(folder)
    card = _card(folder)
    if not (folder / CONFIG).is_file():
        if card is None and is_marked(folder):
            return Run(folder, folder.name, RunState.RUNNING)
        if card is None:
            return Run(folder, folder.name, RunState.UNREADABLE, f"There is no {CONFIG} in it: it is no training.")
        return Run(folder, card.name, RunState.MODEL, started=_time(card.created), card=card)
    config = TrainConfig.read(folder / CONFIG)
    facts = read_facts(folder) if (folder / FACTS).is_file() else {"sessions": []}
    sessions = facts["sessions"]
    state, words = _standing(folder, sessions)
    return Run(
        folder,
        (card.name if card else config.name) or folder.name,
        state,
        words,
        _time(sessions[0]["started"]) if sessions else _first_change(folder),
        config,
        card,
        tuple(read_history(folder / HISTORY)),
        has_record=bool(sessions),
        has_labels=(folder / LABELS).is_file(),
        images=_images(config, facts),
    )


def _read_search(folder: Path) -> Run:
    search, card = SearchTrainConfig.read(folder / CONFIG), _card(folder)
    return Run(
        folder,
        (card.name if card else search.name) or folder.name,
        RunState.RUNNING if is_worked_on(folder) else RunState.SEARCH,
        f"A search of {search.search.trials} trials.",
        _first_change(folder),
        search.train_config,
        card,
        has_labels=(folder / LABELS).is_file(),
        images=_images(search.train_config, {}),
    )


def _standing(folder: Path, sessions: list[dict[str, Any]]) -> tuple[RunState, str]:
    if is_worked_on(folder):
        return RunState.RUNNING, ""
    if not sessions and not (folder / EVENTS).is_file():  # its record went with it
        return RunState.STOPPED, _NOT_BEGUN
    return _ending(sessions[-1] if sessions else _last_event(folder / EVENTS))


def _ending(last: dict[str, Any]) -> tuple[RunState, str]:
    """Tell how a run ended from its last session, or from its last event."""
    by, error = last.get("ended_by", last.get("reason")), last.get("error")
    if by is None:
        return RunState.BROKEN_OFF, "Its process ended before the training did."
    if by == "failed":
        return RunState.FAILED, str(error or "")
    return (RunState.STOPPED, "") if by in _STOPPED else (RunState.FINISHED, f"Ended by: {by}.")


def _images(config: TrainConfig, facts: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of what was learned from; run.json has those of layers, too."""
    if isinstance(config.data, SimulatedData):
        return ()
    if facts.get("data"):
        return tuple(str(one["image"]) for one in facts["data"])
    return tuple(path.stem for path in config.data.images if path.parent != Path(INPUTS))


def _last_event(path: Path) -> dict[str, Any]:
    """Return the end of events.jsonl, {} if it has none."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        for line in reversed(file.read().splitlines()):
            with suppress(ValueError, TypeError, KeyError):
                event = json.loads(line)
                return dict(event) if event["event"] == "JobEnded" else {}
    return {}


def _card(folder: Path) -> ModelCard | None:
    for bundle in (folder / MODEL, folder):
        if (bundle / CARD).is_file():
            with suppress(BundleError):  # of another version, or damaged: the run can be told without
                return read_card(bundle)
    return None


def _is_run(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (CONFIG, EVENTS, CARD, JOURNAL))


def _first_change(folder: Path) -> datetime | None:
    times = [changed for name in (CONFIG, CARD) if (changed := _changed(folder / name)) is not None]
    return datetime.fromtimestamp(min(times) / 1e9, UTC) if times else None


def _changed(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _time(text: str | None) -> datetime | None:
    with suppress(ValueError, TypeError):
        return datetime.fromisoformat(str(text))
    return None
