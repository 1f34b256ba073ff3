"""The crystals of the table: lattice, columns, and where their lattice constants come from."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.config.crystal import Material
from napari_strata.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False)
class Crystal:
    """One crystal layer in projection.

    Attributes
    ----------
    lattice : ndarray, shape (2, 2)
        Lattice vectors as rows (y, x) [Å].
    basis : ndarray, shape (n, 2)
        Columns of the projected cell in fractions of the lattice vectors.
    columns : tuple of tuple of str
        Element symbols of the atoms of each column, over one cell along the direction of view.
    alloy : (str, str) or None
        The element that takes places of another one at random, and that other one.
    """

    lattice: NDArray[np.float64]
    basis: NDArray[np.float64]
    columns: tuple[tuple[str, ...], ...]
    alloy: tuple[str, str] | None = None

    @property
    def area(self) -> float:
        """Area of the projected cell [Å²]."""
        return float(abs(np.linalg.det(self.lattice)))

    def describe(self) -> dict[str, Any]:
        """Return lattice, basis and columns, ready for JSON."""
        return {
            "lattice": self.lattice.tolist(),
            "basis": self.basis.tolist(),
            "columns": ["".join(column) for column in self.columns],
        }


@cache
def atomic_number(symbol: str) -> int:
    """Return the atomic number of an element.

    Raises
    ------
    ConfigError
        If there is no such element.
    """
    from ase.data import atomic_numbers

    number = int(atomic_numbers.get(symbol, 0))
    if number == 0:
        raise ConfigError(f"There is no element {symbol!r}.", remedy="Write its symbol, such as Se.")
    return number


def _honeycomb(a: float, *columns: tuple[str, ...], alloy: tuple[str, str] | None = None) -> Crystal:
    """Make a honeycomb of lattice constant `a` [Å] of two columns."""
    lattice = a * np.array([[0.0, 1.0], [np.sqrt(3) / 2, 0.5]])
    return Crystal(lattice, np.array([[0.0, 0.0], [1 / 3, 1 / 3]]), columns, alloy)


def _perovskite(a: float, large: str, small: str) -> Crystal:
    """Make a cubic perovskite of lattice constant `a` [Å] along [001]."""
    basis = np.array([[0.0, 0.0], [0.5, 0.5], [0.5, 0.0], [0.0, 0.5]])
    return Crystal(a * np.eye(2), basis, ((large,), (small, "O"), ("O",), ("O",)))


def _cubic_110(a: float, symbol: str, *, is_diamond: bool) -> Crystal:
    """Make a face-centred cubic or a diamond crystal of lattice constant `a` [Å] along [110]; y is [001]."""
    lattice = a * np.array([[0.0, np.sqrt(0.5)], [0.5, np.sqrt(0.125)]])
    # One atom at (1/4, 1/4, 1/4), which is a/4 along [001] and nothing along [1-10].
    dumbbell = np.array([[0.0, 0.0], [-0.25, 0.5]])
    count = 2 if is_diamond else 1
    return Crystal(lattice, dumbbell[:count], ((symbol,),) * count)


_WS2, _WSE2 = 3.153, 3.282
_VEGARD = (_WS2 + _WSE2) / 2

CRYSTALS: dict[Material, Crystal] = {
    "graphene": _honeycomb(2.46, ("C",), ("C",)),
    "hBN": _honeycomb(2.504, ("N",), ("B",)),
    "MoS2": _honeycomb(3.160, ("Mo",), ("S", "S")),
    "WS2": _honeycomb(_WS2, ("W",), ("S", "S")),
    "MoSe2": _honeycomb(3.289, ("Mo",), ("Se", "Se")),
    "WSe2": _honeycomb(_WSE2, ("W",), ("Se", "Se")),
    "WSSe-Janus": _honeycomb(_VEGARD, ("W",), ("Se", "S")),
    "WSSe-alloy": _honeycomb(_VEGARD, ("W",), ("S", "S"), alloy=("Se", "S")),
    "SrTiO3-001": _perovskite(3.905, "Sr", "Ti"),
    "Si-110": _cubic_110(5.431, "Si", is_diamond=True),
    "Au-110": _cubic_110(4.0786, "Au", is_diamond=False),
}
"""Lattice constants at room temperature.

graphene
    2.46 Å: A. H. Castro Neto et al., Rev. Mod. Phys. 81, 109 (2009).
hBN
    2.504 Å: R. S. Pease, Acta Cryst. 5, 356 (1952).
MoS2, MoSe2
    3.160, 3.289 Å: K. D. Bronsema et al., Z. Anorg. Allg. Chem. 540, 15 (1986).
WS2, WSe2
    3.153, 3.282 Å: W. J. Schutte et al., J. Solid State Chem. 70, 207 (1987).
WSSe-Janus, WSSe-alloy
    The mean of WS2 and WSe2 (Vegard's law).
SrTiO3-001
    3.905 Å: K. Okazaki and M. Kawaminami, Mater. Res. Bull. 8, 545 (1973).
Si-110
    5.431 Å: P. J. Mohr et al. (CODATA 2010), Rev. Mod. Phys. 84, 1527 (2012).
Au-110
    4.0786 Å: H. E. Swanson and E. Tatge, NBS Circular 539, I, 33 (1953).
"""
