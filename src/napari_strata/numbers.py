"""Numbers as they stand in a sentence: no digit more than is known, and no ``2e+02``."""

import math

MOST_DIGITS = 6
"""Digits after the point at most, however small the uncertainty."""
SMALLEST, LARGEST = -4, 10
"""Powers of ten between which a number is written out."""


def plain(value: float | None, digits: int = 4) -> str:
    """Write a value to so many digits: 0.9927, 2,660, 1.6 × 10^-24; one that is not defined in words."""
    if value is None or not math.isfinite(value):
        return "undefined"
    rounded = float(f"{value:.{digits - 1}e}")
    power = math.floor(math.log10(abs(rounded))) if rounded else 0
    if not SMALLEST <= power < LARGEST:
        number, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        return f"{float(number):g} × 10^{int(exponent)}"
    return f"{rounded:,.0f}" if power >= digits else f"{rounded + 0.0:.{digits}g}"


def uncertain(value: float | None, sigma: float | None) -> str:
    """Write a value and its standard uncertainty, to two digits of the latter: 2.4498 ± 0.0012.

    An uncertainty smaller than the last digit that is written is rounded up to it. Without a finite, positive one
    the value has four digits and stands alone.
    """
    if value is None or not math.isfinite(value) or not sigma or not math.isfinite(sigma):
        return plain(value)
    sigma = max(sigma, 10.0**-MOST_DIGITS)
    digits = min(max(1 - math.floor(math.log10(sigma)), 0), MOST_DIGITS)
    return f"{round(value, digits) + 0.0:.{digits}f} ± {sigma:.{digits}f}"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Write how many there are of something: 1 atom, 1,143 atoms."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(words: list[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
