"""Taking up a run from its folder: to go on with it, or to repeat it elsewhere."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_strata.config import TrainConfig
from napari_strata.config.training import TrainingConfig
from napari_strata.errors import CheckpointError, ConfigError, OutputError
from napari_strata.jobs.train import read_inputs, with_absolute_paths
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.types import ImageStack

RAISED = ("epochs", "time_limit", "patience")
"""Budgets that may be raised when a run is resumed."""
CONFIG, CHECKPOINT = "config.yaml", "checkpoint"


def resumed(folder: Path, *, preview: ImageStack | None = None, **changes: Any) -> tuple[TrainConfig, TrainInputs]:
    """Return what `napari_strata.jobs.train.train` needs to go on with a run, in its own folder.

    Parameters
    ----------
    folder : Path
        The run folder.
    preview : ImageStack, optional
        One frame to predict live.
    **changes : object
        Fields of `TrainingConfig` that are to be other than before: larger budgets, another device or engine.
        None leaves a field as it was.

    Returns
    -------
    config : TrainConfig
        The run's configuration with the changes.
    inputs : TrainInputs
        What the run learns from.

    Raises
    ------
    CheckpointError
        If there is no run, its data changed, or all its budgets are spent.
    OutputError
        If a training is running in the folder.
    ConfigError
        If a change is out of its range.
    """
    from napari_strata.training.run.facts import check_unchanged, read_facts
    from napari_strata.training.run.lock import is_running
    from napari_strata.training.search.folder import is_search

    if is_search(folder):
        raise CheckpointError(
            f"{folder} holds a search, not a training.",
            remedy=f"Continue it: napari-strata search --resume {folder}",
        )
    config = with_changes(_config_of(folder), **changes)
    if is_running(folder):
        raise OutputError(
            f"A training is running in {folder}.", remedy="Stop it first, or wait until it has ended."
        )
    facts = read_facts(folder)
    _check_unspent(folder, config.training, facts["sessions"])
    replays = Path(facts["replays"]) if facts.get("replays") else None
    inputs = replace(_inputs_of(folder, config, out=folder), preview=preview, resumes=True, replays=replays)
    check_unchanged(facts, inputs)
    return config, inputs


def replayed(folder: Path, out: Path) -> tuple[TrainConfig, TrainInputs]:
    """Return what `napari_strata.jobs.train.train` needs to repeat a run from its record, in another folder.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    out : Path
        Folder for the new run.

    Returns
    -------
    config : TrainConfig
        The run's configuration.
    inputs : TrainInputs
        What the run learned from.

    Raises
    ------
    CheckpointError
        If there is no run, it left nothing to compare with, or its data changed.
    """
    from napari_strata.training.run.facts import check_start, check_unchanged, read_facts

    config, facts = _config_of(folder), read_facts(folder)
    _state_of(folder, needed=True)
    check_start(facts, config)
    inputs = replace(_inputs_of(folder, config, out=out), replays=folder)
    check_unchanged(facts, inputs)
    return config, inputs


def with_changes(config: TrainConfig, **changes: Any) -> TrainConfig:
    """Return a configuration with other fields of its training; None leaves a field as it is.

    Raises
    ------
    ConfigError
        If a value is out of its range.
    """
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        return config
    training = TrainingConfig.parse(config.training.model_dump() | given, source="not possible")
    return config.model_copy(update={"training": training})


def _config_of(folder: Path) -> TrainConfig:
    if not (folder / CONFIG).is_file():
        raise CheckpointError(
            f"{folder} is no run: there is no {CONFIG} in it." if folder.exists() else f"{folder} does not exist.",
            remedy="Choose the folder that a training wrote, as given by --out.",
        )
    try:
        return with_absolute_paths(TrainConfig.read(folder / CONFIG), folder)
    except ConfigError as error:
        raise CheckpointError(
            f"The run's configuration cannot be used: {error.message}",
            remedy="Take it up with the version of napari-strata that wrote it, named in run.json.",
        ) from error


def _inputs_of(folder: Path, config: TrainConfig, *, out: Path) -> TrainInputs:
    from napari_strata.training.run.data import as_painted

    return as_painted(read_inputs(config, out=out), folder)


def _state_of(folder: Path, *, needed: bool) -> dict[str, Any] | None:
    from napari_strata.training.engine.checkpoint import STATE, load_checkpoint

    if not needed and not (folder / CHECKPOINT / STATE).exists():
        return None
    return load_checkpoint(folder / CHECKPOINT)


def _check_unspent(folder: Path, config: TrainingConfig, sessions: list[dict[str, Any]]) -> None:
    """Refuse a run that has nothing left to do, and say how it can be given more."""
    state = _state_of(folder, needed=False)
    if state is None:
        return
    if config.ensemble.kind != "none":
        spent = (sessions[-1]["ended_by"] or "stop") not in ("stop", "failed", "canceled")
        remedy = "Train a new ensemble; a finished one cannot be continued."
    else:
        spent, remedy = _is_spent(config, state["parts"]), _how_to_raise(config)
    if spent:
        raise CheckpointError(f"The run in {folder} has ended: nothing is left of its budget.", remedy=remedy)


def _is_spent(config: TrainingConfig, parts: dict[str, Any]) -> bool:
    from napari_strata.training.engine.schedule import Clock
    from napari_strata.training.engine.stopping import Patience

    clock, patience = Clock(config), Patience(config.patience)
    clock.load_state_dict(parts["clock"])
    patience.load_state_dict(parts["patience"])
    return clock.is_over or patience.is_spent


def _how_to_raise(config: TrainingConfig) -> str:
    now = [f"--epochs above {config.epochs}"]
    now += [f"--time-limit above {config.time_limit:g} minutes"] if config.time_limit is not None else []
    now += [f"--patience above {config.patience}"] if config.patience is not None else []
    words = f"Raise what is spent: {', '.join(now)}; or start a new training from its model (--from)."
    return f"{words} In napari, Continue… in the Training runs dock asks for more."
