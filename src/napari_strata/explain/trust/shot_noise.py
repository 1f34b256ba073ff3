"""The shot noise of an image, drawn once more."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_strata.types import AnyArray

MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
"""Difference of two Laplacians: blind to what is linear along y or x. Immerkaer, CVIU 64, 300 (1996)."""
NORMAL = 0.6744897501960817
"""Median of the magnitude of a standard normal number."""
BINS, SMOOTH = 16, 1.5
"""Into how many parts of like brightness pixels are sorted, and how much is smoothed before [px]."""
MOST = 1024
"""Side of the part in the middle of a larger image that tells its noise [px]."""
DARKEST, DARKER = 0.1, 3.0
"""Percentile of the intensities that is taken as dark, and of the smoothed ones that tells whether it is [%]."""
EMPTY = 4.0
"""Electrons per pixel up to which, in the darkest sixteenth, 0.1 % of the pixels have none: 16 exp(4) = 870."""
TINY = 1e-9
"""Noise below this part of the mean above the dark level is none."""


@dataclass(frozen=True, slots=True)
class ShotNoise:
    """Noise of counted electrons.

    Attributes
    ----------
    dark : float
        Intensity of no electron.
    gain : float
        Intensity of one electron; 0 where there is no noise.
    counts : float or None
        Electrons per pixel, their mean; None where there is no noise.
    is_rough : bool
        Whether gain and counts hang on a dark level that the image does not show.
    """

    dark: float
    gain: float
    counts: float | None
    is_rough: bool = False

    def draw(self, image: AnyArray, seed: tuple[int, ...]) -> NDArray[np.float64]:
        """Return the image with the noise added, shape (y, x): mean the image, variance gain (value - dark)."""
        values = np.asarray(image, np.float64)
        if not self.gain > 0:
            return values
        expected = np.clip((values - self.dark) / self.gain, 0, None)
        drawn = np.random.default_rng(seed).poisson(expected)
        return values + self.gain * (drawn - expected)


def shot_noise(image: AnyArray, *, dose: float | None, pixel_size: float | None) -> ShotNoise:
    r"""Find the shot noise of an image.

    The darkest 0.1 % of the pixels are taken as those that no electron reached, so that the mean :math:`m` above
    them is :math:`g n` of :math:`n` electrons per pixel and gain :math:`g`. With a dose :math:`D`,
    :math:`n = D a^2` in pixels of side :math:`a`. Without, the variance of the finest differences is
    :math:`V = g^2 n`, so :math:`g = V / m`, both of the `MOST` px in the middle. It is too high for images whose
    atoms are hardly larger than a pixel, too low for those that were smoothed, and where there is a background
    without noise.

    Where even the darkest places have more than `EMPTY` electrons per pixel no pixel shows the dark level. Then
    dose and noise together tell it, :math:`g = \sqrt{V / n}`; without a dose gain and counts are rough.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities on the image's own grid.
    dose : float or None
        Electrons counted [1/Å²], if it is known.
    pixel_size : float or None
        [Å/px]; a dose is ignored without it.
    """
    values = np.asarray(image, np.float64)
    dark = float(np.percentile(values, DARKEST))
    mean = float(values.mean()) - dark
    if not mean > 0:
        return ShotNoise(dark, 0.0, None)
    middle = _middle(values)
    sigma, bright = noise_level(middle), float(middle.mean()) - dark
    darker = float(np.percentile(ndimage.gaussian_filter(values, SMOOTH), DARKER)) - dark
    if dose is not None and pixel_size is not None:
        counts = dose * pixel_size**2
        gain = mean / counts
        if darker > EMPTY * gain:
            more = bright - mean
            gain = max(gain, (np.sqrt(more**2 + 4 * counts * sigma**2) - more) / (2 * counts))
        return ShotNoise(dark + mean - gain * counts, float(gain), counts)
    if not (bright > 0 and sigma > TINY * bright):
        return ShotNoise(dark, 0.0, None)
    gain = sigma**2 / bright
    return ShotNoise(dark, gain, mean / gain, is_rough=darker > EMPTY * gain)


def _middle(image: NDArray[np.float64]) -> NDArray[np.float64]:
    y, x = (slice(max(0, (side - MOST) // 2), max(0, (side - MOST) // 2) + MOST) for side in image.shape)
    return image[y, x]


def noise_level(image: NDArray[np.float64]) -> float:
    """Return the root mean variance of the noise that an image's finest differences would have, were it white.

    Immerkaer's filter, and the median of its magnitude, which few sharp edges do not change. Since noise grows
    with the brightness, that is done for `BINS` parts of the pixels, from the darkest to the brightest after
    smoothing, and their variances are averaged.
    """
    if min(image.shape) < 3:
        return 0.0
    finest = np.abs(ndimage.convolve(image, MASK.astype(np.float64))[1:-1, 1:-1]).ravel()
    smooth = ndimage.gaussian_filter(image, SMOOTH)[1:-1, 1:-1].ravel()
    parts = np.array_split(finest[np.argsort(smooth, kind="stable")], min(BINS, len(finest)))
    medians = np.array([np.median(part) for part in parts]) / (NORMAL * np.sqrt((MASK**2).sum()))
    return float(np.sqrt(np.mean(medians**2)))
