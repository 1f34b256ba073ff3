"""What spots of a Fourier transform do to each other's places, where an image is small.

A spot has the shape of the window's transform. Its slope at the place of another spot of equal amplitude, over the
curvature of that one, is by how much it moves it, times the cosine of a phase that is not known.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.cells import Matrix, Positions
from napari_strata.lattice.reciprocal import FourierLattice, fit_orders, reciprocal

APART = 2.5
"""Spots are told apart where they are so many times 1 / extent of the image from each other, on one axis."""
FAR = 6.0
"""From there on they do nothing to each other."""
HIGHEST = 2
"""Orders h and k of spots that are bright enough to disturb others."""
CURVATURE = np.pi**2 / 3 - 2
"""Of the transform of the Hann window at its maximum of 1, by frequency in units of 1 / extent."""


def without_overlaps(
    lattice: FourierLattice, layer: int, vectors: Sequence[Matrix], resolution: NDArray[np.float64]
) -> FourierLattice:
    """Fit a lattice again to the spots that other layers leave alone, with what neighbours do to their places.

    Parameters
    ----------
    lattice : FourierLattice
        A lattice fitted to the spots of one layer.
    layer : int
        Which of `vectors` are its.
    vectors : sequence of ndarray, each of shape (2, 2)
        a and b of every layer as rows (y, x) [Å], those of the located atoms.
    resolution : ndarray, shape (2,)
        1 / extent of the image along (y, x) [1/Å].

    Raises
    ------
    LatticeError
        If fewer than two independent spots are told apart from those of other layers.
    """
    others = [spot_places(v) for i, v in enumerate(vectors) if i != layer]
    spots = lattice.spots
    from_others = _offsets(spots.frequency, np.concatenate([np.empty((0, 2)), *others]), resolution)
    told = (np.abs(from_others).max(axis=2) >= APART).all(axis=1)
    if np.linalg.matrix_rank(lattice.orders[told]) < 2:
        extent = " x ".join(f"{1 / along:.1f}" for along in resolution)
        raise LatticeError(
            f"The image of {extent} Å is too small to tell the spots of the layers apart.",
            remedy="Take a larger field of view, or the lattice of the atoms.",
        )
    own = spot_places(vectors[layer])
    disturbers = np.concatenate([from_others, _offsets(spots.frequency, own, resolution)], axis=1)[told]
    kept = spots.take(told)
    sigma = np.hypot(kept.sigma, _moved(disturbers) * resolution)
    return fit_orders(lattice.orders[told], replace(kept, sigma=sigma), lattice.family)


def spot_places(vectors: Matrix) -> Positions:
    """Return the places of all spots of a lattice that are bright, but for that at 0."""
    orders = np.stack(np.meshgrid(*[np.arange(-HIGHEST, HIGHEST + 1)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    return np.asarray(orders[orders.any(axis=1)] @ reciprocal(vectors))


def _offsets(spots: Positions, places: Positions, resolution: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is between each spot and each place, in units of the resolution, shape (spot, place, 2)."""
    return np.asarray((places - spots[:, None]) / resolution)


def _moved(offsets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much spots move along (y, x), as root mean square in units of the resolution, (spot, 2)."""
    distance = np.abs(offsets).max(axis=2)
    counts = (distance >= 1) & (distance < FAR)  # nearer ones are the spot itself
    height, slope = _hann(offsets), (_hann(offsets + 1e-3) - _hann(offsets - 1e-3)) / 2e-3
    moves = slope * height[..., ::-1] / CURVATURE
    return np.asarray(np.sqrt((np.where(counts[..., None], moves, 0.0) ** 2).sum(axis=1) / 2))


def _hann(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the transform of the Hann window at u / extent, 1 at 0."""
    return np.asarray(np.sinc(u) + (np.sinc(u - 1) + np.sinc(u + 1)) / 2)
