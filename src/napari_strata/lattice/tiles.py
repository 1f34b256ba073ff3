"""How much more the lattice of a Fourier transform scatters than in white noise, as parts of the image tell.

Atoms that are displaced at random move all spots of a lattice alike, as a strain does, so that nothing of it is
left between the spots and one lattice; and counts scatter most on the atoms. Noise n under the window w moves the
maximum near a spot g to first order by

    Im(sum w t n exp(-2 pi i g t) / F) / (2 pi <t^2>),   F = sum w I exp(-2 pi i g t),   <t^2> = sum w t^2 / sum w,

t being measured from the middle of the image I. What every pixel thus pulls at the lattice is summed over parts of
the image, and the covariance is the sum over parts of these squared, as long as parts are larger than what
neighbours share (K.-Y. Liang and S. L. Zeger, Biometrika 73, 13, 1986; with parts that overlap T. G. Conley,
Journal of Econometrics 92, 1, 1999). Parts are tiles, and then lines of the scan, along which all is displaced
alike where the beam jitters.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.cells import Matrix, Positions
from napari_strata.lattice.leakage import spot_places
from napari_strata.lattice.parameters import propagate
from napari_strata.lattice.reciprocal import FourierLattice, pulls_of_spots, reciprocal
from napari_strata.lattice.spectrum import Spots, TaperedImage

TILES = 24
"""How many standard deviations of a Gaussian tile the image's sides are: of 12, the lattice that is fitted takes
up a tenth of what the tiles hold; of 30, tiles of small images are smaller than a cell."""
LINES = 96
"""How many standard deviations of a Gaussian strip of lines the image is high."""
REACH = 4.0
"""How far the outermost tiles lie beyond the border, in standard deviations; tiles are one apart."""


def waves_of(spots: Spots, vectors: Sequence[Matrix], resolution: NDArray[np.float64]) -> Positions:
    """Return the frequencies of all waves that an image holds, shape (wave, 2) [1/Å], of g and -g one.

    They are the places of the lattices, whose spots may be lost in each other, and what spots there are besides.

    Parameters
    ----------
    spots : Spots
        All spots of the image.
    vectors : sequence of ndarray, each of shape (2, 2)
        a and b of every layer as rows (y, x) [Å].
    resolution : ndarray, shape (2,)
        1 / extent of the image along (y, x) [1/Å].
    """
    places = np.concatenate([spot_places(one) for one in vectors])
    off = np.abs((places - spots.frequency[:, None]) / resolution).max(axis=2)
    return np.concatenate([places[places @ [1e-6, 1.0] > 0], spots.frequency[off.min(axis=1) > 1]])


def scattered(lattice: FourierLattice, tapered: TaperedImage, waves: Positions) -> FourierLattice:
    """Return a lattice as uncertain as the scatter of the image says, where that is more than white noise does.

    Variances that are enlarged are themselves right to about 30 %.

    Parameters
    ----------
    lattice : FourierLattice
        A lattice fitted to spots of the image, with the uncertainties of white noise.
    tapered : TaperedImage
        The image.
    waves : ndarray, shape (wave, 2)
        Frequencies of all that is no noise [1/Å].
    """
    star, white = propagate(_reciprocal, lattice.vectors.ravel(), lattice.covariance)
    covariance = white
    for sums in _summed(tapered, _pulls(tapered, _without_waves(tapered, waves), lattice)):
        covariance = at_least(covariance, sums @ sums.T)
    _, told = propagate(_reciprocal, star, covariance)
    ratio = float(np.trace(np.linalg.solve(white, covariance)) / len(white))
    return replace(lattice, covariance=told, variance_ratio=ratio)


def at_least(covariance: Matrix, other: Matrix) -> Matrix:
    """Return a covariance, enlarged in those directions in which another one is larger, in units of the first."""
    root = np.linalg.cholesky(covariance)
    inverse = np.linalg.inv(root)
    values, directions = np.linalg.eigh(inverse @ other @ inverse.T)
    axes = root @ directions
    return np.asarray((axes * np.maximum(values, 1.0)) @ axes.T)


def _reciprocal(flat: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(reciprocal(flat.reshape(2, 2)).ravel())


def _without_waves(tapered: TaperedImage, frequency: Positions) -> NDArray[np.float64]:
    """Take waves (wave, 2) away from an image under its window, by least squares of all together."""
    along_y, along_x = _waves(tapered, np.concatenate([frequency, -frequency]))
    count, (window_y, window_x) = len(frequency), tapered.windows
    overlaps = ((along_y * window_y) @ along_y.conj().T) * ((along_x * window_x) @ along_x.conj().T)
    heights = _transform(tapered, along_y[:count], along_x[:count])
    amplitudes = np.linalg.lstsq(overlaps, np.concatenate([heights, heights.conj()]), rcond=None)[0][:count]
    waves = 2 * ((amplitudes[:, None] * along_y[:count].conj()).T @ along_x[:count].conj()).real
    return np.asarray(tapered.values - waves * np.outer(window_y, window_x))


def _pulls(
    tapered: TaperedImage, noise: NDArray[np.float64], lattice: FourierLattice
) -> Iterator[NDArray[np.float64]]:
    """Yield what each pixel (y, x) pulls at a*_y, a*_x, b*_y and b*_x [1/Å]."""
    along_y, along_x = _waves(tapered, lattice.spots.frequency)
    of_spots = pulls_of_spots(lattice.orders, lattice.spots)
    heights = _transform(tapered, along_y, along_x)
    for vector in range(2):
        for axis, window in enumerate(tapered.windows):
            distance = (np.arange(len(window)) - len(window) / 2) * tapered.pixel_size
            width = float((window * distance**2).sum() / window.sum())
            weights = of_spots[axis, vector] / (2 * np.pi * width * heights)
            lever = [distance if axis == i else np.ones(side) for i, side in enumerate(noise.shape)]
            yield ((weights[:, None] * along_y * lever[0]).T @ (along_x * lever[1])).imag * noise


def _summed(tapered: TaperedImage, pulls: Iterable[NDArray[np.float64]]) -> Iterator[NDArray[np.float64]]:
    """Yield the sums of pulls over tiles, shape (4, tile), and over lines of the scan, (4, strip)."""
    height, width = tapered.values.shape
    along_y, along_x, strips = _tiles(height, TILES), _tiles(width, TILES), _tiles(height, LINES)
    both = [((along_y @ one @ along_x.T).ravel(), strips @ one.sum(axis=1)) for one in pulls]
    yield from (np.stack(sums) for sums in zip(*both, strict=True))


def _waves(tapered: TaperedImage, frequency: Positions) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return exp(-2 pi i g t) along y and along x, shapes (wave, y) and (wave, x)."""
    y, x = (
        np.exp(-2j * np.pi * np.outer(g * tapered.pixel_size, np.arange(side) - side / 2))
        for g, side in zip(frequency.T, tapered.values.shape, strict=True)
    )
    return y, x


def _transform(
    tapered: TaperedImage, along_y: NDArray[np.complex128], along_x: NDArray[np.complex128]
) -> NDArray[np.complex128]:
    return np.asarray(((along_y @ tapered.values) * along_x).sum(axis=1))


def _tiles(side: int, count: int) -> NDArray[np.float64]:
    """Return overlapping Gaussians, shape (tile, pixel), whose squares add up to 1 at every pixel."""
    width = max(1.0, side / count)
    middles = np.arange(-REACH * width, side + REACH * width, width)
    tiles = np.exp(-((np.arange(side) - middles[:, None]) ** 2) / (2 * width**2))
    return np.asarray(tiles / np.sqrt((tiles**2).sum(axis=0)))
