"""What was typed into the table of settings to search, checked cell by cell and refused in words."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from napari_strata.config.search import Choices, Parameter, Range, setting_of
from napari_strata.errors import ConfigError
from napari_strata.widgets.parts.plain_words import what_is_wrong
from napari_strata.widgets.parts.setting_names import setting_name

_ENDS = (("low", "From"), ("high", "To"))


def typed_parameters(typed: Mapping[str, Mapping[str, Any]]) -> dict[str, Parameter]:
    """Return the settings to search.

    Parameters
    ----------
    typed : mapping of str to mapping
        The rows that are ticked, by dotted name: the texts ``low`` and ``high``, and ``log``; or ``choices``, a
        list of values, or the text that is none.

    Raises
    ------
    ConfigError
        Naming the setting and its cell, and saying what to type.
    """
    if not typed:
        raise ConfigError("No setting is ticked.", remedy="Tick one or more of those to try.")
    return {name: _choices(name, row) if "choices" in row else _range(name, row) for name, row in typed.items()}


def _choices(name: str, row: Mapping[str, Any]) -> Choices:
    values, title = row["choices"], setting_name(name)
    if isinstance(values, str):
        raise ConfigError(f"{title}: “{values}” is no list.", remedy="Type values with commas between them.")
    if not values:
        raise ConfigError(f"{title}: no value is given.", remedy="Type one or more, with commas between them.")
    return Choices(choices=tuple(_valid(title, setting_of(name), value) for value in values))


def _range(name: str, row: Mapping[str, Any]) -> Range:
    title, field = setting_name(name), setting_of(name)
    low, high = (_end(f"{title}, {column}", field, str(row[key])) for key, column in _ENDS)
    if not low < high:
        raise ConfigError(
            f"{title}: From, {low:g}, is not below To, {high:g}.", remedy="Type the smaller number under From."
        )
    if row["log"] and low <= 0:
        raise ConfigError(
            f"{title}: From is {low:g}, and Log needs a number above 0.", remedy="Type one, or untick Log."
        )
    return Range(low=low, high=high, log=row["log"])


def _end(place: str, field: FieldInfo, text: str) -> float:
    number: float = _valid(place, FieldInfo(annotation=float), text.strip().replace(",", "."), shown=text)
    _valid(place, field, number, shown=text)
    return number


def _valid(place: str, field: FieldInfo, value: Any, *, shown: object = None) -> Any:
    kind: Any = Annotated[field.annotation, field]
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        wrong, remedy = what_is_wrong({**first, "input": first["input"] if shown is None else shown})
        raise ConfigError(f"{place}: {wrong}", remedy=remedy) from error
