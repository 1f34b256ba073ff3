"""What is known of the atoms before the image is looked at closely.

Two atoms that all but coincide make one peak: only the sum of their heights and the mean of their positions can
be seen in it, and the most likely pair may lie anywhere. What was known before then decides what the image leaves
open.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.model import Parameters
from napari_strata.atoms.fit.squares import Floats


@dataclass(frozen=True, slots=True)
class Prior:
    """A normal distribution of each position and height.

    Attributes
    ----------
    expected : ndarray, shape (atom, 3)
        Most probable y, x [px] and height.
    precision : ndarray, shape (atom, 3)
        One by the variance of each; 0 where nothing is known.
    """

    expected: Floats
    precision: Floats

    @classmethod
    def nothing(cls, positions: Floats) -> "Prior":
        """Know nothing; the fit is then one of greatest likelihood."""
        none = np.zeros((len(positions), 3))
        return cls(none, none)

    @classmethod
    def near(cls, positions: Floats, sigma_px: float, height: float) -> "Prior":
        """Expect positions (atom, 2) to a standard deviation [px], and heights of about `height`, to 100 %."""
        typical = np.full(len(positions), height)
        spread = np.array([sigma_px, sigma_px, height])
        return cls(np.column_stack([positions, typical]), np.tile(1 / spread**2, (len(positions), 1)))

    def pull(self, parameters: Parameters) -> Floats:
        """Return the gradient of the logarithm of the probability of parameters, shape (3 atom,)."""
        now = np.column_stack([parameters.positions, parameters.amplitudes])
        pull: Floats = ((self.expected - now) * self.precision).ravel()
        return pull

    def of(self, atoms: NDArray[np.intp]) -> "Prior":
        """Return the prior of some atoms."""
        return Prior(self.expected[atoms], self.precision[atoms])
