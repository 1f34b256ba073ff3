"""The maps that can be made of atoms: what they are called, their units, and how they want to be shown."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["signed", "level", "vector", "names"]
"""Values on both sides of zero; values of one sign; vectors (y, x); words."""
FRACTION = "fraction of "
"""Begins the key of a map of how many of the atoms around are of a species."""
STACKED = ("stacking", "stacking vector")
"""Keys of maps that tell how a layer lies over the one below; the lowest has no values."""
OUTLYING = (2.0, 98.0)
"""Percentiles of the values that get the first and the last colour."""
_ROUND = (1, 1.2, 1.5, 2, 3, 4, 5, 6, 10, 12)
_ROUNDING = 1e-9
"""Part of a value by which it may be larger than a round number and count as that."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One map.

    Attributes
    ----------
    title : str
        What it is called.
    unit : str
        Its unit as it is shown; empty for plain numbers.
    kind : Kind
        What its values are.
    columns : tuple of str
        Columns of the table that hold it; of vectors those of y and x.
    factor : float
        The values of the columns are multiplied by it to have the unit.
    """

    title: str
    unit: str
    kind: Kind
    columns: tuple[str, ...]
    factor: float = 1.0

    @property
    def label(self) -> str:
        """Title and unit."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


QUANTITIES: dict[str, Quantity] = {
    "displacement": Quantity("Displacement", "Å", "vector", ("displacement_y", "displacement_x")),
    "exx": Quantity("Strain exx", "%", "signed", ("exx",), 100.0),
    "eyy": Quantity("Strain eyy", "%", "signed", ("eyy",), 100.0),
    "exy": Quantity("Strain exy", "%", "signed", ("exy",), 100.0),
    "rotation": Quantity("Rotation", "degrees", "signed", ("rotation",)),
    "stacking": Quantity("Stacking", "", "names", ("stacking",)),
    "stacking vector": Quantity("Stacking vector", "Å", "vector", ("stacking_y", "stacking_x")),
    "nearest": Quantity("Nearest-neighbour distance", "Å", "level", ("nearest",)),
    "bond": Quantity("Mean bond", "Å", "level", ("bond",)),
    "intensity": Quantity("Column intensity", "counts", "level", ("intensity",)),
    "residual": Quantity("Residual", "Å", "vector", ("residual_y", "residual_x")),
}
"""Maps by their keys, in the order in which they are offered."""


def fraction_of(species: str) -> Quantity:
    """Return the map of how many of the atoms around are of a species."""
    return Quantity(f"Fraction of {species} around", "%", "level", (FRACTION + species,), 100.0)


def colour_limits(values: NDArray[np.float64], kind: Kind) -> tuple[float, float]:
    """Return which values get the first and the last colour; signed ones get round limits, even about zero."""
    known = values[np.isfinite(values)]
    if not len(known):
        return (-1.0, 1.0) if kind == "signed" else (0.0, 1.0)
    if kind == "signed":
        highest = float(np.percentile(np.abs(known), OUTLYING[1])) or float(np.abs(known).max()) or 1.0
        return -_rounded_up(highest), _rounded_up(highest)
    if kind == "vector":
        return 0.0, float(np.percentile(known, OUTLYING[1])) or 1.0
    low, high = (float(value) for value in np.percentile(known, OUTLYING))
    least = 1e-6 * max(abs(low), abs(high), 1e-6)
    return (low, high) if high - low > least else (low - 0.5, high + 0.5)


def _rounded_up(value: float) -> float:
    """Return the next round number: a colour bar of napari has numbers at its ends only where these are round."""
    power = 10.0 ** math.floor(math.log10(value))
    return power * next(one for one in _ROUND if one >= value / power * (1 - _ROUNDING))
