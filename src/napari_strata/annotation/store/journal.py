"""The journal of one image's labels: in every pass the thread that writes brings the label set on disk up to date.

All of it runs in that thread, except that whoever watches the layers notes what changes in the followed layers.
Whatever goes wrong on the disk, painting goes on in memory; it is tried again every second, and all of it is
written as soon as the disk is back. A folder that has vanished is never made anew: what lies in its place is not
on the user's drive.
"""

import logging
import shutil
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from napari_strata.annotation.provenance import Provenance
from napari_strata.annotation.store.card import CARD, ImageCard, LayerCard
from napari_strata.annotation.store.followed import Followed, FollowedLabels
from napari_strata.annotation.store.home import LabelHome
from napari_strata.annotation.store.label_set import LabelSet, now
from napari_strata.annotation.store.lock import LockedError
from napari_strata.annotation.store.versions import save_version
from napari_strata.errors import LabelsError, OutputError, StrataError

BETWEEN_VERSIONS = 600.0
"""Time between two save points while somebody paints [s]."""
RETRY = 1.0
"""Time after which it is tried again to write where that failed [s]."""
AUTOMATIC = "every 10 minutes"
_log = logging.getLogger(__name__)


class Phase(Enum):
    """Whether what is painted is safe."""

    EMPTY = "nothing to save yet"
    SAVED = "saved"
    FAULTY = "cannot be saved"
    READ_ONLY = "open in another napari"


@dataclass(frozen=True, slots=True)
class JournalState:
    """What a journal tells the user.

    Attributes
    ----------
    phase : Phase
        Whether what is painted is safe.
    words : str
        What is wrong and what to do; empty where nothing is.
    folder : Path or None
        Where the label set lies.
    """

    phase: Phase = Phase.EMPTY
    words: str = ""
    folder: Path | None = None


class SetJournal:
    """Keeps one label set on disk like the layers that are open.

    Parameters
    ----------
    home : LabelHome
        Where to make the label set as soon as anything is painted.
    image : ImageCard
        What is labelled.
    label_set : LabelSet, optional
        A label set to go on with.
    """

    def __init__(self, home: LabelHome, image: ImageCard, label_set: LabelSet | None = None) -> None:
        self._home, self._image, self._set = home, image, label_set
        self._followed: dict[str, Followed] = {}
        self._entries: dict[str, LayerCard] = {}
        self._made: set[tuple[str, Provenance]] = set()
        if label_set is not None:
            self._entries = {layer.key: layer for layer in label_set.card.layers}
        self._leaving: set[str] = set()
        self._last_version = time.monotonic()
        self._try_again = 0.0
        self._is_changed = False
        self.state = JournalState(folder=_folder(label_set))

    @property
    def painted(self) -> dict[str, dict[int, int]]:
        """Pixels per mask code, or points under 0, by the key of the layer."""
        return {key: followed.painted for key, followed in self._followed.items()}

    def follow(self, followed: Followed) -> None:
        """Keep a layer from now on; one that the store has under its key already is replaced there, all of it."""
        key = followed.card.key
        if key in self._entries and not followed.is_known:
            followed.forget()
        self._followed[key] = followed
        self._leaving.discard(key)

    def let_go(self, key: str) -> None:
        """Write a layer for the last time; it stays on disk, as one that the user removed."""
        followed = self._followed[key]
        followed.card = followed.card.model_copy(update={"removed": True})
        self._leaving.add(key)

    def tick(self) -> None:
        """Bring the label set up to date; what goes wrong is told in `state`."""
        if time.monotonic() < self._try_again:
            return
        try:
            self.save()
        except LockedError as error:
            self._fail(Phase.READ_ONLY, str(error))
        except (OSError, OutputError) as error:
            self._fail(Phase.FAULTY, _in_words(error))
        except Exception as error:  # noqa: BLE001 (the thread must live on, whatever it is)
            _log.exception("unexpected error while labels were saved")
            self._fail(Phase.FAULTY, _in_words(error))

    def save(self, *, everything: bool = False, closed: bool = False) -> None:
        """Bring the label set up to date.

        Parameters
        ----------
        everything : bool
            Look at every pixel, however long it takes.
        closed : bool
            Note that nothing more is to come.

        Raises
        ------
        OSError, OutputError
            If it cannot be written.
        LockedError
            If another napari writes there.
        """
        if self._set is None and not any(followed.has_news() for followed in self._followed.values()):
            self._drop_leaving()
            return
        label_set = self._standing_set()
        self._make_entries(label_set)
        wrote = [
            followed.save(label_set, everything=everything or key in self._leaving or key not in self._listed)
            for key, followed in self._followed.items()
        ]
        self._describe(label_set, is_changed=any(wrote), closed=closed)
        self.state = JournalState(Phase.SAVED, folder=label_set.folder)
        self._drop_leaving()
        if self._is_changed and time.monotonic() - self._last_version > BETWEEN_VERSIONS:
            self.save_version(AUTOMATIC)

    def save_version(self, what: str, *, by_hand: bool = False) -> Path:
        """Make a save point of the present state.

        Raises
        ------
        LabelsError
            If nothing has been painted yet.
        OSError, OutputError
            If it cannot be written.
        """
        self._last_version, self._is_changed = time.monotonic(), False
        self.save(everything=True)
        if self._set is None:
            raise LabelsError("There is nothing to keep yet.", remedy="Paint something first.")
        self._is_changed = False
        return save_version(self._set.folder, self._set.card, what, self.painted, by_hand=by_hand)

    def close(self) -> None:
        """Write everything, note that the label set was closed, and let others write in it.

        Raises
        ------
        OSError, OutputError
            If it cannot be written.
        """
        try:
            self.save(everything=True, closed=True)
        finally:
            if self._set is not None:
                self._set.release()

    def move(self, home: LabelHome) -> None:
        """Go on in another home; the label set moves there.

        Raises
        ------
        OSError, OutputError
            If it cannot be copied; it then stays where it is.
        LockedError
            If another napari works there.
        """
        home.enter()
        if self._set is not None:
            self.save(everything=True)
            old = self._set
            part, folder = home.folder / f".{old.folder.name}.part", home.folder / old.folder.name
            try:
                shutil.copytree(old.folder, part)
                part.rename(folder)
                self._set = LabelSet.claim(folder)
            except BaseException:
                shutil.rmtree(part, ignore_errors=True)
                raise
            old.release()
            shutil.rmtree(old.folder, ignore_errors=True)
            self.state = JournalState(Phase.SAVED, folder=folder)
        self._home = home

    def save_elsewhere(self, home: LabelHome) -> None:
        """Write everything as a label set of its own into another home, as where it belongs it cannot be written.

        What lies there is left as it is.

        Raises
        ------
        OSError, OutputError, LockedError
            If the other home cannot be written either.
        """
        if self._set is not None:
            self._set.release()
        self._home, self._set = home, None
        self._entries.clear()
        self._forget()
        self.save(everything=True, closed=True)

    def _drop_leaving(self) -> None:
        for key in self._leaving:
            del self._followed[key]
        self._leaving.clear()

    def _standing_set(self) -> LabelSet:
        """Return the label set where it can be written: made, or taken again after a fault."""
        self._home.enter()
        if self._set is not None and not self._set.folder.is_dir() and self._home.folder.is_dir():
            self._set.release()  # somebody deleted it: all of it is written again
            self._set = None
            self._entries.clear()
            self._forget()
        if self._set is None:
            self._set = LabelSet.create(self._home.folder, self._image)
        elif self.state.phase in (Phase.FAULTY, Phase.READ_ONLY):
            self._set.claim_again()
        if not (self._set.folder / CARD).is_file():
            raise FileNotFoundError(2, "The folder of the labels has vanished", str(self._set.folder))
        return self._set

    @property
    def _listed(self) -> set[str]:
        """What the card lists, which is what comes back after a crash: only what was written as a whole."""
        return set() if self._set is None else {layer.key for layer in self._set.card.layers}

    def _make_entries(self, label_set: LabelSet) -> None:
        for key, followed in self._followed.items():
            known = self._entries.get(key)
            card = followed.card  # once: whoever watches the layer may replace it while arrays are made
            if isinstance(followed, FollowedLabels):
                if (key, card.born) not in self._made:
                    label_set.arrays.create(card)
                    self._made.add((key, card.born))
                elif known is None or not card.is_called_like(known):
                    label_set.arrays.describe(card)
            self._entries[key] = card

    def _describe(self, label_set: LabelSet, *, is_changed: bool, closed: bool) -> None:
        layers = tuple(self._entries.values())
        card = label_set.card.model_copy(update={"layers": layers, "image": self._image})
        if is_changed or card.layers != label_set.card.layers:
            self._is_changed = True
            card = card.model_copy(update={"changed": now(), "closed": False})
        # closed until something changes: a pass between the closing of the window and the end is no news
        label_set.rewrite(card.model_copy(update={"closed": closed or card.closed}))

    def _fail(self, phase: Phase, words: str) -> None:
        if self._set is not None:
            self._forget()
        self._try_again = time.monotonic() + RETRY
        self.state = JournalState(phase, words, folder=_folder(self._set))

    def _forget(self) -> None:
        self._made.clear()
        for followed in self._followed.values():
            followed.forget()


def _folder(label_set: LabelSet | None) -> Path | None:
    return None if label_set is None else label_set.folder


def _in_words(error: Exception) -> str:
    if isinstance(error, StrataError):
        return str(error)
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror or error}{where}."
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
