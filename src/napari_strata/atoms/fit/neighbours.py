"""Which atoms overlap, and the matrix of their couplings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import KDTree

from napari_strata.atoms.fit.squares import Floats

COUPLED = 6.5
"""Distance up to which two peaks couple, in standard deviations: beyond, the product of both is below 3e-5. Where
many peaks overlap, leaving out more would make the matrix of the normal equations indefinite."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of atoms that couple; each stands once, and every atom with itself before all others.

    Attributes
    ----------
    first, second : ndarray of int, shape (pair,)
        Indices of the atoms, ``first <= second``; the pairs of an atom with itself come first, in order.
    atoms : int
        Number of atoms.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    atoms: int

    @classmethod
    def within(cls, positions: Floats, distance: float) -> "Pairs":
        """Find all pairs of `positions` (atom, 2) within a distance, in their unit."""
        count = len(positions)
        alone = np.arange(count)
        pairs = KDTree(positions).query_pairs(distance, output_type="ndarray") if count > 1 else np.empty((0, 2))
        pairs = np.sort(pairs.astype(np.intp).reshape(-1, 2), axis=1)
        pairs = pairs[np.lexsort(pairs.T[::-1])]
        return cls(np.concatenate([alone, pairs[:, 0]]), np.concatenate([alone, pairs[:, 1]]), count)

    def matrix(self, blocks: Floats) -> sparse.bsr_array:
        """Make the symmetric matrix of blocks (pair, 3, 3), shape (3 atom, 3 atom)."""
        count, others = self.atoms, slice(self.atoms, None)
        rows = np.concatenate([self.first, self.second[others]])
        columns = np.concatenate([self.second, self.first[others]])
        order = np.lexsort((columns, rows))
        data = np.concatenate([blocks, blocks[others].transpose(0, 2, 1)])[order]
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=count))])
        return sparse.bsr_array((data, columns[order], starts), shape=(3 * count, 3 * count))

    def neighbours(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """List the neighbours of each atom, itself first.

        Returns
        -------
        starts : ndarray of int, shape (atom + 1,)
            Where each atom's list begins and the last one ends.
        others : ndarray of int
            All lists, one after another.
        """
        others = slice(self.atoms, None)
        rows = np.concatenate([self.first, self.second[others]])
        columns = np.concatenate([self.second, self.first[others]])
        order = np.lexsort((columns, columns != rows, rows))
        starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=self.atoms))])
        return starts.astype(np.intp), columns[order]

    def find(
        self, first: NDArray[np.intp], second: NDArray[np.intp]
    ) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Look up pairs of any order.

        Returns
        -------
        index : ndarray of int, shape of `first`
            Of the pair; of any where there is none.
        exists : ndarray of bool, shape of `first`
            Which do couple.
        """
        keys = self.first * self.atoms + self.second
        order = np.argsort(keys)
        wanted = np.minimum(first, second) * self.atoms + np.maximum(first, second)
        place = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
        index = order[place]
        return index, keys[index] == wanted
