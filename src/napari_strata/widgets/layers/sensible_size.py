"""Which pixel sizes can be typed, and what is likely meant by one that cannot be."""

import math

from napari_strata.errors import CalibrationError

FINEST, COARSEST = 1e-3, 1e5
"""Ends of what a pixel can measure [Å]: far below an atom, and 10 µm, which is beyond light microscopes."""
_LARGEST_METRES = 1e-6
"""A number below is likelier meant in metres than in micrometres: 1 µm is a coarse pixel, 0.01 Å a fine one."""


def check_size(value: float, *, name: str) -> None:
    """Do nothing if a pixel can be of a size.

    Parameters
    ----------
    value : float
        Length of one pixel [Å].
    name : str
        The image.

    Raises
    ------
    CalibrationError
        If it cannot, with what is likely meant.
    """
    if not FINEST <= value <= COARSEST:
        raise CalibrationError(f"{name}: {why_not(value)}", remedy="Give the length of one pixel in Å.")


def why_not(value: float) -> str:
    """Say why a pixel cannot be of a size [Å], and what is likely meant."""
    if not (math.isfinite(value) and value > 0):
        return f"the pixel size {value:g} Å is not positive."
    if value > COARSEST:
        return f"{value:g} Å per pixel is too large: {COARSEST:g} Å is the most."
    unit, angstrom = ("metres", 1e10) if value < _LARGEST_METRES else ("micrometres", 1e4)
    meant = value * angstrom
    if FINEST <= meant <= COARSEST:
        return f"{value:g} looks like {unit}; {meant:.4g} Å?"
    return f"{value:g} Å per pixel is too small: {FINEST:g} Å is the least."
