"""Dopants: how many atoms are of another kind, how sure that is, and whether they cluster."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import TableError
from napari_strata.lattice.indexing import LatticeIndex, neighbour_pairs

PERMUTATIONS = 999
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Fraction:
    """A part of the atoms.

    Attributes
    ----------
    count, total : int
        Atoms that are of the kind, and all.
    value : float
        Their ratio; NaN without atoms.
    low, high : float
        Bounds of the Wilson interval.
    confidence : float
        Its confidence.
    """

    count: int
    total: int
    value: float
    low: float
    high: float
    confidence: float = CONFIDENCE


@dataclass(frozen=True, slots=True)
class ClusterTest:
    """Whether dopants have more dopants for neighbours than chance gives them.

    Attributes
    ----------
    joins : int
        Pairs of neighbours that are both dopants.
    expected, spread : float
        Mean and standard deviation of that number when the dopants are put elsewhere at random.
    p_clustered, p_dispersed : float
        Chance of at least, and of at most, so many joins; each is one-sided.
    permutations, seed : int
        How often they were put elsewhere, and the seed.
    neighbours : float
        Distance up to which two places are neighbours [Å].
    """

    joins: int
    expected: float
    spread: float
    p_clustered: float
    p_dispersed: float
    permutations: int
    seed: int
    neighbours: float

    @property
    def p_value(self) -> float:
        """Chance of as unusual a number of joins, large or small: twice the smaller one-sided one."""
        return min(1.0, 2 * min(self.p_clustered, self.p_dispersed))


def fraction(count: int, total: int, *, confidence: float = CONFIDENCE) -> Fraction:
    """Return a part of the atoms with its confidence interval (Wilson, J. Am. Stat. Assoc. 22, 209, 1927).

    Raises
    ------
    TableError
        If the counts cannot be.
    """
    from scipy.stats import binomtest

    if not 0 <= count <= total:
        raise TableError(f"{count} of {total} atoms cannot be.", remedy="Count again.")
    if not total:
        return Fraction(0, 0, float("nan"), 0.0, 1.0, confidence)
    interval = binomtest(count, total).proportion_ci(confidence, method="wilson")
    return Fraction(count, total, count / total, float(interval.low), float(interval.high), confidence)


def species_fractions(species: Collection[str], *, confidence: float = CONFIDENCE) -> dict[str, Fraction]:
    """Return the part of each species among the atoms, the most frequent first."""
    names, counts = np.unique(np.asarray(list(species), dtype=str), return_counts=True)
    order = np.lexsort((names, -counts))
    return {
        str(names[i]): fraction(int(counts[i]), int(counts.sum()), confidence=confidence) for i in order.tolist()
    }


def join_count(
    index: LatticeIndex,
    is_dopant: NDArray[np.bool_],
    *,
    neighbours: float,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> ClusterTest:
    """Test by join counts whether dopants are placed at random.

    Dopants are permuted among the atoms of their own site only, so that a dopant that takes one sublattice does
    not look like a cluster; all pairs weigh the same. scipy's permutation test does not know such strata.

    Parameters
    ----------
    index : LatticeIndex
        Places of the atoms; those without one do not take part.
    is_dopant : ndarray of bool, shape (n,)
        Which atoms are dopants.
    neighbours : float
        Distance up to which two places are neighbours [Å]: of dopants on one sublattice, 1.1 a and not a bond.
    permutations : int
        How often the dopants are put elsewhere; the least p is 1 / (permutations + 1).
    seed : int
        Decides where.

    Raises
    ------
    TableError
        If there is no dopant, or nothing else.
    """
    placed = index.placed
    if not (is_dopant & placed).any() or is_dopant[placed].all():
        raise TableError(
            "Either no atom with a place in the lattice is a dopant, or all are.",
            remedy="Name a species of which there are some atoms among others.",
        )
    pairs = neighbour_pairs(index, neighbours)
    strata = [np.flatnonzero(index.site == site) for site in range(len(index.cell.sites))]
    rng, labels = np.random.default_rng(seed), is_dopant & placed
    joins = _joins(labels, pairs)
    drawn = np.empty(permutations, dtype=np.intp)
    for i in range(permutations):
        for rows in strata:
            labels[rows] = rng.permutation(labels[rows])
        drawn[i] = _joins(labels, pairs)
    return ClusterTest(
        joins,
        float(drawn.mean()),
        float(drawn.std(ddof=1)),
        float((1 + (drawn >= joins).sum()) / (permutations + 1)),
        float((1 + (drawn <= joins).sum()) / (permutations + 1)),
        permutations,
        seed,
        neighbours,
    )


def _joins(labels: NDArray[np.bool_], pairs: NDArray[np.intp]) -> int:
    return int((labels[pairs[:, 0]] & labels[pairs[:, 1]]).sum())
