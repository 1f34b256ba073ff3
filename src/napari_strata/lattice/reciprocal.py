"""The lattices of all layers from the Fourier transform of their image, without any atom.

A lattice with vectors a, b (rows of M) makes spots at h a* + k b*, with a*, b* the rows of the transposed inverse
of M. Spots are sorted into lattices one by one, most power first; a*, b* are fitted to all spots of a lattice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.cells import (
    IDEAL,
    SAME_SHAPE,
    Family,
    Matrix,
    conventional,
    stretch_ratio,
)
from napari_strata.lattice.parameters import CellParameters, cell_parameters, propagate
from napari_strata.lattice.spectrum import Spots, find_spots
from napari_strata.numbers import plain

A_RANGE = (1.8, 7.0)
"""Lattice constants that are looked for where none is expected [Å]; the beat of two layers has longer ones."""
WIDTH_OF_EXPECTED = 0.15
"""A lattice constant may differ by this part from the expected one."""
SAME_SPOT = 0.04
"""A spot belongs to a lattice if it is this close to its place, in units of the shorter of a* and b*."""
MOST_ORDER = 3
"""Spots up to this order, h and k, are told."""
BRIGHTEST = 60
"""Lattices are looked for among so many spots."""
ASSUMED = (
    "white noise around each spot, all enlarged alike where the spots are farther from one lattice, or tiles or"
    " lines of the image disagree by more"
)


@dataclass(frozen=True, eq=False)
class FourierLattice:
    """A lattice fitted to spots.

    Attributes
    ----------
    family : Family
        What the lattice is without distortion.
    vectors : ndarray, shape (2, 2)
        a and b as rows (y, x) [Å].
    covariance : ndarray, shape (4, 4)
        Covariance of (a_y, a_x, b_y, b_x) [Å^2].
    spots : Spots
        The spots of this lattice.
    orders : ndarray of int, shape (n, 2)
        h and k of each of them.
    residuals : ndarray, shape (n, 2)
        Spot minus its place in the fitted lattice [1/Å].
    chi_square : float
        Sum of squared residuals in units of the variances of the spots.
    degrees : int
        Degrees of freedom.
    assumed : str
        What was assumed about the scatter of the spots.
    variance_ratio : float
        How many times larger variances are, in the mean, because noise is not white, as tiles and lines of the
        image tell; 1 where they were not asked.
    """

    family: Family
    vectors: Matrix
    covariance: Matrix
    spots: Spots
    orders: NDArray[np.intp]
    residuals: NDArray[np.float64]
    chi_square: float
    degrees: int
    assumed: str = ASSUMED
    variance_ratio: float = 1.0

    @cached_property
    def parameters(self) -> CellParameters:
        """a, b, gamma, orientation and area with their uncertainties."""
        return cell_parameters(self.vectors, self.covariance, self.family)


def reciprocal(vectors: Matrix) -> Matrix:
    """Return a* and b* as rows [1/Å] of a and b as rows [Å], or the other way round."""
    return np.asarray(np.linalg.inv(vectors).T)


def lattices_of_image(
    image: NDArray[np.floating],
    pixel_size: float,
    *,
    layers: int = 2,
    family: Family = "hexagonal",
    expected_a: float | None = None,
) -> tuple[FourierLattice, ...]:
    """Fit the lattice of every layer to an image's Fourier transform.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The image.
    pixel_size : float
        Pixel size [Å/px].
    layers : int
        How many lattices to look for.
    family : Family
        What they are without distortion.
    expected_a : float, optional
        Lattice constant, right to 15 % [Å]; without it lattices of 1.8 to 7 Å are looked for.

    Returns
    -------
    tuple of FourierLattice
        The one with most power first: the order of layers in the image is not known.

    Raises
    ------
    ImageError, CalibrationError
        If the image cannot be transformed.
    LatticeError
        If fewer lattices are seen.
    """
    return sort_spots(find_spots(image, pixel_size), layers=layers, family=family, expected_a=expected_a)


def sort_spots(
    spots: Spots, *, layers: int = 2, family: Family = "hexagonal", expected_a: float | None = None
) -> tuple[FourierLattice, ...]:
    """Sort spots into the lattices of layers; parameters and errors are those of `lattices_of_image`."""
    low, high = A_RANGE
    if expected_a is not None:
        low, high = expected_a * (1 - WIDTH_OF_EXPECTED), expected_a * (1 + WIDTH_OF_EXPECTED)
    left = spots
    found: list[FourierLattice] = []
    for _ in range(layers):
        vectors = _strongest(left.take(np.arange(min(len(left), BRIGHTEST))), family, low, high)
        if vectors is None:
            raise LatticeError(
                f"The Fourier transform shows {len(found)} of {layers} {family} lattices with a from"
                f" {plain(low, 3)} to {plain(high, 3)} Å ({len(spots)} spots).",
                remedy="Check the pixel size, the number of layers and the family; an area with less noise or"
                " contamination shows more spots.",
            )
        found.append(fit_spots(left, vectors, family))
        mine = _orders(left, reciprocal(found[-1].vectors))[1]
        left = left.take(~mine)
    return tuple(found)


def fit_spots(spots: Spots, vectors: Matrix, family: Family) -> FourierLattice:
    """Fit a lattice to the spots near its places.

    Parameters
    ----------
    spots : Spots
        Spots, those of other lattices among them.
    vectors : ndarray, shape (2, 2)
        a and b as rows (y, x) [Å], right to 2 %; for example those of the located atoms.
    family : Family
        What the lattice is without distortion.

    Raises
    ------
    LatticeError
        If fewer than two independent spots are near.
    """
    star = reciprocal(conventional(vectors, family))
    for _ in range(3):
        orders, mine = _orders(spots, star)
        if not mine.any() or np.linalg.matrix_rank(orders[mine]) < 2:
            raise LatticeError(
                "The Fourier transform shows no two independent spots of the lattice.",
                remedy="Check the pixel size, or take a larger or less noisy field of view.",
            )
        lattice = fit_orders(orders[mine], spots.take(mine), family)
        star = reciprocal(lattice.vectors)
    return lattice


def fit_orders(orders: NDArray[np.intp], spots: Spots, family: Family) -> FourierLattice:
    """Fit a lattice to spots whose orders are known.

    Parameters
    ----------
    orders : ndarray of int, shape (n, 2)
        h and k of each spot; two of them at least are independent.
    spots : Spots
        The spots.
    family : Family
        What the lattice is without distortion.
    """
    star, covariance = _solve(orders, spots)
    residuals = spots.frequency - orders @ star
    degrees = 2 * (len(orders) - 2)
    chi_square = float((residuals**2 / spots.sigma**2).sum())
    scale = max(1.0, chi_square / degrees) if degrees else 1.0
    values, spread = propagate(lambda flat: reciprocal(flat.reshape(2, 2)).ravel(), star.ravel(), covariance)
    return FourierLattice(
        family, values.reshape(2, 2), scale * spread, spots, orders, residuals, chi_square, degrees
    )


def match_lattices(
    found: Sequence[FourierLattice], vectors: Sequence[Matrix]
) -> tuple[FourierLattice | None, ...]:
    """Put lattices of an image in the order of layers whose vectors are known, such as those of atoms.

    Each layer gets the lattice whose spots it explains best, each lattice goes to one layer; the rest is None.
    """
    from scipy.optimize import linear_sum_assignment

    if not found or not vectors:
        return (None,) * len(vectors)
    cost = np.array([[_misfit(lattice, v) for lattice in found] for v in vectors])
    layers, which = linear_sum_assignment(cost)
    matched: list[FourierLattice | None] = [None] * len(vectors)
    for layer, i in zip(layers, which, strict=True):
        matched[layer] = found[i]
    return tuple(matched)


def _misfit(lattice: FourierLattice, vectors: Matrix) -> float:
    """Return how far the spots are from whole orders of other vectors."""
    orders = lattice.spots.frequency @ vectors.T
    return float(((orders - np.rint(orders)) ** 2).mean())


def _strongest(spots: Spots, family: Family, low: float, high: float) -> Matrix | None:
    """Return the vectors of the lattice that holds most power; of equals that with the fewest places."""
    power = spots.amplitude**2
    best, chosen = (0.0, 0.0), None
    both = np.concatenate([spots.frequency, -spots.frequency])
    for i in range(len(spots)):
        for j in range(i + 1, len(both)):
            if j == i + len(spots):
                continue
            star = np.stack([spots.frequency[i], both[j]])
            area = abs(float(np.linalg.det(star)))
            if area < 0.3 * float(np.prod(np.linalg.norm(star, axis=1))):
                continue
            vectors = conventional(reciprocal(star), family)
            if not _fits(vectors, family, low, high):
                continue
            mine = _orders(spots, reciprocal(vectors))[1]
            score = (round(float(power[mine].sum() / power.sum()), 3), area)
            if score > best:
                best, chosen = score, vectors
    return chosen


def _fits(vectors: Matrix, family: Family, low: float, high: float) -> bool:
    lengths = np.linalg.norm(vectors, axis=1)
    if family not in IDEAL:
        return bool((lengths > low).all() and (lengths < high).all())
    size = float(np.sqrt(abs(np.linalg.det(vectors)) / abs(np.linalg.det(IDEAL[family]))))
    return low < size < high and stretch_ratio(vectors, IDEAL[family]) < SAME_SHAPE


def _orders(spots: Spots, star: Matrix) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return h and k of every spot, and which spots are close enough to their places."""
    orders = np.rint(spots.frequency @ np.linalg.inv(star)).astype(np.intp)
    off = np.hypot(*(spots.frequency - orders @ star).T)
    near = off < SAME_SPOT * np.linalg.norm(star, axis=1).min()
    low = np.abs(orders).max(axis=1, initial=0)
    return orders, np.asarray(near & (low > 0) & (low <= MOST_ORDER))


def pulls_of_spots(orders: NDArray[np.intp], spots: Spots) -> NDArray[np.float64]:
    """Return by how much a* and b* follow each spot along y and x, by weighted least squares, (axis, 2, spot)."""
    weighted = [orders.T / sigma**2 for sigma in spots.sigma.T]
    return np.stack([np.linalg.solve(one @ orders, one) for one in weighted])


def _solve(orders: NDArray[np.intp], spots: Spots) -> tuple[Matrix, Matrix]:
    """Return a*, b* by weighted least squares, and their covariance (a*_y, a*_x, b*_y, b*_x)."""
    star, covariance = np.empty((2, 2)), np.zeros((4, 4))
    for axis, pulls in enumerate(pulls_of_spots(orders, spots)):
        star[:, axis] = pulls @ spots.frequency[:, axis]
        covariance[np.ix_([axis, 2 + axis], [axis, 2 + axis])] = (pulls * spots.sigma[:, axis] ** 2) @ pulls.T
    return star, covariance
