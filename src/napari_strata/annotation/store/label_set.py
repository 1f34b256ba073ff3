"""One label set on disk: a folder with its card, its codes as OME-Zarr, its points and its save points."""

import contextlib
import re
import shutil
import uuid
from datetime import datetime
from pathlib import Path
from typing import Self

from napari_strata.annotation.store.card import ImageCard, SetCard, read_card, write_card
from napari_strata.annotation.store.lock import FolderLock
from napari_strata.annotation.store.zarr_labels import LabelArrays

VERSIONS = "versions"
"""Folder of the save points in the folder of a label set."""


class LabelSet:
    """A label set that this process may write.

    Parameters
    ----------
    folder : Path
        Its folder.
    lock : FolderLock
        The right to write there, taken.
    card : SetCard
        What it says of itself.

    Attributes
    ----------
    arrays : LabelArrays
        Its codes.
    """

    def __init__(self, folder: Path, lock: FolderLock, card: SetCard) -> None:
        self.folder, self.card = folder, card
        self.arrays = LabelArrays(folder)
        self._lock = lock

    @classmethod
    def create(cls, home: Path, image: ImageCard) -> Self:
        """Make an empty label set.

        Parameters
        ----------
        home : Path
            Folder of all label sets; it must exist.
        image : ImageCard
            What is labelled.

        Raises
        ------
        OSError, OutputError
            If it cannot be written.
        """
        stem = re.sub(r"[^\w.-]+", "-", image.name).strip("-.")[:60] or "image"
        folder = home / f"{stem}-{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"
        folder.mkdir()
        lock = FolderLock(folder)
        card = SetCard(image=image, created=now(), changed=now())
        try:
            lock.acquire()
            write_card(folder, card)
        except BaseException:  # it is tried again every second; a full disk shall not fill with empty folders
            lock.release()
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(folder, lock, card)

    @classmethod
    def claim(cls, folder: Path) -> Self:
        """Open a label set to go on with it.

        Raises
        ------
        LockedError
            If another napari writes in it.
        LabelsError
            If it is damaged.
        OSError
            If it cannot be written.
        """
        lock = FolderLock(folder)
        lock.acquire()
        try:
            card = read_card(folder)
        except BaseException:
            lock.release()
            raise
        for left in folder.rglob("*.partial"):  # of a write that a crash cut short
            with contextlib.suppress(OSError):
                left.unlink()
        for left in (folder / VERSIONS).glob(".*.part"):
            shutil.rmtree(left, ignore_errors=True)
        return cls(folder, lock, card)

    def rewrite(self, card: SetCard) -> None:
        """Write another card, unless it says the same.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        if card != self.card:
            write_card(self.folder, card)
            self.card = card

    def claim_again(self) -> None:
        """Take the right to write anew where the folder may have been another one in the meantime.

        Raises
        ------
        LockedError
            If another napari took it.
        OSError
            If the folder is not there.
        """
        self._lock.release()
        if not self.folder.is_dir():
            raise FileNotFoundError(2, "The folder has vanished", str(self.folder))
        self._lock.acquire()
        self.arrays.forget()

    def release(self) -> None:
        """Let others write in it."""
        self._lock.release()


def now() -> str:
    """Return the time as it is written into cards."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")
