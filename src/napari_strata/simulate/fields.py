"""Smooth displacements: sums of waves, as drift gives the scan and strain gives a layer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WAVES = 3
"""Waves per axis."""


@dataclass(frozen=True, slots=True)
class WaveField:
    """A displacement that is a sum of waves per axis.

    Attributes
    ----------
    amplitude : ndarray, shape (2, m)
        Amplitudes of the waves for y and x [Å].
    wave : ndarray, shape (2, m, 2)
        Wave vectors [rad/Å].
    phase : ndarray, shape (2, m)
        Phases [rad].
    """

    amplitude: NDArray[np.float64]
    wave: NDArray[np.float64]
    phase: NDArray[np.float64]

    def __call__(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the displacements (y, x) at positions, both of shape (n, 2) [Å]."""
        argument = np.einsum("nd,amd->nam", positions, self.wave) + self.phase
        displacement: NDArray[np.float64] = np.einsum("nam,am->na", np.sin(argument), self.amplitude)
        return displacement


def draw_strain_field(strain: float, wavelength: float, rng: np.random.Generator) -> WaveField:
    r"""Draw waves of one length and any direction.

    The gradient of :math:`a \sin(k \cdot r + \varphi)` has the root mean square :math:`a k / \sqrt 2`.

    Parameters
    ----------
    strain : float
        Root mean square of the gradient of each component of the displacement.
    wavelength : float
        Length of the waves [Å].
    rng : Generator
        Source of directions, phases and the share of each wave.
    """
    share = rng.dirichlet(np.ones(WAVES), 2)
    angle = rng.uniform(0, 2 * np.pi, (2, WAVES))
    k = 2 * np.pi / wavelength
    wave = k * np.stack([np.sin(angle), np.cos(angle)], axis=-1)
    return WaveField(strain / k * np.sqrt(2 * share), wave, rng.uniform(0, 2 * np.pi, (2, WAVES)))
