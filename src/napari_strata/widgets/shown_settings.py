"""Settings of a trial or of an earlier training, put into the form of the Train dock."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from napari_strata.config import SimulatedData
from napari_strata.widgets.form import ConfigForm
from napari_strata.widgets.setting_names import setting_name

if TYPE_CHECKING:
    from napari_strata.config import TrainConfig
    from napari_strata.widgets.train_settings import TrainSettings


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
        section, *parts = name.split(".")
        try:
            _put(forms[section], parts, value)
        except KeyError:
            missing.append(f"{setting_name(name)} {value}")
    return tuple(missing)


def show_config(settings: "TrainSettings", config: "TrainConfig") -> None:
    """Put the settings of a training into the form; images and labels stay as they are chosen."""
    from napari_strata.widgets.train_settings import GOMBNET, SIMULATED, UNET

    if isinstance(config.data, SimulatedData):
        settings.source.setCurrentText(SIMULATED)
        settings.simulation.set_values(config.data.simulation)
    settings.network.setCurrentText(UNET if config.model.layers == 1 else GOMBNET)
    if config.model.layers > 1:
        settings.layers.setValue(config.model.layers)
    settings.model.set_values(config.model)
    settings.training.set_values(config.training)


def _put(form: ConfigForm[Any], parts: Iterable[str], value: Any) -> None:
    *sections, last = parts
    for section in sections:
        inner = form.editor(section)
        if not isinstance(inner, ConfigForm):
            raise KeyError(section)
        form = inner
    form.set_value(last, value)
