"""How work that takes long tells which part of it is done, and hears that nobody wants it any more."""

from collections.abc import Callable

Tell = Callable[[float], None]
"""Is told again and again which part is done, 0 to 1. What it raises ends the work; that is how it is stopped."""


def say_nothing(_part: float) -> None:
    """Listen to nothing, for work that nobody follows or stops."""


def within(tell: Tell, begin: float, end: float) -> Tell:
    """Return what a part of the work tells, from 0 to 1, that goes from `begin` to `end` of the whole."""
    return lambda part: tell(begin + (end - begin) * part)
