"""The twist between layers: what of their orientations the symmetry of the lattice lets one know."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_strata.errors import LatticeError
from napari_strata.lattice.affine import SharedAffine
from napari_strata.lattice.cells import SYMMETRY, Family, fold, fold_twist
from napari_strata.lattice.fit import LatticeFit


@dataclass(frozen=True, slots=True)
class Twist:
    """The angle between the lattices of two layers.

    Attributes
    ----------
    layers : tuple of int
        The two layers.
    angle : float
        The angle, folded to 0 to half of `modulo` [degrees]: neither layer is first.
    sigma : float
        Its standard uncertainty [degrees].
    modulo : float
        The angle is known modulo this [degrees]: the lattice has this symmetry.
    signed : float
        From the first layer to the second, from the x axis towards y, folded to plus and minus half of `modulo`.
    """

    layers: tuple[int, int]
    angle: float
    sigma: float
    modulo: float
    signed: float

    @property
    def words(self) -> str:
        """What the angle means."""
        return (
            f"modulo {self.modulo:g} degrees, folded to 0 to {self.modulo / 2:g}: lattices that differ by"
            f" {self.modulo:g} degrees look the same, and which of the layers is turned is not known"
        )


def twist_of_affine(shared: SharedAffine, first: int, second: int, family: Family) -> Twist:
    """Return the twist between two layers that share an affine distortion, which is taken out.

    Parameters
    ----------
    shared : SharedAffine
        The layers.
    first, second : int
        Which of them.
    family : Family
        Family of both.
    """
    slope = np.zeros(len(shared.covariance))
    slope[[3 + 2 * first, 3 + 2 * second]] = -1.0, 1.0
    sigma = np.degrees(np.sqrt(slope @ shared.covariance @ slope))
    return _twist((first, second), float(shared.turns[second] - shared.turns[first]), float(sigma), family)


def twist_of_fits(fits: Sequence[LatticeFit], first: int, second: int) -> Twist:
    """Return the twist between two fitted lattices, each taken by itself.

    Raises
    ------
    LatticeError
        If they are of different families.
    """
    families = [fits[i].index.cell.family for i in (first, second)]
    if families[0] != families[1]:
        raise LatticeError(
            f"A {families[0]} and a {families[1]} lattice have no twist.",
            remedy="Take layers of the same crystal, or state the family of both.",
        )
    turns = [fits[i].parameters.orientation for i in (first, second)]
    sigma = float(np.hypot(turns[0].sigma, turns[1].sigma))
    return _twist((first, second), turns[1].value - turns[0].value, sigma, families[0])


def _twist(layers: tuple[int, int], angle: float, sigma: float, family: Family) -> Twist:
    modulo = SYMMETRY[family]
    return Twist(layers, fold_twist(angle, modulo), sigma, modulo, fold(angle, modulo))
