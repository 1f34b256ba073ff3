"""The axes of a microscope's image: their names, steps and units as the file states them."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from napari_strata.io.calibration import PixelSides, in_angstrom

_UNIT = re.compile(r"(1 ?/ ?)?[^\W\d_]+( ?(\^|\*\*)?-?[12])?")
"""What is asked of a unit library, which would also compute."""
_AMPERE = re.compile(r"\bA(?![a-z])")
_LONGEST_NAME = 40
_ENERGY = {"ev", "kev", "mev"}


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of an array.

    Attributes
    ----------
    name : str
        Name in the file; empty where it has none.
    scale : float
        Step from one pixel to the next in `unit`; positive.
    offset : float
        Place of the first pixel in `unit`.
    unit : str
        Unit as a unit library understands it; ``pixel`` where the file states none that is known.
    is_signal : bool
        Whether the file counts it among the axes of what was recorded at one place, and not among the places.
    """

    name: str = ""
    scale: float = 1.0
    offset: float = 0.0
    unit: str = "pixel"
    is_signal: bool = True

    @property
    def length(self) -> float | None:
        """Its step [Å]; None where the unit is no length."""
        return in_angstrom(self.scale, self.unit)

    @property
    def is_energy(self) -> bool:
        """Whether it is the axis of a spectrum."""
        return self.unit.casefold() in _ENERGY


def axis_of(stated: Mapping[str, Any]) -> Axis:
    """Return an axis from what RosettaSciIO says about it.

    Parameters
    ----------
    stated : mapping
        With any of ``name``, ``scale``, ``offset``, ``units`` and ``navigate``.
    """
    unit = _known_unit(_text(stated.get("units")))
    scale, offset = _number(stated.get("scale")), _number(stated.get("offset"))
    if not unit or scale == 0:
        scale, offset, unit = 1.0, 0.0, "pixel"
    return Axis(_text(stated.get("name")), abs(scale), offset, unit, not stated.get("navigate", False))


def pixel_sides(axes: Sequence[Axis]) -> PixelSides | None:
    """Return height and width of a pixel [Å]; None where the last two axes are not both lengths."""
    if len(axes) < 2:
        return None
    height, width = (axis.length for axis in axes[-2:])
    return None if height is None or width is None else (height, width)


def _known_unit(text: str) -> str:
    """Return a unit as pint understands it; an empty text where it does not, or where it counts pixels."""
    import pint

    unit = _AMPERE.sub("angstrom", text)  # in the headers of microscopes A is no ampere
    if not _UNIT.fullmatch(unit):
        return ""
    try:
        parsed = pint.get_application_registry().parse_units(unit)
    except (pint.PintError, AttributeError, ValueError, TypeError):
        return ""
    return "" if parsed.dimensionless or str(parsed) == "pixel" else unit


def _text(value: Any) -> str:
    text = " ".join(str(value).split()) if isinstance(value, str) else ""
    return "" if text in ("<undefined>", "None") else text[:_LONGEST_NAME]


def _number(value: Any) -> float:
    """Return a number of a header to the seven digits that most headers hold; 0 where it is none."""
    try:
        number = float(f"{float(value):.7g}")
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) else 0.0
