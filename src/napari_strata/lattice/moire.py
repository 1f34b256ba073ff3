"""The moiré of two layers: what their lattices predict, and what the image shows.

The waves of two layers beat at the differences of their frequencies. The beats of their longest waves span a
lattice of its own: with a*, b* of both layers as rows of G1 and G2, its reciprocal vectors are those of G1 - G2.
For equal hexagonal lattices at a twist theta its period is a / (2 sin(theta / 2)).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError
from napari_strata.lattice.cells import IDEAL, SYMMETRY, Family, Matrix, angle_of, fold, rotation
from napari_strata.lattice.parameters import CellParameters, cell_parameters, propagate
from napari_strata.lattice.reciprocal import FourierLattice, fit_orders, reciprocal
from napari_strata.lattice.spectrum import Spots, find_spots
from napari_strata.numbers import plain

COINCIDING = 1e-6
"""Lattices whose frequencies differ by less than this part have no moiré."""
BEATS = np.array([[1, 0], [0, 1], [1, 1], [1, -1]])
"""Orders of the beats that are looked for; of the last two, hexagonal moirés have one among the shortest."""


@dataclass(frozen=True, slots=True, eq=False)
class Moire:
    """The lattice at which two layers beat.

    Attributes
    ----------
    family : Family
        Family of both layers.
    vectors : ndarray, shape (2, 2)
        Its vectors as rows (y, x) [Å].
    covariance : ndarray, shape (4, 4)
        Covariance of their components [Å^2].
    parameters : CellParameters
        Its lengths, angle, orientation and area.
    layers : tuple of int
        Which two of the fitted layers, counted from 0, beat.
    """

    family: Family
    vectors: Matrix
    covariance: Matrix
    parameters: CellParameters
    layers: tuple[int, int] = (0, 1)

    @property
    def period(self) -> float:
        """Lattice constant of the ideal cell of the same area [Å]; of other families the root of the area."""
        ideal = np.sqrt(0.75) if self.family == "hexagonal" else 1.0
        return float(np.sqrt(self.parameters.area.value / ideal))

    @property
    def period_sigma(self) -> float:
        """Standard uncertainty of the period [Å]."""
        return self.period * self.parameters.area.sigma / (2 * self.parameters.area.value)


@dataclass(frozen=True, slots=True, eq=False)
class SeenMoire:
    """A moiré in an image.

    Attributes
    ----------
    moire : Moire
        Its lattice.
    beats : int
        How many beats were seen.
    source : str
        ``image`` where the image itself has spots there, as thick or strongly scattering samples do; ``square of
        the image`` where only products of both layers' waves have, as where their contrasts simply add up.
    signal_to_noise : float
        Power of the weakest beat over that of its surroundings.
    """

    moire: Moire
    beats: int
    source: str
    signal_to_noise: float


def predict_moire(first: Matrix, second: Matrix, covariance: Matrix, family: Family) -> Moire:
    """Predict the moiré of two lattices of one family.

    Parameters
    ----------
    first, second : ndarray, shape (2, 2)
        a and b of each layer as rows (y, x) [Å].
    covariance : ndarray, shape (8, 8)
        Covariance of the components of both [Å^2].
    family : Family
        Family of both.

    Raises
    ------
    LatticeError
        If the lattices coincide, wholly or along one direction.
    """
    turn = _nearest_turn(first, second, family)

    def beat(flat: NDArray[np.float64]) -> NDArray[np.float64]:
        one, other = flat.reshape(2, 2, 2)
        return reciprocal(reciprocal(one) - reciprocal(turn @ other)).ravel()

    difference = reciprocal(first) - reciprocal(turn @ second)
    if np.linalg.svd(difference, compute_uv=False).min() < COINCIDING * np.linalg.norm(reciprocal(first)):
        raise LatticeError(
            "The lattices of the layers coincide: they have no moiré.", remedy="There is none to see."
        )
    values, spread = propagate(beat, np.concatenate([first.ravel(), second.ravel()]), covariance)
    return _moire(values.reshape(2, 2), spread, family)


def see_moire(image: NDArray[np.floating], pixel_size: float, predicted: Moire) -> SeenMoire:
    """Look for a moiré in an image.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The image.
    pixel_size : float
        Pixel size [Å/px].
    predicted : Moire
        Where to look: within the resolution of the image, 1 / extent.

    Raises
    ------
    LatticeError
        If fewer than two independent beats are seen. A moiré that fits into the image fewer than four times is
        not looked for.
    """
    star = reciprocal(predicted.vectors)
    resolution = 1 / (np.array(image.shape) * pixel_size)
    blurred = _waves_only(image, 1 / (4 * predicted_spacing(predicted) * pixel_size))
    for source, pixels in (("image", np.asarray(image, dtype=np.float64)), ("square of the image", blurred**2)):
        spots, orders = _beats(find_spots(pixels, pixel_size), star, resolution)
        if len(orders) and np.linalg.matrix_rank(orders) == 2:
            seen = fit_orders(orders, spots, predicted.family)
            return SeenMoire(_of_lattice(seen), len(orders), source, float(spots.signal_to_noise.min()))
    raise LatticeError(
        f"No spots of a moiré of {plain(predicted.period, 3)} Å rise above the noise.",
        remedy="It must fit into the image at least four times. Strain blurs the spots of one that you see.",
    )


def predicted_spacing(moire: Moire) -> float:
    """Return the largest frequency of a moiré's shortest vectors [1/Å]."""
    return float(np.linalg.norm(reciprocal(moire.vectors), axis=1).max())


def _nearest_turn(first: Matrix, second: Matrix, family: Family) -> Matrix:
    """Return whole numbers that choose the vectors of the second lattice nearest to those of the first."""
    if family not in IDEAL:
        flipped = abs(fold(angle_of(second[0]) - angle_of(first[0]), 360.0)) > 90
        return -np.eye(2) if flipped else np.eye(2)
    angle = angle_of(second[0]) - angle_of(first[0])
    steps = round((angle - fold(angle, SYMMETRY[family])) / SYMMETRY[family])
    ideal = IDEAL[family]
    return np.asarray(np.rint(ideal @ rotation(-steps * SYMMETRY[family]).T @ np.linalg.inv(ideal)))


def _waves_only(image: NDArray[np.floating], sigma: float) -> NDArray[np.float64]:
    """Take away what varies slowly, so that the square holds products of the layers' waves."""
    from scipy.ndimage import gaussian_filter

    values = np.asarray(image, dtype=np.float64)
    return np.asarray(values - gaussian_filter(values, max(sigma, 1.0)))


def _beats(spots: Spots, star: Matrix, resolution: NDArray[np.float64]) -> tuple[Spots, NDArray[np.intp]]:
    """Return the spots at the beats, and their orders with the sign that the spots have."""
    chosen, orders = [], []
    for order in np.concatenate([BEATS, -BEATS]):
        off = np.hypot(*((spots.frequency - order @ star) / resolution).T)
        if len(off) and off.min() < 1.0 and int(off.argmin()) not in chosen:
            chosen.append(int(off.argmin()))
            orders.append(order)
    return spots.take(np.array(chosen, dtype=np.intp)), np.array(orders, dtype=np.intp).reshape(-1, 2)


def _moire(vectors: Matrix, covariance: Matrix, family: Family) -> Moire:
    return Moire(family, vectors, covariance, cell_parameters(vectors, covariance, family))


def _of_lattice(lattice: FourierLattice) -> Moire:
    return _moire(lattice.vectors, lattice.covariance, lattice.family)
