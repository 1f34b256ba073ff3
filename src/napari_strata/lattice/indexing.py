"""Which atom stands on which site of which cell: an index that grows from atom to neighbour.

Every step leads from an atom that has its index to a neighbour, so distortions add up nowhere: only the change of
the lattice within one step has to be small. A neighbour is missed, not guessed, where no atom is near enough.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.cells import Positions, UnitCell
from napari_strata.lattice.translations import nearest_distance

if TYPE_CHECKING:
    from scipy.spatial import KDTree

TOLERANCE = 0.3
"""An atom is taken for a neighbour within this distance of its place, in nearest-neighbour distances."""
STEP = 1.08
"""Steps lead to sites up to so many lengths of the longer vector away."""
LEAST_PART = 0.3
"""Least part of the atoms that must get an index."""
SEEDS = 4
"""The index is grown from up to so many atoms, until it holds half of them all; the largest one counts."""
NOWHERE = -1


@dataclass(frozen=True, slots=True, eq=False)
class LatticeIndex:
    """Places of atoms in a lattice.

    Attributes
    ----------
    cell : UnitCell
        The cell by which they were counted.
    cells : ndarray of int, shape (n, 2)
        How many a and b each atom's cell is from the first one; 0 where the atom has no place.
    site : ndarray of int, shape (n,)
        Site of the cell, from 0; -1 of atoms that have no place.
    """

    cell: UnitCell
    cells: NDArray[np.intp]
    site: NDArray[np.intp]

    @property
    def placed(self) -> NDArray[np.bool_]:
        """Which atoms have a place, shape (n,)."""
        return np.asarray(self.site != NOWHERE)

    def without(self, some: NDArray[np.bool_]) -> "LatticeIndex":
        """Return the same places without those of some atoms, shape (n,)."""
        return LatticeIndex(
            self.cell, np.where(some[:, None], 0, self.cells), np.where(some, NOWHERE, self.site).astype(np.intp)
        )

    def ideal(self) -> Positions:
        """Return every atom's place in the undistorted lattice of `cell`, NaN where it has none, shape (n, 2)."""
        places = self.cells @ self.cell.vectors + self.cell.offsets[self.site]
        return np.where(self.placed[:, None], places, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """From each site to its neighbours: what changes in (i, j), to which site, and by which vector [Å]."""

    cells: list[NDArray[np.intp]]
    sites: list[NDArray[np.intp]]
    vectors: list[Positions]


class _Nodes:
    """Places of the lattice as numbers in a dense grid, and which atom stands on each."""

    def __init__(self, cell: UnitCell, extent: float, origin: NDArray[np.intp]) -> None:
        spacing = cell.area / np.linalg.norm(cell.vectors, axis=1).max()
        self.reach = int(np.ceil(1.5 * extent / spacing)) + 4
        self.sites = len(cell.sites)
        self.origin = origin
        self.side = 2 * self.reach + 1
        self.atom = np.full(self.side**2 * self.sites, NOWHERE, dtype=np.intp)

    def number(self, cells: NDArray[np.intp], site: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the number of each place; -1 outside the grid."""
        i, j = (cells - self.origin + self.reach).T
        inside = (i >= 0) & (j >= 0) & (i < self.side) & (j < self.side)
        return np.where(inside, (i * self.side + j) * self.sites + site, NOWHERE)


def index_atoms(positions: Positions, cell: UnitCell) -> LatticeIndex:
    """Give every atom its cell and its site.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Atoms (y, x) [Å].
    cell : UnitCell
        The cell, right to about a fifth of a bond.

    Returns
    -------
    LatticeIndex
        No two atoms have the same place. Atoms that stand on no site, or that no chain of neighbours joins to the
        others, have none.

    Raises
    ------
    LatticeError
        If fewer than 30 % of the atoms can be joined.
    """
    from scipy.spatial import KDTree

    steps, tree = _steps(cell), KDTree(positions)
    tolerance = TOLERANCE * nearest_distance(positions)
    best = _nothing(cell, len(positions))
    tried = np.zeros(len(positions), dtype=bool)
    for _ in range(SEEDS):
        atom, site = _seed(positions, tree, steps, tolerance, tried)
        grown = _grow(positions, tree, cell, steps, tolerance, atom, site)
        grown = _without_misfits(positions, grown, steps, tolerance)
        tried |= grown.placed
        tried[atom] = True
        if grown.placed.sum() > best.placed.sum():
            best = grown
        if best.placed.mean() > 0.5 or tried.all():
            break
    if best.placed.mean() < LEAST_PART:
        raise LatticeError(
            f"Only {best.placed.sum()} of {len(positions)} atoms fit into one lattice.",
            remedy="Check the atoms: one crystal layer, one crystal, not too many false or missing atoms.",
        )
    return best


def neighbour_pairs(index: LatticeIndex, longest: float) -> NDArray[np.intp]:
    """Return pairs of atoms whose places are at most so far apart in the undistorted lattice.

    Parameters
    ----------
    index : LatticeIndex
        The atoms' places.
    longest : float
        Largest distance of two places [Å].

    Returns
    -------
    ndarray of int, shape (pairs, 2)
        Each pair of atoms once, the smaller number first.
    """
    from scipy.spatial import KDTree

    rows = np.flatnonzero(index.placed)
    if not len(rows):
        return np.zeros((0, 2), dtype=np.intp)
    pairs = KDTree(index.ideal()[rows]).query_pairs(longest, output_type="ndarray")
    return np.asarray(np.sort(rows[pairs], axis=1), dtype=np.intp)


def _nothing(cell: UnitCell, count: int) -> LatticeIndex:
    return LatticeIndex(cell, np.zeros((count, 2), dtype=np.intp), np.full(count, NOWHERE, dtype=np.intp))


def _steps(cell: UnitCell) -> _Steps:
    longest = STEP * float(np.linalg.norm(cell.vectors, axis=1).max())
    shifts = np.stack(np.meshgrid(*[np.arange(-3, 4)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    count = len(cell.sites)
    shift, target = np.repeat(shifts, count, axis=0), np.tile(np.arange(count), len(shifts))
    cells, sites, vectors = [], [], []
    for site in range(count):
        vector = shift @ cell.vectors + cell.offsets[target] - cell.offsets[site]
        length = np.hypot(*vector.T)
        near = (length > 0) & (length <= longest)
        cells.append(shift[near])
        sites.append(target[near])
        vectors.append(vector[near])
    return _Steps(cells, sites, vectors)


def _seed(
    positions: Positions, tree: "KDTree", steps: _Steps, tolerance: float, tried: NDArray[np.bool_]
) -> tuple[int, int]:
    """Return the atom, and its site, whose neighbours are nearest to their places; the middle is preferred."""
    cost = np.empty((len(steps.vectors), len(positions)))
    for site, vectors in enumerate(steps.vectors):
        ends = positions[:, None] + vectors
        misses = tree.query(ends, distance_upper_bound=tolerance)[0]
        cost[site] = np.minimum(misses, tolerance).mean(axis=1) / tolerance
    extent = np.ptp(positions, axis=0).max()
    from_middle = np.hypot(*(positions - np.median(positions, axis=0)).T) / (extent or 1)
    cost += 0.3 * from_middle + np.where(tried, 10.0, 0.0)
    best_site, best_atom = np.unravel_index(int(cost.argmin()), cost.shape)
    return int(best_atom), int(best_site)


def _grow(
    positions: Positions,
    tree: "KDTree",
    cell: UnitCell,
    steps: _Steps,
    tolerance: float,
    atom: int,
    site: int,
) -> LatticeIndex:
    """Go from neighbour to neighbour, wave by wave; where several lead to one atom, most votes win."""
    index = _nothing(cell, len(positions))
    index.cells[atom] = np.rint(positions[atom] @ np.linalg.inv(cell.vectors) - cell.sites[site]).astype(np.intp)
    index.site[atom] = site
    nodes = _Nodes(cell, float(np.hypot(*np.ptp(positions, axis=0))), index.cells[atom].copy())
    nodes.atom[nodes.number(index.cells[[atom]], index.site[[atom]])] = atom
    front = np.array([atom])
    while len(front):
        found, cells, sites, misses = _reach(positions, tree, steps, tolerance, front, index)
        numbers = nodes.number(cells, sites)
        free = (numbers != NOWHERE) & ~index.placed[found]
        free &= nodes.atom[numbers] == NOWHERE
        chosen = np.flatnonzero(free)[_elect(found[free], numbers[free], misses[free])]
        front = found[chosen]
        index.cells[front], index.site[front] = cells[chosen], sites[chosen]
        nodes.atom[numbers[chosen]] = front
    return index


def _reach(
    positions: Positions,
    tree: "KDTree",
    steps: _Steps,
    tolerance: float,
    front: NDArray[np.intp],
    index: LatticeIndex,
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return the atoms found at the ends of all steps from the front, their places, and by how much they miss."""
    atoms, cells, sites, misses = [], [], [], []
    for site, vectors in enumerate(steps.vectors):
        here = front[index.site[front] == site]
        if not len(here):
            continue
        ends = positions[here][:, None] + vectors
        miss, atom = tree.query(ends, distance_upper_bound=tolerance)
        row, step = np.nonzero(np.isfinite(miss))
        atoms.append(atom[row, step])
        cells.append(index.cells[here[row]] + steps.cells[site][step])
        sites.append(steps.sites[site][step])
        misses.append(miss[row, step])
    return np.concatenate(atoms), np.concatenate(cells), np.concatenate(sites), np.concatenate(misses)


def _elect(atoms: NDArray[np.intp], numbers: NDArray[np.intp], misses: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return one vote for each atom and each place: that of most votes, and among equals of the least miss."""
    if not len(atoms):
        return np.zeros(0, dtype=np.intp)
    pairs = atoms * (numbers.max() + 1) + numbers
    _, first, which, votes = np.unique(pairs, return_index=True, return_inverse=True, return_counts=True)
    miss = np.bincount(which, misses) / votes
    order = first[np.lexsort((miss, -votes))]
    _, of_atom = np.unique(atoms[order], return_index=True)
    order = order[np.sort(of_atom)]
    _, of_place = np.unique(numbers[order], return_index=True)
    return np.asarray(order[of_place])


def _without_misfits(positions: Positions, index: LatticeIndex, steps: _Steps, tolerance: float) -> LatticeIndex:
    """Take the place from atoms that lie off the median of where their neighbours expect them."""
    longest = max(float(np.hypot(*v.T).max()) for v in steps.vectors)
    pairs = neighbour_pairs(index, longest * (1 + 1e-6))
    if not len(pairs):
        return index
    ideal = index.ideal()
    off = (positions - ideal)[pairs[:, 0]] - (positions - ideal)[pairs[:, 1]]
    atoms = np.concatenate([pairs[:, 0], pairs[:, 1]])
    miss = np.hypot(*(median_by_group(atoms, np.concatenate([off, -off]), len(positions))).T)
    site = np.where(miss > tolerance, NOWHERE, index.site)
    return LatticeIndex(index.cell, np.where((site == NOWHERE)[:, None], 0, index.cells), site)


def median_by_group(group: NDArray[np.intp], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the median of each column of values in each group, NaN where a group is empty.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        Group of each row, from 0.
    values : ndarray, shape (n, columns)
        What to take the median of.
    count : int
        Number of groups.
    """
    medians = np.full((count, values.shape[1]), np.nan)
    size = np.bincount(group, minlength=count)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    some = size > 0
    for column, numbers in enumerate(values.T):
        ordered = numbers[np.lexsort((numbers, group))]
        low, high = start[some] + (size[some] - 1) // 2, start[some] + size[some] // 2
        medians[some, column] = (ordered[low] + ordered[high]) / 2
    return medians
