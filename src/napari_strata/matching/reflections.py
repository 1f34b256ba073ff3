"""Which spots a crystal makes in a Fourier transform, and how bright they are before the probe dims them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import SimulationConfig
from napari_strata.simulate.crystals import Crystal, atomic_number

FINEST = 0.45
"""Shortest distance between lattice planes that is looked for [Å]."""
FAINTEST = 1e-3
"""Least brightness of a reflection, relative to all columns in phase."""


@dataclass(frozen=True, slots=True, eq=False)
class Reflections:
    r"""Reflections of one layer in one half of the plane, the coarsest first.

    Attributes
    ----------
    frequency : ndarray, shape (n, 2)
        Waves per ångström along (y, x), for the crystal as it stands in the table [1/Å].
    factor : ndarray of complex, shape (n,)
        :math:`\sum_j b_j e^{-2\pi i g r_j} / \sum_j b_j` over the columns j of a cell, b their brightness.
    sites : ndarray, shape (m, 2)
        (y, x) of the columns of a cell [Å].
    """

    frequency: NDArray[np.float64]
    factor: NDArray[np.complex128]
    sites: NDArray[np.float64]

    @property
    def length(self) -> NDArray[np.float64]:
        """Magnitude of each frequency [1/Å]."""
        return np.asarray(np.hypot(*self.frequency.T))

    @property
    def strength(self) -> NDArray[np.float64]:
        """Magnitude of each factor, 0 to 1."""
        return np.abs(self.factor)


def reflections_of(crystal: Crystal, config: SimulationConfig) -> Reflections:
    """Return the reflections of a crystal layer.

    Parameters
    ----------
    crystal : Crystal
        Lattice and columns.
    config : SimulationConfig
        How brightness goes with the atomic number, and what an alloy holds; the middle of each range counts.
    """
    star = np.linalg.inv(crystal.lattice).T
    most = int(np.ceil(np.linalg.norm(crystal.lattice, axis=1).max() / FINEST))
    h, k = (part.ravel() for part in np.mgrid[-most : most + 1, -most : most + 1])
    orders = np.stack([h, k], axis=1)[(h > 0) | ((h == 0) & (k > 0))]
    frequency = orders @ star
    brightness = _brightness(crystal, config)
    factor = np.exp(-2j * np.pi * orders @ crystal.basis.T) @ brightness / brightness.sum()
    length = np.hypot(*frequency.T)
    seen = np.flatnonzero((length < 1 / FINEST) & (np.abs(factor) > FAINTEST))
    seen = seen[np.argsort(length[seen], kind="stable")]
    return Reflections(frequency[seen], factor[seen], crystal.basis @ crystal.lattice)


def _brightness(crystal: Crystal, config: SimulationConfig) -> NDArray[np.float64]:
    exponent = float(np.mean(config.crystal.z_exponent))
    of = {element: atomic_number(element) ** exponent for column in crystal.columns for element in column}
    if crystal.alloy is not None:
        guest, host = crystal.alloy
        part = float(np.mean(config.crystal.alloy))
        of[host] = (1 - part) * atomic_number(host) ** exponent + part * atomic_number(guest) ** exponent
    return np.array([sum(of[element] for element in column) for column in crystal.columns])
