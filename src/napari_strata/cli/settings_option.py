"""``--set NAME=VALUE``: settings that have no option of their own."""

from collections.abc import Sequence
from typing import Any

import typer
import yaml

from napari_strata.config import Config
from napari_strata.errors import ConfigError


def parse_settings(texts: Sequence[str], config: type[Config], *, without: Sequence[str] = ()) -> dict[str, Any]:
    """Return the settings that are named, as they would be in a YAML file.

    Parameters
    ----------
    texts : sequence of str
        ``NAME=VALUE``.
    config : type of Config
        The settings model.
    without : sequence of str
        Fields that have an option of their own.

    Raises
    ------
    typer.BadParameter
        If there is no such setting, which lists those there are, or the value is out of its range.
    """
    known = [name for name in config.model_fields if name not in without]
    values: dict[str, Any] = {}
    for text in texts:
        name, is_given, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if name not in known or not is_given:
            listed = ", ".join(known)
            wrong = f"{name!r} is no setting" if is_given else f"{text!r} is no NAME=VALUE"
            raise typer.BadParameter(f"{wrong}; settings are {listed}.", param_hint=["--set"])
        try:
            values[name] = yaml.safe_load(value)
            config.parse({name: values[name]}, source="not possible")
        except (ConfigError, yaml.YAMLError) as error:
            raise typer.BadParameter(str(error), param_hint=["--set"]) from error
    return values
