"""Where to search a setting that nobody has said anything about, from its bounds and its present value."""

import types
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from napari_strata.config import TrainConfig
from napari_strata.config.loss import FITTING, TERMS
from napari_strata.config.model import UNPADDED, Architecture, Output
from napari_strata.config.search import Choices, Range, default_parameters, searchable, value_of

ARCHITECTURE = "model.architecture"
FACTOR = 10.0
"""How far a positive number is searched, up and down."""
_USUAL = 1.0
"""Where a number without bounds or value is searched around."""


def proposals(config: TrainConfig) -> dict[str, Range | Choices]:
    """Propose where to search each setting, those first that are searched by default.

    Settings that are text are left out. Not all fit every network; see `fits`.

    Parameters
    ----------
    config : TrainConfig
        The settings as they are.
    """
    usual = default_parameters()
    others = {
        name: proposed
        for name, field in searchable()
        if name not in usual and (proposed := _propose(field, value_of(config, name))) is not None
    }
    others[ARCHITECTURE] = Choices(choices=tuple(one for one in get_args(Architecture) if one != "gombnet"))
    return {**usual, **others}


def fits(name: str, architecture: Architecture, output: Output) -> bool:
    """Return whether it makes sense to search a setting for a network.

    Terms of the loss are for one output or another, there is one architecture only for several crystal layers,
    and only the plain ones can go without padding.

    Parameters
    ----------
    name : str
        Dotted name of the setting.
    architecture : Architecture
        The network.
    output : Output
        What it gives.
    """
    if name == ARCHITECTURE:
        return architecture != "gombnet"
    if name == "model.padding":
        return architecture in UNPADDED
    section, _, last = name.rpartition(".")
    return section != "training.loss" or last not in TERMS or last in FITTING[output]


def _propose(field: FieldInfo, value: Any) -> Range | Choices | None:
    kind = field.annotation
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (one for one in get_args(kind) if one is not type(None))
    if get_origin(kind) is Literal:
        return Choices(choices=get_args(kind))
    if kind is bool:
        return Choices(choices=(False, True))
    if kind is int:
        return _whole(field, value or 1)
    if kind is float:
        return _number(field, _USUAL if value is None else value)
    if get_origin(kind) is tuple and value:
        halves = tuple(max(1, one // 2) if isinstance(one, int) else one for one in value)
        return Choices(choices=tuple(dict.fromkeys((halves, tuple(value)))))
    return None


def _whole(field: FieldInfo, value: int) -> Range:
    low, high, _ = _bounds(field)
    return Range(low=max(low, value // 2, 1), high=min(high, max(2 * value, 2)))


def _number(field: FieldInfo, value: float) -> Range:
    low, high, is_open = _bounds(field)
    if value <= 0:
        return Range(low=max(low, 0.0), high=min(high, _USUAL))
    top = min(high, value * FACTOR)
    if is_open and top >= high:  # the bound itself is not allowed
        top = (value + high) / 2
    return Range(low=max(low, value / FACTOR), high=top, log=True)


def _bounds(field: FieldInfo) -> tuple[float, float, bool]:
    """Return the bounds of a field, and whether the upper one is not allowed itself."""
    low, high, is_open = 0.0, float("inf"), False
    for bound in field.metadata:
        low = getattr(bound, "ge", getattr(bound, "gt", low))
        high = getattr(bound, "le", getattr(bound, "lt", high))
        is_open = is_open or hasattr(bound, "lt")
    return low, high, is_open
