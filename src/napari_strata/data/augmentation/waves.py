"""Smooth random fields as sums of waves: as cheap at any length, and known at any point."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

WAVES = 24
CUT = 3.0
"""Fields end at this many standard deviations, so that what is built on them is bounded."""


@dataclass(frozen=True, slots=True, eq=False)
class SmoothField:
    r"""A random field of mean 0 and standard deviation 1, nearly Gaussian.

    .. math:: f(p) = \sqrt{2/m} \sum_{i=1}^m \cos(k_i \cdot p + \phi_i), \quad k_i \sim N(0, 1 / 2 \ell^2)

    Its covariance is exp(-r² / 4l²), that of white noise blurred by a Gaussian of standard deviation l, the usual
    elastic deformation (Simard, Steinkraus and Platt, ICDAR 2003). But a sum of waves (Rahimi and Recht, NIPS
    2007) has no border, costs the same for every l, and has a value at the sub-pixel position of an atom.

    Attributes
    ----------
    wave : ndarray, shape (m, 2)
        Wave vectors (y, x) [rad/px].
    phase : ndarray, shape (m,)
        Phases [rad].
    """

    wave: NDArray[np.float64]
    phase: NDArray[np.float64]

    @classmethod
    def draw(cls, length: float, rng: np.random.Generator) -> Self:
        """Draw a field that changes over a length [px]."""
        return cls(rng.normal(0, np.sqrt(0.5) / length, (WAVES, 2)), rng.uniform(0, 2 * np.pi, WAVES))

    def at(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values at points, shape (n, 2) [px], cut at 3."""
        field = np.cos(points @ self.wave.T + self.phase).sum(axis=1) * np.sqrt(2 / WAVES)
        return np.asarray(np.clip(field, -CUT, CUT))

    def on_grid(self, side: int, device: torch.device) -> Tensor:
        """Return the values on a square grid around 0, shape (side, side), float32.

        cos(a + b) = cos a cos b - sin a sin b, a depending on y and b on x alone, is a product of two matrices.
        """
        steps = np.arange(side) - (side - 1) / 2
        a, b = steps[:, None] * self.wave[:, 0] + self.phase, steps[:, None] * self.wave[:, 1]
        along_y = np.concatenate([np.cos(a), -np.sin(a)], axis=1) * np.sqrt(2 / WAVES)
        along_x = np.concatenate([np.cos(b), np.sin(b)], axis=1)
        rows, columns = (torch.from_numpy(one.astype(np.float32)).to(device) for one in (along_y, along_x))
        return (rows @ columns.T).clamp(-CUT, CUT)
