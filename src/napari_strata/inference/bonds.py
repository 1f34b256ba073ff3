"""The local bond orientation of each decoder's atoms, as fields on a coarse grid.

A bond at angle theta counts as exp(i n theta): with n = 6 the three bonds of a honeycomb and the six of a
hexagonal crystal agree, with n = 4 those of a square one.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from napari_strata.atoms.peaks import find_peaks
from napari_strata.config import AtomsConfig
from napari_strata.types import FloatImage

SYMMETRIES = (6, 4)
REACH = 1.25
"""Neighbours count as bonded up to this many median nearest-neighbour distances."""
SMOOTHING = 4.0
"""Least width (standard deviation) of the window in which bonds are averaged [Å]."""
BONDS_ACROSS = 2.5
"""Least width of that window in bond lengths."""
CELLS = 5
"""Cells of the coarse grid per width of the window."""
ENOUGH_BONDS = 50
"""A decoder with fewer bonds in the whole image says nothing about orientation."""


@dataclass(frozen=True, slots=True)
class BondField:
    """Smoothed bond orientation of every decoder.

    Attributes
    ----------
    orientation : ndarray of complex, shape (decoder, y', x')
        Smoothed sum of exp(i n theta) over the bonds of each decoder.
    bonds : ndarray of float, shape (decoder, y', x')
        Smoothed number of bonds, so that ``|orientation| / bonds`` is the local coherence.
    symmetry : int
        The n that makes the orientations most coherent.
    cell : int
        Side of a cell of the coarse grid [px].
    window : float
        Width (standard deviation) of the smoothing [cells].
    """

    orientation: NDArray[np.complex128]
    bonds: NDArray[np.float64]
    symmetry: int
    cell: int
    window: float

    @property
    def coherence(self) -> float:
        """Mean local coherence of the least coherent decoder, 0 to 1; blind to which decoder draws which layer."""
        return float((np.abs(self.orientation).sum(axis=(1, 2)) / self.bonds.sum(axis=(1, 2))).min())


def bond_field(probabilities: FloatImage, *, pixel_size: float) -> BondField | None:
    """Measure the bond orientation in the maps of all decoders.

    Parameters
    ----------
    probabilities : ndarray of float32, shape (layer, class, y, x)
        Class 0 is background.
    pixel_size : float
        Pixel size [Å/px].

    Returns
    -------
    BondField or None
        None where a decoder shows too few bonds.
    """
    atoms = AtomsConfig()
    bonds = [
        find_bonds(
            find_peaks(
                1 - layer[0],
                min_distance=atoms.min_distance,
                min_probability=atoms.min_probability,
                pixel_size=pixel_size,
            )
        )
        for layer in probabilities
    ]
    if min(len(b.angles) for b in bonds) < ENOUGH_BONDS:
        return None
    length = float(np.median(np.concatenate([b.lengths for b in bonds])))
    window = max(SMOOTHING / pixel_size, BONDS_ACROSS * length)
    cell = max(1, round(window / CELLS))
    fields = (_field(bonds, probabilities.shape[-2:], n, cell, window / cell) for n in SYMMETRIES)
    return max(fields, key=lambda field: field.coherence)


@dataclass(frozen=True, slots=True)
class Bonds:
    """Bonds between neighbouring atoms: midpoints (bond, 2) [px], angles [rad] and lengths [px]."""

    midpoints: NDArray[np.float64]
    angles: NDArray[np.float64]
    lengths: NDArray[np.float64]


def find_bonds(positions: NDArray[np.float64]) -> Bonds:
    """Connect neighbouring atoms; `positions` are (y, x), shape (atom, 2)."""
    if len(positions) < 2:
        return Bonds(np.empty((0, 2)), np.empty(0), np.empty(0))
    tree = KDTree(positions)
    nearest = tree.query(positions, k=2)[0][:, 1]
    pairs = tree.query_pairs(REACH * float(np.median(nearest)), output_type="ndarray")
    first, second = positions[pairs[:, 0]], positions[pairs[:, 1]]
    y, x = (second - first).T
    return Bonds((first + second) / 2, np.arctan2(y, x), np.hypot(y, x))


def _field(bonds: list[Bonds], shape: tuple[int, ...], symmetry: int, cell: int, window: float) -> BondField:
    cells = tuple(-(-side // cell) for side in shape)
    orientation, count = (np.zeros((len(bonds), *cells), dtype) for dtype in (np.complex128, np.float64))
    for decoder, of_decoder in enumerate(bonds):
        at = np.clip((of_decoder.midpoints + 0.5) // cell, 0, np.array(cells) - 1).astype(np.intp)
        np.add.at(orientation[decoder], tuple(at.T), np.exp(1j * symmetry * of_decoder.angles))
        np.add.at(count[decoder], tuple(at.T), 1)
    smooth = functools.partial(ndimage.gaussian_filter, sigma=window, axes=(1, 2), mode="constant")
    return BondField(smooth(orientation), smooth(count), symmetry, cell, window)
