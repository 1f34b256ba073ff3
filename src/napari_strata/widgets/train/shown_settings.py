"""Settings of a trial or of an earlier training, put into the form of the Train dock."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_strata.config import SimulatedData
from napari_strata.config.paired import PairedData
from napari_strata.errors import BundleError, ConfigError
from napari_strata.widgets.parts.form import ConfigForm
from napari_strata.widgets.parts.setting_names import setting_name

if TYPE_CHECKING:
    from napari_strata.config import ModelCard, ModelConfig, SimulationConfig, TrainConfig
    from napari_strata.widgets.train.settings import TrainSettings


def show_values(settings: "TrainSettings", values: Mapping[str, Any]) -> tuple[str, ...]:
    """Put values into the form, each where its dotted name says.

    Returns
    -------
    tuple of str
        What the form does not show, in words.
    """
    forms: dict[str, ConfigForm[Any]] = {"model": settings.model, "training": settings.training}
    missing = []
    for name, value in values.items():
        if name == "model.architecture":
            settings.network.choose(value)
            continue
        section, *parts = name.split(".")
        try:
            _put(forms[section], parts, value)
        except KeyError:
            missing.append(f"{setting_name(name)} {value}")
    return tuple(missing)


def show_config(settings: "TrainSettings", config: "TrainConfig") -> None:
    """Put the settings of a training into the form; images and labels stay as they are chosen.

    Raises
    ------
    ConfigError
        If it learns values, for which there is no form.
    """
    from napari_strata.widgets.train.settings import SIMULATED

    if isinstance(config.data, PairedData):
        raise ConfigError(
            "That training learns values from images, and the Train dock trains on labels or simulated crystals.",
            remedy="Change its config.yaml, and run napari-strata train.",
        )
    if isinstance(config.data, SimulatedData):
        settings.source.setCurrentText(SIMULATED)
        settings.simulation.set_values(config.data.simulation)
    show_network(settings, config.model)
    settings.training.set_values(config.training)
    with suppress(BundleError):  # a model that is no more
        settings.start.set_values(config.training.start)


def show_simulation(settings: "TrainSettings", simulation: "SimulationConfig") -> None:
    """Let the next training learn from simulated crystals, with a mask for each of their layers."""
    from napari_strata.widgets.train.settings import SIMULATED

    settings.source.setCurrentText(SIMULATED)
    settings.simulation.set_values(simulation)
    if simulation.layers > 1:
        settings.network.choose("gombnet")
        settings.layers.setValue(simulation.layers)
    elif not settings.network.has_one_mask:
        settings.network.choose("unet")


def show_network(settings: "TrainSettings", model: "ModelConfig") -> None:
    """Put the network of a training into the form."""
    settings.network.choose(model.architecture)
    if model.layers > 1:
        settings.layers.setValue(model.layers)
    settings.show_model(model)


def show_start(settings: "TrainSettings", card: "ModelCard", folder: Path) -> None:
    """Let the next training start from a model, with the network that it has.

    Raises
    ------
    BundleError
        If there is no model in the folder.
    """
    settings.start.open(folder)
    show_network(settings, card.model)


def _put(form: ConfigForm[Any], parts: Iterable[str], value: Any) -> None:
    *sections, last = parts
    for section in sections:
        inner = form.editor(section)
        if not isinstance(inner, ConfigForm):
            raise KeyError(section)
        form = inner
    form.set_value(last, value)
