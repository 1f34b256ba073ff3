"""What is wrong with a setting, in plain words: its title, what was typed, and what to type."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from napari_strata.config.base import title_of
from napari_strata.config.search import searchable
from napari_strata.errors import ConfigError
from napari_strata.numbers import plain
from napari_strata.widgets.parts.setting_names import setting_name

Said = tuple[str, str]
"""What is wrong, and what to do."""
_NUMBER = ("is no number", "Type a number, such as 0.5.")
_WHOLE = ("is no whole number", "Type a whole number, such as 8.")
_KINDS: dict[str, Said] = {
    **dict.fromkeys(("float_parsing", "float_type", "finite_number", "decimal_parsing"), _NUMBER),
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float", "int_parsing_size"), _WHOLE),
    **dict.fromkeys(("bool_parsing", "bool_type"), ("is neither true nor false", "Type true or false.")),
}
_BOUNDS: dict[str, Callable[[Any], Said]] = {
    "greater_than": lambda ctx: ("is too small", f"Type a number above {plain(ctx['gt'], 10)}."),
    "greater_than_equal": lambda ctx: ("is too small", f"Type a number from {plain(ctx['ge'], 10)} on."),
    "less_than": lambda ctx: ("is too large", f"Type a number below {plain(ctx['lt'], 10)}."),
    "less_than_equal": lambda ctx: ("is too large", f"Type a number up to {plain(ctx['le'], 10)}."),
    "literal_error": lambda ctx: ("is not possible", f"Type {ctx['expected']}."),
}


@contextmanager
def plainly(config_class: Any) -> Iterator[None]:
    """Say what is wrong with settings in words for people who know no files.

    Parameters
    ----------
    config_class : type of Config
        The settings that are parsed within.

    Raises
    ------
    ConfigError
        As it was raised within, in plain words where it is about values that do not fit.
    """
    try:
        yield
    except ConfigError as error:
        if not isinstance(error.__cause__, ValidationError):
            raise
        raise _in_plain_words(config_class, error.__cause__) from error


def _in_plain_words(config_class: Any, cause: ValidationError) -> ConfigError:
    said = []
    for one in cause.errors():
        wrong, remedy = what_is_wrong(one)
        title = _titles(config_class, one["loc"])
        said.append((f"{title}: {wrong}" if title else wrong, remedy))
    return ConfigError(" ".join(wrong for wrong, _ in said), remedy=" ".join(dict.fromkeys(do for _, do in said)))


def what_is_wrong(error: ErrorDetails) -> Said:
    """Return what is wrong with a value, and what to type instead.

    Parameters
    ----------
    error : ErrorDetails
        One error of pydantic.
    """
    kind, context, typed = error["type"], error.get("ctx", {}), f"“{error['input']}”"
    if kind in _KINDS or kind in _BOUNDS:
        reason, remedy = _KINDS[kind] if kind in _KINDS else _BOUNDS[kind](context)
        return f"{typed} {reason}.", remedy
    if kind == "too_short":
        least = context["min_length"]
        more = "a value" if least == 1 else f"{least} values"
        return "nothing is given." if not context["actual_length"] else "too few values.", f"Type {more} or more."
    if kind == "too_long":
        return "too many values.", f"Type {context['max_length']} at most."
    words = with_titles(error["msg"].removeprefix("Value error, "))
    return f"{words[:1].upper()}{words[1:].rstrip('.')}.", "Change what does not fit."


def with_titles(text: str) -> str:
    """Return a text with the titles of settings in place of their dotted names."""
    titles = {name: setting_name(name) for name, _ in searchable()} | {"search.score": "Score"}
    names = sorted(titles, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, names)), lambda found: f"“{titles[found[0]]}”", text)


def _titles(config_class: Any, place: Sequence[int | str]) -> str:
    """Return the titles of the sections and of the field at a place."""
    titles, here = [], config_class
    for part in place:
        field = getattr(here, "model_fields", {}).get(part)
        if field is None:
            break
        titles.append(title_of(str(part), field))
        here = field.annotation
    return ": ".join(titles)
