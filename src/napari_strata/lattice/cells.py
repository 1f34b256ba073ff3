"""Unit cells: families, the conventional choice of a and b, and the sites in them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Positions = NDArray[np.float64]

Family = Literal["hexagonal", "square", "rectangular", "oblique"]

SYMMETRY: dict[Family, float] = {"hexagonal": 60.0, "square": 90.0, "rectangular": 180.0, "oblique": 180.0}
"""A lattice looks the same when it is turned by so much [degrees]; its basis may not."""

IDEAL: dict[Family, Matrix] = {
    "hexagonal": np.array([[0.0, 1.0], [np.sqrt(0.75), -0.5]]),
    "square": np.array([[0.0, 1.0], [1.0, 0.0]]),
}
"""Vectors a and b as rows (y, x) in units of a, where the family alone decides them."""

SAME_SHAPE = 0.12
"""Cells whose stretch against an ideal cell differs by up to this much between two axes belong to its family."""
RIGHT_ANGLE = 5.0
"""Cells with gamma this close to 90 degrees are taken as rectangular [degrees]."""
SAME_SITE = 0.08
"""Sites this close to ideal ones, in fractions of the cell, are taken for them."""
HEXAGON_CENTRE = np.array([1 / 3, 2 / 3])
"""First site of a honeycomb whose origin is the centre of a hexagon."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitCell:
    """A primitive cell as it lies in the image.

    Attributes
    ----------
    vectors : ndarray, shape (2, 2)
        a and b as rows (y, x) [Å]; b is turned from a by gamma, x towards y.
    sites : ndarray, shape (n, 2)
        Places of atoms in fractions of a and b, 0 to 1.
    family : Family
        What the cell would be without distortion.
    """

    vectors: Matrix
    sites: Positions
    family: Family

    @property
    def offsets(self) -> Positions:
        """Places of atoms (y, x) from the cell's origin [Å], shape (n, 2)."""
        return np.asarray(self.sites @ self.vectors)

    @property
    def area(self) -> float:
        """Area of the cell [Å^2]."""
        return float(abs(np.linalg.det(self.vectors)))


def angle_of(vector: NDArray[np.float64]) -> float:
    """Return the direction of a vector (y, x), from the x axis towards y [degrees], -180 to 180."""
    return float(np.degrees(np.arctan2(vector[0], vector[1])))


def rotation(degrees: float) -> Matrix:
    """Return the matrix that turns column vectors (y, x) from x towards y."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[cos, sin], [-sin, cos]])


def fold(angle: float, period: float) -> float:
    """Return an angle modulo a period, -period/2 to period/2 [degrees]."""
    return float((angle + period / 2) % period - period / 2)


def fold_twist(angle: float, period: float = 60.0) -> float:
    """Return an angle between two lattices folded to 0 to half of their period [degrees]: neither is first."""
    return abs(fold(angle, period))


def reduce_vectors(vectors: Matrix) -> Matrix:
    """Return two shortest vectors of the same lattice, the shorter one first (Lagrange-Gauss reduction)."""
    a, b = sorted(np.asarray(vectors, dtype=np.float64), key=np.linalg.norm)
    while True:
        b = b - round(float(a @ b) / float(a @ a)) * a
        if b @ b >= a @ a * (1 - 1e-12):
            return np.stack([a, b])
        a, b = b, a


def stretch_ratio(vectors: Matrix, ideal: Matrix) -> float:
    """Return by how much more than the other axis one axis of an ideal cell is stretched, 0 for the ideal cell."""
    largest, least = np.linalg.svd(np.linalg.solve(ideal, vectors), compute_uv=False)
    return float(largest / least - 1)


def family_of(vectors: Matrix) -> Family:
    """Name the most symmetric family that a lattice may belong to, distortions of the scan allowed for.

    A rectangular cell whose sides differ by less than 12 % passes for a square one: state its family.
    """
    reduced = reduce_vectors(vectors)
    for family, ideal in IDEAL.items():
        if stretch_ratio(conventional(reduced, family), ideal) < SAME_SHAPE:
            return family
    gamma = abs(angle_of(reduced[0]) - angle_of(reduced[1])) % 180
    return "rectangular" if abs(gamma - 90) < RIGHT_ANGLE else "oblique"


def conventional(vectors: Matrix, family: Family) -> Matrix:
    """Choose a and b of a lattice by the rules of its family.

    Parameters
    ----------
    vectors : ndarray, shape (2, 2)
        Any two vectors that span the lattice, as rows (y, x).
    family : Family
        hexagonal: a is the one of the six shortest vectors that is nearest to the x axis, and b the second from
        it, 120 degrees on. square: likewise among four, b being the next. Else a is the shortest, within 90
        degrees of the x axis.

    Returns
    -------
    ndarray, shape (2, 2)
        a and b as rows (y, x), b turned from a by less than 180 degrees from x towards y.
    """
    a, b = reduce_vectors(vectors)
    if family in IDEAL:
        third = [b - a if a @ b > 0 else a + b] if family == "hexagonal" else []
        star = np.array(sorted((v for u in (a, b, *third) for v in (u, -u)), key=angle_of))
        first = int(np.argmin([abs(angle_of(v)) for v in star]))
        return star[[first, (first + len(star) // 3 if third else first + 1) % len(star)]]
    if a[1] < 0 or (a[1] == 0 and a[0] < 0):
        a = -a
    return np.stack([a, b if a[1] * b[0] - a[0] * b[1] > 0 else -b])


def is_honeycomb(cell: UnitCell) -> bool:
    """Tell whether every site has three bonds, as in graphene, or in WS2 seen from above."""
    if cell.family != "hexagonal" or len(cell.sites) != 2:
        return False
    apart = (cell.sites[1] - cell.sites[0] - HEXAGON_CENTRE + 0.5) % 1 - 0.5
    return bool(np.abs(apart).max() < SAME_SITE)


def with_usual_origin(sites: Positions, family: Family) -> Positions:
    """Shift sites so that the first lies at the origin, or, in a honeycomb, the centre of a hexagon does.

    Returns
    -------
    ndarray, shape (n, 2)
        Fractions, 0 to 1; of a honeycomb near (1/3, 2/3) and (2/3, 1/3), in this order.
    """
    sites = sites - sites[0]
    if family == "hexagonal" and len(sites) == 2:
        for order in (sites, sites[::-1]):
            apart = (order[1] - order[0] - HEXAGON_CENTRE + 0.5) % 1 - 0.5
            if np.abs(apart).max() < SAME_SITE:
                return np.stack([HEXAGON_CENTRE - apart / 2, HEXAGON_CENTRE[::-1] + apart / 2])
    return np.asarray(sites % 1)
