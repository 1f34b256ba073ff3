"""Fit all atoms of an image together."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.beyond import places_beyond
from napari_strata.atoms.fit.coarse import Coarse
from napari_strata.atoms.fit.fitted import FittedPeaks
from napari_strata.atoms.fit.joint import JointFit
from napari_strata.atoms.fit.noise import NoiseKind
from napari_strata.atoms.fit.polynomials import Shape
from napari_strata.atoms.fit.squares import Floats
from napari_strata.atoms.telling import Tell, say_nothing, within

ATTEMPTS = (0.0, 0.4, 0.6)
"""Where in the work each attempt begins, roughly: that before it ends as soon as widths have grown too much."""


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
    hold_width: bool = False,
    tell: Tell = say_nothing,
) -> FittedPeaks:
    """Fit Gaussians on a slowly varying background to all atoms of an image together.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities, finite.
    positions : ndarray, shape (atom, 2)
        Where the atoms are thought to be, (y, x) [px]; those of all layers in one call.
    width_px : float
        Standard deviation of a peak, roughly [px]. Where the width of a group grows beyond 1.5 times this, all
        share one; where that does, too, it is held here.
    shape : {"round", "elliptical"}
        Of the peaks. All atoms of a group have the same width: one more number per atom would cost precision
        wherever atoms overlap, and the probe makes most of the width.
    noise : {"poisson", "uniform"}
        Variance that grows with the mean (greatest likelihood for counts), or the same everywhere (least squares).
    gain : float, optional
        Intensity of one quantum where it is known (1 of counts): the variance is then gain times mean. By default
        the gain and a constant are measured by the residuals.
    groups : ndarray of int, shape (atom,), optional
        Which atoms share a width, and are about as high as each other; by default all.
    prior_px : float, optional
        Standard deviation of the truth from `positions` along each axis, roughly [px]; it is then measured by how
        far the image moves atoms, and how alike the heights of a group are by those that stand clear. This
        knowledge decides, and enters `sigma`, where atoms overlap too much or are too faint to be placed by the
        image, and light of atoms beyond the border is reckoned with; by default the image decides alone, and
        nothing is beyond it.
    hold_width : bool
        Keep all widths at `width_px`: where peaks overlap much, hardly anything tells wide ones from dim ones on
        a brighter background.
    tell : callable
        Is told again and again which part is done.

    Returns
    -------
    FittedPeaks
        In the order of `positions`.
    """
    if not len(positions):
        return FittedPeaks.none()
    kinds = np.zeros(len(positions), np.intp) if groups is None else np.unique(groups, return_inverse=True)[1]
    coarse = Coarse.for_width(width_px, image.shape)
    pixels, width = coarse.image(np.asarray(image, np.float64)), coarse.width(width_px)
    starts = coarse.positions(positions.astype(np.float64))
    if prior_px is not None:
        beyond, alike = places_beyond(starts, kinds, width_px=width, shape=pixels.shape)
        starts, kinds = np.concatenate([starts, beyond]), np.concatenate([kinds, alike])
    order = np.argsort(starts[:, 0], kind="stable")
    one = np.zeros_like(kinds)
    attempts = ((kinds, hold_width), (one, False), (one, True))
    for (shared, held), begin in zip(attempts, ATTEMPTS, strict=True):
        fit = JointFit(
            np.ascontiguousarray(pixels),
            starts[order],
            shared[order],
            kinds=kinds[order],
            width_px=width,
            shape=shape,
            noise=NoiseKind(uniform=noise == "uniform", gain=None if gain is None else gain / coarse.step**2),
            prior_px=None if prior_px is None else prior_px / coarse.step,
            inside=order < len(positions),
            hold_width=held,
            tell=within(tell, begin, 1),
        )
        if fit.run():
            break
    found = replace(fit.result(), any_width=shared is one)
    return coarse.fine(found.reordered(np.argsort(order)[: len(positions)]))
