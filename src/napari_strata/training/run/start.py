"""The model that a run started from, kept in its folder: the run can be resumed and replayed when that is gone."""

from pathlib import Path

from napari_strata.config import TrainConfig
from napari_strata.io.bundle import load_bundle, save_bundle

START = "start"
"""Folder of that model's copy inside a run folder."""


def starting_at(config: TrainConfig, model: str | Path) -> TrainConfig:
    """Return a configuration that starts from another model; a training that starts anew stays as it is."""
    training = config.training
    if not training.start.model:
        return config
    start = training.start.model_copy(update={"model": str(model)})
    return config.model_copy(update={"training": training.model_copy(update={"start": start})})


def keep_start(config: TrainConfig, out: Path) -> TrainConfig:
    """Copy the model to start from into the run folder, and return the configuration that starts from the copy.

    Parameters
    ----------
    config : TrainConfig
        Names the model, if any.
    out : Path
        The run folder; where it has the copy already that is kept.

    Raises
    ------
    BundleError
        If there is no such model, or it is damaged.
    OutputError
        If the run folder cannot be written.
    """
    model = config.training.start.model
    if not model:
        return config
    if Path(model).resolve() != (out / START).resolve():
        bundle = load_bundle(Path(model))
        save_bundle(out / START, bundle.state, bundle.card)
    return starting_at(config, out / START)
