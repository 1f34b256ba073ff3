"""The power spectrum of an image, the power around each reflection, and the noise between them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.matching.orientation import SeenLayer
from napari_strata.types import FloatImage

LOBE = 2.5
"""Radius within which a spot of the Hann window has its power, in units of 1 / extent."""
SPREAD = 0.03
"""Radius within which a distorted scan spreads a spot, in units of the lowest reflection's frequency."""
RING = 1.7
"""Between a spot's radius and so many times that its surroundings are looked at."""
LEAST_AROUND = 12
"""Number of frequencies that surroundings need."""


@dataclass(frozen=True, slots=True, eq=False)
class Power:
    """Power per frequency, such that white noise has its variance per pixel everywhere.

    Attributes
    ----------
    values : ndarray, shape (y, x // 2 + 1)
        Power of a half plane.
    y, x : ndarray
        Its frequencies [1/px].
    """

    values: NDArray[np.float64]
    y: NDArray[np.float64]
    x: NDArray[np.float64]

    @classmethod
    def of(cls, image: NDArray[np.float64]) -> "Power":
        """Return the power of an image under a Hann window, shape (y, x)."""
        from scipy.fft import fftfreq, rfft2, rfftfreq
        from scipy.signal.windows import hann

        window = np.outer(*(hann(side, sym=False) for side in image.shape))
        mean = float((window * image).sum() / window.sum())
        power = np.abs(rfft2((image - mean) * window)) ** 2 / (window**2).sum()
        return cls(power, fftfreq(image.shape[0]), rfftfreq(image.shape[1]))

    @property
    def radius(self) -> NDArray[np.float64]:
        """Magnitude of each frequency [1/px]."""
        return np.asarray(np.hypot(self.y[:, None], self.x))

    @property
    def resolution(self) -> float:
        """Largest of the distances between neighbouring frequencies [1/px]."""
        return float(max(self.y[1], self.x[1]))

    @property
    def pixels(self) -> int:
        """Number of pixels of the image."""
        return round(1 / float(self.y[1] * self.x[1]))


@dataclass(frozen=True, slots=True, eq=False)
class SpotPowers:
    """Squared amplitudes of a layer's reflections.

    Attributes
    ----------
    layer : int
        Index of the layer.
    index : ndarray of int, shape (n,)
        Which of its reflections.
    length : ndarray, shape (n,)
        Magnitude of their frequencies as scanned [1/Å].
    squared : ndarray, shape (n,)
        Squared amplitude of the wave exp(2 pi i f r); without its noise, so that it may be negative.
    sigma : ndarray, shape (n,)
        Its standard uncertainty from the noise around it.
    """

    layer: int
    index: NDArray[np.intp]
    length: NDArray[np.float64]
    squared: NDArray[np.float64]
    sigma: NDArray[np.float64]


def spot_powers(power: Power, layers: tuple[SeenLayer, ...], pixel_size: float) -> tuple[SpotPowers, ...]:
    """Add up the power around the place of every reflection, less that of its surroundings.

    A scan that is distorted smoothly spreads a spot but leaves its power, which its highest value would not tell.

    Parameters
    ----------
    power : Power
        Of the image.
    layers : tuple of SeenLayer
        Where the reflections are.
    pixel_size : float
        Pixel size [Å/px].
    """
    places = np.concatenate([layer.places for layer in layers])
    everywhere = np.concatenate([places, -places])
    found = []
    for number, layer in enumerate(layers):
        lowest = float(np.hypot(*layer.places.T).min())
        usual = LOBE * power.resolution + SPREAD * lowest
        rows = [
            (index, *_around(power, place, usual, everywhere))
            for index, place in enumerate(layer.places)
            if np.abs(place).max() + RING * usual < 0.5
        ]
        kept = [row for row in rows if row[2] > 0]
        index = np.array([row[0] for row in kept], dtype=np.intp)
        length = np.hypot(*layer.places[index].T) / pixel_size
        squared, sigma = (np.array([row[column] for row in kept]) / power.pixels for column in (1, 2))
        found.append(SpotPowers(number, index, length, squared, sigma))
    return tuple(found)


def _around(
    power: Power, place: NDArray[np.float64], usual: float, others: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the power around a place and its uncertainty, which is 0 where another reflection is too close."""
    apart = np.sort(np.hypot(*(others - place).T))[1]
    radius = min(usual, apart / 2)
    if radius < power.resolution:
        return 0.0, 0.0
    place = place if place[1] >= 0 else -place
    rows = np.flatnonzero(np.abs(power.y - place[0]) <= RING * radius)
    columns = np.flatnonzero(np.abs(power.x - place[1]) <= RING * radius)
    part = power.values[np.ix_(rows, columns)]
    distance = np.hypot(power.y[rows, None] - place[0], power.x[columns] - place[1])
    is_inside, is_around = distance <= radius, (distance > radius) & (distance <= RING * radius)
    if is_around.sum() < LEAST_AROUND or not is_inside.any():
        return 0.0, 0.0
    noise = float(np.median(part[is_around])) / np.log(2)
    count, around = int(is_inside.sum()), int(is_around.sum())
    # Neighbouring frequencies share their noise under a Hann window: some (3/2)^2 of them count as one. The median
    # of n exponentially distributed numbers tells their mean with a variance of 1 / (n ln^2 2) of its square.
    variance = 2.25 * count * (1 + count / (around * np.log(2) ** 2))
    return float(part[is_inside].sum() - count * noise), noise * float(np.sqrt(variance))


def spectrum_picture(image: FloatImage, reach: float) -> FloatImage:
    """Return the logarithm of an image's power around frequency 0, to be looked at.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The image.
    reach : float
        Largest frequency along y and x that is wanted [1/px]; 0.5 is the most.

    Returns
    -------
    ndarray of float32
        Decimal logarithm of the power in units of the image's variance, frequency 0 in the middle. Images of one
        shape give pictures of one shape.
    """
    power = Power.of(np.asarray(image, dtype=np.float64))
    mirrored = np.roll(power.values[::-1], 1, axis=0)[:, -1:0:-1]
    whole = np.fft.fftshift(np.concatenate([mirrored, power.values], axis=1), axes=0)
    half_y, half_x = (max(2, min(int(reach * side), side // 2 - 1)) for side in image.shape)
    y, x = image.shape[0] // 2, mirrored.shape[1]
    part = whole[y - half_y : y + half_y + 1, x - half_x : x + half_x + 1]
    variance = float(np.var(image, dtype=np.float64))
    return np.log10(np.maximum(part / variance if variance else part, 1e-12)).astype(np.float32)
