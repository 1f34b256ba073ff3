"""How large a change of an image is, in counts and beside the image's shot noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.explain.trust.shot_noise import ShotNoise


@dataclass(frozen=True, slots=True)
class ChangeSize:
    """The size of a change in the pixels that may change.

    Attributes
    ----------
    rms, peak, total : float
        Root mean square and largest magnitude of a pixel's change, and sum of the magnitudes [intensity].
    noise_rms : float or None
        Root mean square of the shot noise in these pixels [intensity]; None where the image shows none.
    gain : float or None
        Intensity of one count.
    is_rough : bool
        Whether that hangs on a dark level that the image does not show.
    """

    rms: float
    peak: float
    total: float
    noise_rms: float | None
    gain: float | None
    is_rough: bool

    @property
    def ratio(self) -> float | None:
        """The change as a part of the shot noise."""
        return None if self.noise_rms is None else self.rms / self.noise_rms

    def told(self) -> dict[str, float | bool | None]:
        """Return all that ready for JSON, in counts where there are any."""
        unit = self.gain or 1.0
        return {
            "rms_counts": None if self.gain is None else self.rms / unit,
            "peak_counts": None if self.gain is None else self.peak / unit,
            "total_counts": None if self.gain is None else self.total / unit,
            "noise_rms_counts": None if self.noise_rms is None else self.noise_rms / unit,
            "rms": self.rms,
            "peak": self.peak,
            "total": self.total,
            "noise_rms": self.noise_rms,
            "times_noise": self.ratio,
            "counts_are_rough": self.is_rough,
        }


def change_size(change: NDArray[np.float64], pixels: NDArray[np.float64], noise: ShotNoise) -> ChangeSize:
    r"""Measure a change.

    An image of gain :math:`g` and dark level :math:`b` has in a pixel of intensity :math:`I` the shot noise
    :math:`\sigma^2 = g (I - b)`, which is :math:`(I - b) / g` counts.

    Parameters
    ----------
    change, pixels : ndarray, shape (n,)
        What is added to the pixels that may change, and their intensities as they are.
    noise : ShotNoise
        The image's.
    """
    magnitude = np.abs(change)
    variance = noise.gain * np.clip(pixels - noise.dark, 0, None).mean() if noise.gain > 0 else 0.0
    has_noise = variance > 0
    return ChangeSize(
        float(np.sqrt((change**2).mean())),
        float(magnitude.max()),
        float(magnitude.sum()),
        float(np.sqrt(variance)) if has_noise else None,
        noise.gain if has_noise else None,
        noise.is_rough,
    )
