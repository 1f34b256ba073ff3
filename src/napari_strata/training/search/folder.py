"""The folder of a search: settings, optuna's journal, the table of trials, their records, the best model."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from napari_strata.config.search import SearchTrainConfig
from napari_strata.control import JobCanceled
from napari_strata.errors import OutputError
from napari_strata.io.bundle import load_bundle, save_bundle
from napari_strata.io.files import replacing
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.training.run.data import LABELS, check_free, config_in_run, keep_painted
from napari_strata.training.run.facts import FACTS
from napari_strata.training.run.lock import RunLock
from napari_strata.training.run.record import CONFIG, EVENTS, HISTORY
from napari_strata.training.run.tensorboard import FOLDER as BOARD

JOURNAL, TABLE, TRIALS, MODEL = "study.journal", "trials.csv", "trials", "model"
RECORD = (CONFIG, EVENTS, HISTORY, FACTS)
"""Files of a trial that stay when its weights go."""


def is_search(folder: Path) -> bool:
    """Tell whether a folder holds a search."""
    return (folder / JOURNAL).is_file()


def trial_folder(folder: Path, number: int) -> Path:
    """Return the run folder of a trial."""
    return folder / TRIALS / f"{number:03d}"


def read_config(folder: Path) -> SearchTrainConfig:
    """Read the settings of a search.

    Raises
    ------
    OutputError
        If there is no search in the folder.
    ConfigError
        If its settings cannot be read.
    """
    if not is_search(folder):
        raise OutputError(
            f"{folder} holds no search: there is no {JOURNAL} in it.", remedy="Choose the folder of a search."
        )
    return SearchTrainConfig.read(folder / CONFIG)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a folder to oneself; a search that is called off before there was anything to keep leaves no trace.

    Raises
    ------
    OutputError
        If it cannot be written, or another search runs in it.
    """
    is_new = not is_search(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = RunLock(folder)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror}).", remedy="Choose a folder that you may write to."
        ) from error
    try:
        yield
    except JobCanceled:
        if is_new and not (folder / LABELS).exists():
            _discard(folder)
            lock.remove()
        raise
    finally:
        lock.release()


def keep_config(config: SearchTrainConfig, inputs: TrainInputs) -> None:
    """Write the settings of a search, and what was painted for it; one that is there already must be the same.

    Raises
    ------
    OutputError
        If the folder holds another search, or something else.
    """
    folder = inputs.out
    wanted = SearchTrainConfig.of(config_in_run(config.train_config, inputs), config.search)
    if is_search(folder):
        _check_same(read_config(folder), wanted, folder)
    elif (folder / EVENTS).exists() or (folder / MODEL).exists():
        raise OutputError(f"{folder} holds a training already.", remedy="Choose another folder for the search.")
    else:
        check_free(folder)
        keep_painted(inputs)
    with replacing(folder / CONFIG) as path:
        path.write_text(wanted.to_yaml(), encoding="utf-8")


def keep_best(folder: Path, number: int) -> None:
    """Make the model of a trial that of the search.

    Raises
    ------
    OutputError
        If it cannot be written.
    BundleError
        If the trial's cannot be read.
    """
    bundle = load_bundle(trial_folder(folder, number) / MODEL)
    save_bundle(folder / MODEL, bundle.state, bundle.card)


def drop_weights(folder: Path, number: int) -> None:
    """Remove all of a trial but its record."""
    with suppress(FileNotFoundError):
        for path in trial_folder(folder, number).iterdir():
            if path.is_dir() and path.name != BOARD:
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_file() and path.name not in RECORD:
                path.unlink(missing_ok=True)


def _discard(folder: Path) -> None:
    shutil.rmtree(folder / TRIALS, ignore_errors=True)
    with suppress(OSError):
        for name in (CONFIG, JOURNAL, TABLE):
            (folder / name).unlink(missing_ok=True)


def _check_same(before: SearchTrainConfig, wanted: SearchTrainConfig, folder: Path) -> None:
    """Check that a search goes on with its own settings; only where and how long it computes can change."""
    changed = {"search.trials", "search.time_limit", "training.device"}
    then, now = (dict(_leaves(config.model_dump())) for config in (before, wanted))
    other = [name for name in {**then, **now} if name not in changed and then.get(name) != now.get(name)]
    if other:
        raise OutputError(
            f"{folder} holds a search with other settings: {', '.join(other[:5])}.",
            remedy="Choose another folder, or continue that search with its own settings.",
        )


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
