"""What a fit has found."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.squares import Floats


@dataclass(frozen=True, slots=True, eq=False)
class FittedPeaks:
    """Atoms of one image, in the order in which they were given.

    Attributes
    ----------
    positions : ndarray, shape (atom, 2)
        Centres (y, x) [px]; of failed fits where they began.
    sigma : ndarray, shape (atom, 2)
        Standard uncertainties of y and x from Fisher's matrix of the joint fit [px]; NaN of failed fits.
    amplitude, background : ndarray, shape (atom,)
        Height of the peak above its background, and that background, in units of the image.
    width : ndarray, shape (atom, 2)
        Standard deviations along the short and the long axis of the peak [px], shared by the atoms of a group.
    chi2 : ndarray, shape (atom,)
        Sum of squared residuals around the atom in units of their variances, by degrees of freedom.
    failed : ndarray of bool, shape (atom,)
        The fit did not settle, moved away, or found no peak.
    crowded : ndarray of bool, shape (atom,)
        Neighbours make the uncertainty more than twice that of the same atom alone.
    gain, readout : float
        The noise that was found or given: variance = gain * mean + readout.
    prior_px : float or None
        How far the truth was found to be from where atoms began, along each axis [px]; None where nothing was said
        about it.
    any_width : bool
        Peaks of any width fit the image, those of one group at least, so that all were given one.
    """

    positions: Floats
    sigma: Floats
    amplitude: Floats
    background: Floats
    width: Floats
    chi2: Floats
    failed: NDArray[np.bool_]
    crowded: NDArray[np.bool_]
    gain: float
    readout: float
    prior_px: float | None
    any_width: bool = False

    def reordered(self, order: NDArray[np.intp]) -> "FittedPeaks":
        """Return the atoms in another order (atom,)."""
        names = ("positions", "sigma", "amplitude", "background", "width", "chi2", "failed", "crowded")
        return replace(self, **{name: getattr(self, name)[order] for name in names})

    @classmethod
    def none(cls) -> "FittedPeaks":
        """Return no atoms."""
        none, pairs, flags = np.empty(0), np.empty((0, 2)), np.empty(0, bool)
        return cls(pairs, pairs, none, none, pairs, none, flags, flags, 0.0, 0.0, None)
