"""Fit all atoms of an image together."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.fitted import FittedPeaks
from napari_strata.atoms.fit.joint import JointFit
from napari_strata.atoms.fit.noise import NoiseKind
from napari_strata.atoms.fit.polynomials import Shape
from napari_strata.atoms.fit.squares import Floats


def fit_peaks(
    image: NDArray[np.floating],
    positions: Floats,
    *,
    width_px: float,
    shape: Shape = "round",
    noise: Literal["poisson", "uniform"] = "poisson",
    gain: float | None = None,
    groups: NDArray[np.intp] | None = None,
    prior_px: float | None = None,
) -> FittedPeaks:
    """Fit Gaussians on a slowly varying background to all atoms of an image together.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities, finite.
    positions : ndarray, shape (atom, 2)
        Where the atoms are thought to be, (y, x) [px]; those of all layers in one call.
    width_px : float
        Standard deviation of a peak, roughly [px].
    shape : {"round", "elliptical"}
        Of the peaks. All atoms of a group have the same width: one more number per atom would cost precision
        wherever atoms overlap, and the probe makes most of the width.
    noise : {"poisson", "uniform"}
        Variance that grows with the mean (greatest likelihood for counts), or the same everywhere (least squares).
    gain : float, optional
        Intensity of one quantum where it is known (1 of counts): the variance is then gain times mean. By default
        the gain and a constant are measured by the residuals.
    groups : ndarray of int, shape (atom,), optional
        Which atoms share a width; by default all.
    prior_px : float, optional
        Standard deviation of the truth from `positions` along each axis, roughly [px]; it is then measured by how
        far the image moves atoms. It decides, and enters `sigma`, where atoms overlap too much or are too faint to
        be placed by the image; by default the image decides alone.

    Returns
    -------
    FittedPeaks
        In the order of `positions`.
    """
    if not len(positions):
        return FittedPeaks.none()
    order = np.argsort(positions[:, 0], kind="stable")
    kinds = np.zeros(len(order), np.intp) if groups is None else np.unique(groups, return_inverse=True)[1]
    fit = JointFit(
        np.ascontiguousarray(image, dtype=np.float64),
        positions[order].astype(np.float64),
        kinds[order],
        width_px=width_px,
        shape=shape,
        noise=NoiseKind(uniform=noise == "uniform", gain=gain),
        prior_px=prior_px,
    )
    fit.run()
    return fit.result().reordered(np.argsort(order))
