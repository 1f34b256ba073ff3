"""A score as it is told: to the digits that are of use."""

from napari_strata.numbers import plain

_LEAST = 0.005
"""A score nearer to 0 than this is 0 to the digits that are of use."""


def score_digits(value: float) -> str:
    """Write a score [log-odds] to three digits: -12.3; 0.00 where it is about 0."""
    return plain(value, 3) if abs(value) >= _LEAST else "0.00"
