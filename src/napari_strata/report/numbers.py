"""Numbers as they stand in a text: with their uncertainty, and no digit more than that allows."""

import math

MOST_DIGITS = 6
"""Digits after the point at most, however small the uncertainty."""


def uncertain(value: float | None, sigma: float | None) -> str:
    """Write a value and its standard uncertainty, to two digits of the latter: 2.4498 ± 0.0012.

    Without a finite, positive uncertainty the value has four digits and stands alone.
    """
    if value is None or not math.isfinite(value) or not sigma or not math.isfinite(sigma):
        return plain(value)
    digits = min(max(1 - math.floor(math.log10(sigma)), 0), MOST_DIGITS)
    return f"{value:.{digits}f} ± {sigma:.{digits}f}"


def plain(value: float | None) -> str:
    """Write a value to four digits; one that is not defined in words."""
    return "undefined" if value is None or not math.isfinite(value) else f"{value:.4g}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Write how many there are of something: 1 atom, 1,143 atoms."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: list[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
