"""The pixel size of an image and where it comes from: typed, else the file's header, else nobody knows."""

import math
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from napari_strata.errors import CalibrationError

TOLERANCE = 0.01
"""Relative difference up to which two pixel sizes count as the same."""

COARSEST = 2e5
"""Pixel size [Å/px] from which a header states the resolution of a printer: 20 µm/px is 1270 dots per inch."""

_ANGSTROM = {
    "m": 1e10,
    "cm": 1e8,
    "mm": 1e7,
    "um": 1e4,
    "μm": 1e4,
    "micron": 1e4,
    "microns": 1e4,
    "micrometer": 1e4,
    "micrometre": 1e4,
    "nm": 10.0,
    "nanometer": 10.0,
    "nanometre": 10.0,
    "Å": 1.0,
    "A": 1.0,
    "angstrom": 1.0,
    "ångström": 1.0,
    "pm": 0.01,
    "picometer": 0.01,
    "picometre": 0.01,
}


PixelSides = tuple[float, float]
"""Height and width of a pixel [Å]."""


class CalibrationSource(StrEnum):
    """Who states the pixel size."""

    TYPED = "typed"
    LAYER = "layer"
    FILE = "file header"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A pixel size and its source.

    Attributes
    ----------
    value : float or None
        Pixel size [Å/px]; None exactly where the source is unknown.
    source : CalibrationSource
        Who states it.
    """

    value: float | None
    source: CalibrationSource


def in_angstrom(length: float, unit: str) -> float | None:
    """Convert a length of one pixel to Å.

    Parameters
    ----------
    length : float
        Length of one pixel in `unit`.
    unit : str
        A metric unit as headers spell it: nm, micron, µm, Å, ...

    Returns
    -------
    float or None
        Length [Å]; None if the unit is not metric (pixel, inch), or the length cannot be that of a pixel:
        not positive, not finite, or as coarse as `COARSEST`, which is what printers do.
    """
    unit = unicodedata.normalize("NFKC", unit.strip())
    factor = _ANGSTROM.get(unit) or _ANGSTROM.get(unit.lower() if len(unit) > 2 else "")
    if factor is None or not math.isfinite(length):
        return None
    angstrom = length * factor
    return angstrom if 0 < angstrom < COARSEST else None


def agree(a: float, b: float) -> bool:
    """Tell whether two pixel sizes are the same to `TOLERANCE`."""
    return math.isclose(a, b, rel_tol=TOLERANCE)


def side_of_square(sides: PixelSides | None) -> float | None:
    """Return the side of a square pixel [Å]; None where pixels are not square or nobody knows."""
    return sides[1] if sides is not None and agree(*sides) else None


def words_for_oblong(sides: PixelSides) -> str:
    """Say what is done about pixels that are not square, and what can be, without the file's name."""
    return (
        f"its header says that pixels are {sides[0]:g} Å high and {sides[1]:g} Å wide; networks and atoms need"
        " square ones, so it is not used: resample the image, or type a pixel size to take them as square"
    )


def settle(
    typed: float | None, header: float | None, *, name: str, says: str = "the file says"
) -> tuple[Calibration, tuple[str, ...]]:
    """Decide which pixel size counts.

    Parameters
    ----------
    typed : float or None
        What the user states [Å/px]; it wins.
    header : float or None
        What the file, or another source, states [Å/px].
    name : str
        The image, for messages.
    says : str
        Who states `header`, for messages.

    Returns
    -------
    Calibration
        The pixel size that counts.
    tuple of str
        A warning where the two contradict each other by more than 1 %.

    Raises
    ------
    CalibrationError
        If the typed value is not positive and finite.
    """
    if typed is None:
        source = CalibrationSource.UNKNOWN if header is None else CalibrationSource.FILE
        return Calibration(header, source), ()
    if not (math.isfinite(typed) and typed > 0):
        raise CalibrationError(
            f"{name}: the pixel size {typed:g} Å is not positive.", remedy="Give the length of one pixel in Å."
        )
    warnings: tuple[str, ...] = ()
    if header is not None and not agree(typed, header):
        warnings = (f"{name}: the pixel size given, {typed:g} Å, is used; {says} {header:g} Å.",)
    return Calibration(typed, CalibrationSource.TYPED), warnings


def require(pixel_size: float | None, *, name: str) -> float:
    """Return a pixel size that must be known.

    Raises
    ------
    CalibrationError
        If it is not.
    """
    if pixel_size is None:
        raise CalibrationError(
            f"The pixel size of {name} is not known: what is the length of one pixel in Å?",
            remedy="Type it (--pixel-size on the command line, or the pixel size field in napari).",
        )
    return pixel_size
