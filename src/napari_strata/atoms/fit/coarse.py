"""Fewer pixels where peaks are wide: means of squares of them, in which positions are as precise.

A pixel that is the mean of n by n others widens a peak by a variance of (n² - 1) / 12 px² of theirs and keeps its
volume; what it costs a position's precision is below 1 % where a peak is two such pixels wide. The time of the
fit falls as n², and neighbouring pixels of an image that was resampled are nearly independent again.
"""

from dataclasses import dataclass, replace

import numpy as np

from napari_strata.atoms.fit.fitted import FittedPeaks
from napari_strata.atoms.fit.squares import Floats

WIDE = 2.0
"""Standard deviation of a peak that is enough [px]."""
FEWEST = 8
"""Pixels that are left along each side at least."""


@dataclass(frozen=True, slots=True)
class Coarse:
    """Pixels that are means of `step` by `step` pixels, from the pixel `first` (y, x) on.

    Attributes
    ----------
    step : int
        1 where pixels stay as they are.
    first : (int, int)
        Pixels left out at the upper and left border, as the image's sides may be no multiples of the step.
    """

    step: int
    first: tuple[int, int]

    @classmethod
    def for_width(cls, width_px: float, shape: tuple[int, ...]) -> "Coarse":
        """Choose the widest pixels in which peaks of a standard deviation [px] are still wide."""
        step = max(1, min(int(width_px / WIDE), min(shape) // FEWEST))
        return cls(step, (shape[0] % step // 2, shape[1] % step // 2))

    def image(self, image: Floats) -> Floats:
        """Average an image (y, x)."""
        n, (top, left) = self.step, self.first
        height, width = (side // n for side in image.shape)
        whole = image[top : top + n * height, left : left + n * width]
        means: Floats = whole.reshape(height, n, width, n).mean(axis=(1, 3))
        return means

    def positions(self, positions: Floats) -> Floats:
        """Return positions (atom, 2) of fine pixels in coarse ones."""
        return (positions - self._centre) / self.step

    def width(self, width_px: float) -> float:
        """Return the standard deviation in coarse pixels of peaks of one in fine pixels [px]."""
        return float(np.sqrt(width_px**2 + (self.step**2 - 1) / 12)) / self.step

    def fine(self, found: FittedPeaks) -> FittedPeaks:
        """Return in fine pixels what was found in coarse ones; their noise is taken to be independent."""
        n = self.step
        width = np.sqrt(np.maximum((found.width * n) ** 2 - (n * n - 1) / 12, np.finfo(np.float64).tiny))
        return replace(
            found,
            positions=found.positions * n + self._centre,
            sigma=found.sigma * n,
            amplitude=found.amplitude * (found.width * n / width).prod(axis=1),
            width=width,
            gain=found.gain * n**2,
            readout=found.readout * n**2,
            prior_px=None if found.prior_px is None else found.prior_px * n,
        )

    @property
    def _centre(self) -> Floats:
        """Centre of the first coarse pixel (y, x) [px]."""
        return np.array(self.first) + (self.step - 1) / 2
