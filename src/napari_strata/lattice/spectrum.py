"""The bright spots of an image's Fourier transform, to a small part of its resolution.

The image is made free of its mean and tapered by a Hann window, so that what the border cuts does not smear every
spot along the axes. Spots are found in its zero-padded transform, and then placed on the maximum of the transform
itself, which can be computed anywhere: it is sampled ever more finely around each spot, and a paraboloid is fitted
to its logarithm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import CalibrationError, ImageError
from napari_strata.lattice.cells import Positions, rotation

PADDING = 2
"""The transform is taken of so many times the image's sides."""
LEAST_SIDE = 32
"""Smallest side of an image that has a spectrum worth looking at [px]."""
SIGNIFICANT = 25.0
"""Spots have so many times the median power of their surroundings; noise does that once in 30 million."""
LOBE = 2.0
"""Half width of a spot of the Hann window, in units of 1 / extent of the image."""
LONGEST = 4.0
"""Waves that fit into the image fewer than so many times are its background."""
STEPS = (0.25, 0.06)
"""Steps between samples around a spot, round after round, in units of 1 / extent."""
FAINTEST = 1e-4
"""Least amplitude of a spot, in units of the brightest one's: side lobes of the window are fainter."""
MOST_SPOTS = 200
PARTNER = 0.11
"""A spot turned by 60 degrees lies so close to another, in units of its distance from the origin."""


@dataclass(frozen=True, slots=True, eq=False)
class Spots:
    """Spots of one half of the Fourier plane, the brightest first.

    Attributes
    ----------
    frequency : ndarray, shape (n, 2)
        Waves per ångström along (y, x) [1/Å]; the larger component of x is positive, as -g is as bright as g.
    sigma : ndarray, shape (n, 2)
        Standard uncertainty for white noise around the spot as the only disturbance [1/Å].
    amplitude : ndarray, shape (n,)
        Amplitude of the wave in units of the image.
    signal_to_noise : ndarray, shape (n,)
        Power of the spot over the mean power of its surroundings.
    """

    frequency: Positions
    sigma: Positions
    amplitude: NDArray[np.float64]
    signal_to_noise: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frequency)

    def take(self, which: NDArray[np.intp] | NDArray[np.bool_]) -> "Spots":
        """Return some of the spots."""
        return Spots(self.frequency[which], self.sigma[which], self.amplitude[which], self.signal_to_noise[which])


def find_spots(image: NDArray[np.floating], pixel_size: float, *, most: int = MOST_SPOTS) -> Spots:
    """Find the spots of an image's Fourier transform.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Any real image, at least 32 px a side.
    pixel_size : float
        Pixel size [Å/px].
    most : int
        At most so many spots, the brightest.

    Raises
    ------
    ImageError
        If it is no image of that size, or holds values that are not finite.
    CalibrationError
        If the pixel size is not positive.
    """
    tapered = TaperedImage.of(image, pixel_size)
    rough, noise = _peaks(tapered, most)
    placed = [refine_spot(tapered, frequency) for frequency in rough]
    frequency = np.array([p for p, _ in placed]).reshape(-1, 2)
    power = np.array([q for _, q in placed])
    return spots_of(tapered, frequency, power, noise)


def sixfold_share(spots: Spots) -> float:
    """Return which part of the power, 0 to 1, is in spots that have others 60 degrees on in both directions.

    It is 1 for any number of hexagonal lattices on each other, and nearly 0 for a square one.
    """
    both = np.concatenate([spots.frequency, -spots.frequency])
    power = spots.amplitude**2
    far = np.hypot(*spots.frequency.T)
    has_partners = np.ones(len(spots), dtype=bool)
    for angle in (60.0, -60.0):
        turned = spots.frequency @ rotation(angle).T
        apart = np.hypot(*np.moveaxis(turned[:, None] - both, -1, 0)).min(axis=1)
        has_partners &= apart < PARTNER * far
    return float(power[has_partners].sum() / power.sum())


@dataclass(frozen=True, slots=True, eq=False)
class TaperedImage:
    """An image under its window.

    Attributes
    ----------
    values : ndarray, shape (y, x)
        Window times image minus its weighted mean.
    windows : tuple of ndarray
        The window along y and along x.
    pixel_size : float
        Pixel size [Å/px].
    """

    values: NDArray[np.float64]
    windows: tuple[NDArray[np.float64], NDArray[np.float64]]
    pixel_size: float

    @classmethod
    def of(cls, image: NDArray[np.floating], pixel_size: float) -> "TaperedImage":
        """Check and taper an image."""
        from scipy.signal.windows import hann

        if image.ndim != 2 or min(image.shape) < LEAST_SIDE:
            raise ImageError(
                f"The image has the shape {image.shape}.",
                remedy=f"A Fourier transform needs (y, x) of at least {LEAST_SIDE} px a side.",
            )
        if not pixel_size > 0:
            raise CalibrationError(f"The pixel size {pixel_size:g} Å is not positive.", remedy="State it.")
        values = np.asarray(image, dtype=np.float64)
        if not np.isfinite(values).all():
            raise ImageError("The image holds values that are not finite.", remedy="Replace them.")
        windows = tuple(hann(side, sym=False) for side in values.shape)
        mean = float(windows[0] @ values @ windows[1] / (windows[0].sum() * windows[1].sum()))
        return cls((values - mean) * np.outer(*windows), (windows[0], windows[1]), pixel_size)

    @property
    def resolution(self) -> NDArray[np.float64]:
        """1 / extent along (y, x) [1/Å]."""
        return 1 / (np.array(self.values.shape) * self.pixel_size)

    def power_at(self, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the power at frequencies y times x [1/Å], shape (len(y), len(x))."""
        waves = [
            np.exp(-2j * np.pi * np.outer(frequency * self.pixel_size, np.arange(side)))
            for frequency, side in zip((y, x), self.values.shape, strict=True)
        ]
        rows = (waves[0].real @ self.values) + 1j * (waves[0].imag @ self.values)
        return np.asarray(np.abs(rows @ waves[1].T) ** 2)


def refine_spot(tapered: TaperedImage, frequency: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the place of the maximum near a frequency [1/Å], and its power.

    The place is that of the paraboloid through the logarithms of 5 x 5 samples; it moves at most one step a round.
    """
    grid = np.arange(-2, 3)
    y, x = (part.ravel() for part in np.meshgrid(grid, grid, indexing="ij"))
    terms = np.stack([np.ones(25), y, x, y * y, x * x, y * x], axis=1)
    power = 0.0
    for step in STEPS:
        for _ in range(3):
            size = step * tapered.resolution
            samples = tapered.power_at(frequency[0] + grid * size[0], frequency[1] + grid * size[1])
            _, gy, gx, yy, xx, yx = np.linalg.lstsq(terms, np.log(samples.ravel() + 1e-300), rcond=None)[0]
            curvature = np.array([[2 * yy, yx], [yx, 2 * xx]])
            if np.linalg.eigvalsh(curvature).max() >= 0:
                break
            move = np.clip(-np.linalg.solve(curvature, [gy, gx]), -2, 2)
            frequency = frequency + move * size
            power = float(samples.max())
            if np.abs(move).max() < 1e-3:
                break
    return frequency, power or float(tapered.power_at(frequency[:1], frequency[1:])[0, 0])


def spots_of(
    tapered: TaperedImage, frequency: Positions, power: NDArray[np.float64], noise: NDArray[np.float64]
) -> Spots:
    """Describe spots whose place, power, and surrounding mean power are known, the brightest first.

    The uncertainty is that of the maximum of a windowed wave of amplitude A in white noise of variance s^2:
    ``var(omega) = s^2 sum(w^2 t^2) / (2 A^2 sum(w t^2)^2)``, t being measured from the middle.
    """
    sums = np.prod([w.sum() for w in tapered.windows])
    squares = np.prod([(w**2).sum() for w in tapered.windows])
    amplitude, variance = np.sqrt(power) / sums, noise / squares
    sigma = np.empty_like(frequency)
    for axis, (along, across) in enumerate((tapered.windows, tapered.windows[::-1])):
        t2 = (np.arange(len(along)) - (along * np.arange(len(along))).sum() / along.sum()) ** 2
        spread = (along**2 * t2).sum() * (across**2).sum() / (2 * ((along * t2).sum() * across.sum()) ** 2)
        sigma[:, axis] = np.sqrt(variance * spread) / amplitude / (2 * np.pi * tapered.pixel_size)
    order = np.argsort(-power, kind="stable")
    found = Spots(frequency, sigma, 2 * amplitude, power / np.maximum(noise, 1e-300))
    return found.take(order)


def _peaks(tapered: TaperedImage, most: int) -> tuple[Positions, NDArray[np.float64]]:
    """Return the frequencies of maxima in the zero-padded transform, and the mean power around each."""
    from scipy.fft import fftfreq, fftshift, next_fast_len, rfft2, rfftfreq
    from scipy.ndimage import maximum_filter

    shape = [next_fast_len(PADDING * side, real=True) for side in tapered.values.shape]
    power = fftshift(np.abs(rfft2(tapered.values, s=shape)) ** 2, axes=0)
    y = fftshift(fftfreq(shape[0], tapered.pixel_size))
    x = rfftfreq(shape[1], tapered.pixel_size)
    lobe = LOBE * tapered.resolution
    window = [max(3, 2 * round(width / (f[1] - f[0])) + 1) for width, f in zip(lobe, (y, x), strict=True)]
    is_peak = power == maximum_filter(power, window, mode="nearest")
    is_peak &= (y[:, None] / tapered.resolution[0]) ** 2 + (x / tapered.resolution[1]) ** 2 > LONGEST**2
    is_peak &= (x > 0) | (y[:, None] > 0)  # of the column x = 0 one half
    row, column = np.nonzero(is_peak)
    brightest = np.argsort(-power[row, column], kind="stable")[: 4 * most]
    row, column = row[brightest], column[brightest]
    noise = np.array([_surroundings(power, int(i), int(j), window) for i, j in zip(row, column, strict=True)])
    bright = power[row, column] > FAINTEST**2 * power[row, column].max(initial=0.0)
    good = np.flatnonzero(bright & (power[row, column] > SIGNIFICANT * np.log(2) * noise))[:most]
    return np.stack([y[row[good]], x[column[good]]], axis=1), noise[good]


def _surroundings(power: NDArray[np.float64], row: int, column: int, window: list[int]) -> float:
    """Return the mean power around a peak, from the median: power of noise is distributed exponentially."""
    high, wide = 3 * window[0], 3 * window[1]
    around = power[max(row - high, 0) : row + high + 1, max(column - wide, 0) : column + wide + 1]
    return float(np.median(around)) / float(np.log(2))
