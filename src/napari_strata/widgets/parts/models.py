"""The folder in which trained models are kept, and what is in it."""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_data_path

from napari_strata.config import ModelCard
from napari_strata.errors import BundleError, OutputError
from napari_strata.io.bundle import CARD, find_bundle, read_card
from napari_strata.io.bundled import bundled_models
from napari_strata.training.run.mark import MARK, clear_mark, is_marked, set_mark

HOME_VARIABLE = "NAPARI_STRATA_HOME"
MODEL = "model"
"""Folder of a model in that of its run."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model that can be used.

    Attributes
    ----------
    path : Path
        The folder of its bundle.
    card : ModelCard
        What it is.
    is_training : bool
        Whether a training of this process is still making it better.
    is_bundled : bool
        Whether it comes with the plugin.
    """

    path: Path
    card: ModelCard
    is_training: bool = False
    is_bundled: bool = False

    @property
    def name(self) -> str:
        """The name that its training gave it."""
        return self.card.name

    @property
    def trained_on(self) -> str:
        """In words, what it learned from; of a bundled model without the one it started from, which nobody has."""
        return self.card.learned_from if self.is_bundled else self.card.trained_on.rstrip(".")

    @property
    def label(self) -> str:
        """What lists call it: the name of its run, which no other run has, and its time."""
        name = run_name(self.path)
        if self.is_bundled:
            return f"{name} (built in)"
        return f"{name} (training, best so far)" if self.is_training else f"{name}, {self.created}"

    @property
    def created(self) -> str:
        """Time of its last change, in the user's time zone."""
        return f"{_time(self.card):%d %b %Y, %H:%M}"


class Stamp(NamedTuple):
    """A bundle, the time of its last change [ns], and whether a training of this process goes on with it."""

    bundle: Path
    changed: int
    is_training: bool


class ModelLibrary:
    """The models in one folder; several libraries of one folder show the same.

    Parameters
    ----------
    folder : Path, optional
        The folder; by default the one of `models_folder`. It is made when the first model is.

    Attributes
    ----------
    damaged : tuple of str
        In words, what the last `list` had to leave out.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = models_folder() if folder is None else folder
        self.damaged: tuple[str, ...] = ()
        self._read: dict[Stamp, ModelCard] = {}

    def list(self) -> tuple[ModelEntry, ...]:
        """Return the models that can be read, newest first, and then those that come with the plugin."""
        entries, damaged = [], []
        known, self._read = self._read, {}
        for stamp in self.stamps():
            try:
                card = known.get(stamp) or read_card(stamp.bundle)
            except BundleError as error:
                damaged.append(error.message)
            else:
                self._read[stamp] = card
                entries.append(ModelEntry(stamp.bundle, card, stamp.is_training))
        self.damaged = tuple(sorted(damaged))
        bundled = (ModelEntry(folder, read_card(folder), is_bundled=True) for folder in bundled_models())
        return (*sorted(entries, key=lambda entry: _time(entry.card), reverse=True), *bundled)

    def offered(self, opened: Iterable[Path]) -> tuple[ModelEntry, ...]:
        """Return models that were opened from elsewhere, the last one first, and then those of the library.

        Parameters
        ----------
        opened : iterable of Path
            Folders of models; one that has been removed since is left out.
        """
        listed = self.list()
        known = {entry.path for entry in listed}
        others = []
        for path in opened:
            with suppress(BundleError):
                others.append(open_model(path))
        return (*(entry for entry in reversed(others) if entry.path not in known), *listed)

    def stamps(self) -> "tuple[Stamp, ...]":
        """Return what tells whether any model has changed; quick enough to be asked every second."""
        stamps = []
        for run in sorted(self.folder.glob("*")):
            for bundle in (run, run / MODEL):
                with suppress(OSError):
                    stamps.append(Stamp(bundle, (bundle / CARD).stat().st_mtime_ns, is_marked(bundle.parent)))
        return tuple(stamps)

    def runs_in_training(self) -> "tuple[Path, ...]":
        """Return the folders that trainings of this process work on, with a model or without; quick."""
        return tuple(mark.parent for mark in sorted(self.folder.glob(f"*/{MARK}")) if is_marked(mark.parent))

    def new_run(self, name: str) -> Path:
        """Make an empty folder for a training.

        Parameters
        ----------
        name : str
            Name of the model; a number follows it where there is such a run already.

        Raises
        ------
        OutputError
            If it cannot be made.
        """
        stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"
        number = 1
        while True:
            run = self.folder / (stem if number == 1 else f"{stem}-{number}")
            try:
                run.mkdir(parents=True)
            except FileExistsError:
                number += 1
            except OSError as error:
                raise _cannot_write(run, error) from error
            else:
                return run

    def mark_training(self, path: Path, is_training: bool) -> None:
        """Note in a run folder that its training runs in this process, or that it has ended.

        Raises
        ------
        OutputError
            If the run folder cannot be written.
        """
        try:
            if is_training:
                set_mark(path)
            else:
                clear_mark(path)
                if not any(path.glob("*")):  # stopped before the first batch
                    path.rmdir()
        except OSError as error:
            raise _cannot_write(path, error) from error


def models_folder() -> Path:
    """Return the folder for models.

    It is ``models`` in the folder that the environment variable NAPARI_STRATA_HOME names, else the folder set in
    napari's preferences of this plugin, else ``models`` in the user's data folder.
    """
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home).expanduser() / "models"
    if chosen := _folder_in_preferences():
        return Path(chosen).expanduser()
    return user_data_path("napari-strata", appauthor=False) / "models"


def run_name(model: Path) -> str:
    """Return the name of the run that made a model, from the folder of the model or of the run."""
    return model.parent.name if model.name == MODEL else model.name


def open_model(path: Path) -> ModelEntry:
    """Return the model in a folder that may lie anywhere.

    Parameters
    ----------
    path : Path
        A run folder, a bundle's folder, or its card.yaml.

    Raises
    ------
    BundleError
        If there is no model, or its card is damaged.
    """
    bundle = find_bundle(path)
    return ModelEntry(bundle, read_card(bundle), is_marked(bundle.parent))


def _folder_in_preferences() -> str:
    from napari.settings import get_plugin_settings

    try:
        settings = get_plugin_settings("napari-strata")
    except KeyError:  # the plugin is switched off, or used without napari
        return ""
    folder: str = settings.models.folder
    return folder


def _time(card: ModelCard) -> datetime:
    try:
        return datetime.fromisoformat(card.created).astimezone()
    except ValueError:  # written by hand
        return datetime.fromtimestamp(0).astimezone()


def _cannot_write(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{folder} cannot be written ({error.strerror}).",
        remedy=f"Choose another folder for models in napari's preferences, or by the variable {HOME_VARIABLE}.",
    )
