r"""Relaxation on the moiré scale: neighbouring layers give way so that unfavourable stackings shrink.

The lowest Fourier terms of the energy of two layers that lie on each other are
:math:`U = \sum_i \cos\theta_i(r)` with :math:`\theta_i = (G_i^{(1)} - G_i^{(2)}) \cdot r + \varphi_i` over the
shortest reciprocal vectors :math:`G_i`, largest where columns lie on columns (AA). To first order the layers move
down this energy, each by

.. math:: u^{(1)}(r) = -\frac{A}{N} \sum_i \hat G_i \sin\theta_i(r), \qquad u^{(2)} = -u^{(1)},

N making A the largest displacement. This is the first harmonic of Nam and Koshino, Phys. Rev. B 96, 075311 (2017),
with the amplitude given instead of computed from elastic constants; so the same A is used whatever the twist.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.simulate.layers import Layer

_SAME_LENGTH = 1.05
"""Reciprocal vectors up to so many times the shortest one count as shortest."""


@dataclass(frozen=True, slots=True, eq=False)
class Stacking:
    """How two layers lie on each other.

    Attributes
    ----------
    direction : ndarray, shape (m, 2)
        Unit vectors along the shortest reciprocal vectors of the lower layer, one of each pair.
    moire : ndarray, shape (m, 2)
        Reciprocal vectors of the moiré, (y, x) [rad/Å].
    phase : ndarray, shape (m,)
        Phases at the centre of the field of view [rad].
    """

    direction: NDArray[np.float64]
    moire: NDArray[np.float64]
    phase: NDArray[np.float64]

    def phases(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the phases of the stacking, shape (n, m); multiples of 2π are AA."""
        phases: NDArray[np.float64] = positions @ self.moire.T + self.phase
        return phases

    def displacement(self, positions: NDArray[np.float64], amplitude: float) -> NDArray[np.float64]:
        """Return by how much the lower layer moves; the upper one moves as much the other way.

        Parameters
        ----------
        positions : ndarray, shape (n, 2)
            (y, x) [Å].
        amplitude : float
            Largest displacement [Å].
        """
        pull = -np.sin(self.phases(positions)) @ self.direction
        displacement: NDArray[np.float64] = amplitude / self._largest_pull() * pull
        return displacement

    def _largest_pull(self) -> float:
        """Return the largest sum of directions, over all shifts of the layers."""
        steps = np.stack(np.meshgrid(*[np.linspace(-np.pi, np.pi, 61)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
        # the first two vectors span the others
        whole = np.rint(self.direction @ np.linalg.inv(self.direction[:2]))
        return float(np.linalg.norm(np.sin(steps @ whole.T) @ self.direction, axis=1).max())


def stacking(lower: Layer, upper: Layer) -> Stacking:
    """Compare two layers: each shortest reciprocal vector of the lower with the nearest one of the upper."""
    ours, theirs = _shortest_reciprocal(lower.lattice), _shortest_reciprocal(upper.lattice)
    both = np.concatenate([theirs, -theirs])
    nearest = both[np.linalg.norm(both[None] - ours[:, None], axis=-1).argmin(axis=1)]
    phase = _phase(lower, ours) - _phase(upper, nearest)
    return Stacking(ours / np.linalg.norm(ours, axis=1, keepdims=True), ours - nearest, phase)


def _shortest_reciprocal(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shortest reciprocal vectors, one of each pair of opposite ones, shape (m, 2) [rad/Å]."""
    reciprocal = 2 * np.pi * np.linalg.inv(lattice).T
    steps = np.array([(0, 1), (1, 0), (1, -1), (1, 1)])
    vectors = steps @ reciprocal
    length = np.linalg.norm(vectors, axis=1)
    is_short = length <= _SAME_LENGTH * max(np.sort(length)[1], length.min())
    return np.asarray(vectors[is_short])


def _phase(layer: Layer, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the phases of the Fourier terms of a layer's columns at the centre of the field of view."""
    columns = (layer.crystal.basis + layer.shift) @ layer.lattice
    return np.asarray(np.angle(np.exp(-1j * columns @ vectors.T).sum(axis=0)))
