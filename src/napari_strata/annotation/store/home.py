"""Where label sets lie: in the project folder that the user chose, or else in the user's cache."""

import json
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from platformdirs import user_cache_path, user_config_path

from napari_strata.annotation.store.card import CARD, SetCard, read_card
from napari_strata.annotation.store.lock import FolderLock, is_taken
from napari_strata.errors import LabelsError
from napari_strata.io.files import replacing

HOME_VARIABLE = "NAPARI_STRATA_HOME"
IN_PROJECT = "strata-labels"
"""Folder of the label sets in a project folder."""
_CHOICE = "project.json"
_APP = "napari-strata"


class LabelHome:
    """A folder of label sets.

    In a project one napari at a time may write, so that two people never paint the same labels unawares. The cache
    belongs to the user; there each label set is locked by itself.

    Parameters
    ----------
    project : Path, optional
        The project folder; without it the user's cache is meant.
    """

    def __init__(self, project: Path | None = None) -> None:
        self.project = project
        self.folder = cache_folder() if project is None else project / IN_PROJECT
        self._lock: FolderLock | None = None
        self._was_entered = False

    def enter(self) -> None:
        """Make the folder if it is not there, and take the right to write in it.

        Raises
        ------
        LockedError
            If another napari works on the project.
        OSError
            If the project folder has vanished, or cannot be written.
        """
        if self.project is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            return
        if not (self.folder if self._was_entered else self.project).is_dir():
            self.leave()  # whoever is there when the folder comes back may write
            raise FileNotFoundError(2, "The project folder has vanished", str(self.project))
        if self._lock is None:
            self.folder.mkdir(exist_ok=True)
            lock = FolderLock(self.folder)
            lock.acquire()
            self._lock, self._was_entered = lock, True

    def leave(self) -> None:
        """Let others write in it."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class SetState(StrEnum):
    """What became of a label set."""

    CLOSED = "closed"
    CRASHED = "not closed: napari ended in the middle"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class StoredSet:
    """A label set on disk.

    Attributes
    ----------
    folder : Path
        Its folder.
    card : SetCard
        What it says of itself.
    state : SetState
        Whether somebody has it open, or how it was left.
    """

    folder: Path
    card: SetCard
    state: SetState


def list_sets(home: LabelHome) -> list[StoredSet]:
    """Return the label sets of a home that can be read and hold anything, last changed first."""
    found = []
    try:
        folders = [path.parent for path in home.folder.glob(f"[!.]*/{CARD}")]
    except OSError:
        return []
    for folder in folders:
        try:
            card = read_card(folder)
        except LabelsError:
            continue
        if card.layers:
            found.append(StoredSet(folder, card, _state(folder, card)))
    return sorted(found, key=lambda stored: stored.card.changed, reverse=True)


def cache_folder() -> Path:
    """Return the folder for label sets outside projects.

    It is ``labels`` in the folder that the variable NAPARI_STRATA_HOME names, else in the user's cache.
    """
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home).expanduser() / "labels"
    return user_cache_path(_APP, appauthor=False) / "labels"


def chosen_project() -> Path | None:
    """Return the project folder that the user chose last; None for the cache."""
    try:
        chosen = json.loads(_choice_file().read_text(encoding="utf-8"))["project"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Path(chosen) if isinstance(chosen, str) and chosen else None


def choose_project(project: Path | None) -> None:
    """Remember a project folder; None for the cache.

    Raises
    ------
    OutputError
        If the choice cannot be written.
    """
    with replacing(_choice_file()) as path:
        path.write_text(json.dumps({"project": "" if project is None else str(project)}), encoding="utf-8")


def _choice_file() -> Path:
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home).expanduser() / _CHOICE
    return user_config_path(_APP, appauthor=False) / _CHOICE


def _state(folder: Path, card: SetCard) -> SetState:
    if is_taken(folder):
        return SetState.OPEN
    return SetState.CLOSED if card.closed else SetState.CRASHED
