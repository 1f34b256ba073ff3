"""Where settings are searched: as optuna draws them, and as a grid."""

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config.search import Choices, Parameter, Range, is_whole, setting_of
from napari_strata.errors import ConfigError

if TYPE_CHECKING:
    from optuna import Trial

Stored = bool | int | float | str | None
"""What optuna keeps in its file."""
LARGEST_GRID = 1_000_000
"""Points of the largest grid."""


def draw(trial: "Trial", parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """Let optuna choose a value for every setting.

    Parameters
    ----------
    trial : Trial
        optuna's trial.
    parameters : mapping of str to Parameter
        Settings by dotted name.

    Returns
    -------
    dict
        Values by dotted name, as the settings take them.
    """
    return {name: _draw_one(trial, name, parameter) for name, parameter in parameters.items()}


def grid(parameters: Mapping[str, Parameter], *, seed: int, most: int) -> list[dict[str, Stored]]:
    """Return points of the grid over all settings, in a random order; more of them begin with the same ones.

    Parameters
    ----------
    parameters : mapping of str to Parameter
        Settings by dotted name.
    seed : int
        Seed of the order.
    most : int
        Number of points, at most.

    Raises
    ------
    ConfigError
        If the grid is too large to be called one.
    """
    axes = [_points(name, parameter) for name, parameter in parameters.items()]
    size = math.prod(map(len, axes))
    if size > LARGEST_GRID:
        raise ConfigError(
            f"The grid has {size:,} points.", remedy="Search fewer settings, give them fewer points, or take tpe."
        )
    chosen = np.random.default_rng(seed).permutation(size)[:most]
    places = np.unravel_index(chosen, [len(axis) for axis in axes])
    return [
        {name: axis[place] for name, axis, place in zip(parameters, axes, point, strict=True)}
        for point in zip(*(one.tolist() for one in places), strict=True)
    ]


def inside(values: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> dict[str, Stored]:
    """Return those of the values that a search could come to, as optuna keeps them."""
    return {
        name: stored(values[name]) for name, parameter in parameters.items() if _is_inside(values[name], parameter)
    }


def stored(value: Any) -> Stored:
    """Return a value as optuna keeps it: lists as JSON."""
    return json.dumps(value) if isinstance(value, list | tuple) else value


def _draw_one(trial: "Trial", name: str, parameter: Parameter) -> Any:
    if isinstance(parameter, Choices):
        by_stored = {stored(value): value for value in parameter.choices}
        return by_stored[trial.suggest_categorical(name, list(by_stored))]
    if is_whole(setting_of(name)):
        return trial.suggest_int(name, int(parameter.low), int(parameter.high), log=parameter.log)
    return trial.suggest_float(name, parameter.low, parameter.high, log=parameter.log)


def _points(name: str, parameter: Parameter) -> list[Stored]:
    if isinstance(parameter, Choices):
        return list(dict.fromkeys(stored(value) for value in parameter.choices))
    spaced = np.geomspace if parameter.log else np.linspace
    points = np.clip(spaced(parameter.low, parameter.high, parameter.points), parameter.low, parameter.high)
    if is_whole(setting_of(name)):
        return [int(point) for point in np.unique(points.round())]
    return [float(point) for point in points]


def _is_inside(value: Any, parameter: Parameter) -> bool:
    if isinstance(parameter, Range):
        return value is not None and parameter.low <= value <= parameter.high
    return value in parameter.choices
