"""Atoms whose positions are fitted: on the raw image, or on the probability maps."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.common_noise import with_common_noise
from napari_strata.atoms.fit.fit import fit_peaks
from napari_strata.atoms.fit.fitted import FittedPeaks
from napari_strata.atoms.fit.width import guess_width, spacing_of
from napari_strata.atoms.scatter import scatter_of_rows
from napari_strata.atoms.spikes import without_spikes
from napari_strata.atoms.telling import Tell, say_nothing, within
from napari_strata.config import AtomsConfig
from napari_strata.types import ATOM_FLAGS, AnyArray, FloatImage

if TYPE_CHECKING:
    import pandas as pd

PRIOR, BEYOND_SCATTER = 0.06, 1.5
"""Standard deviation of the centroids of networks' maps from the truth along each axis [Å], where it is not seen;
and in units of their scatter about straight rows, where it is. Errors of neighbours are alike, so that it is more
than 1: 1.2 to 2.0 on eight images of two recipes that the network did not know."""
LEAST_PRIOR = 0.02
"""Least standard deviation that is believed of a small scatter [Å]."""
WIDTHS = (0.15, 1.5)
"""Standard deviations between which those of peaks are sought [Å]."""
FITTED = ("sigma_y", "sigma_x", "amplitude", "background", "width", "chi2")
"""Columns that a fit adds."""
BLURRED = 0.33
"""Width from which on it is guessed once and held, in units of the distance of neighbours of a layer and kind."""
UNTOLD, UNTOLD_OF_ANY_WIDTH = 0.99, 0.96
"""An uncertainty of this part of what was known beforehand, or more, says that the pixels added nothing; the
second where peaks of any width would do, as in noise alone, which adds some per cent."""
NARROWEST = 0.5
"""Least standard deviation of a peak that the pixels resolve [px]."""


def refine_atoms(
    table: "pd.DataFrame",
    layers: FloatImage,
    image: AnyArray | None,
    kinds: NDArray[np.intp],
    config: AtomsConfig,
    pixel_size: float,
    tell: Tell = say_nothing,
) -> "pd.DataFrame":
    """Fit the positions of the atoms of one frame as `AtomsConfig.refine` says.

    On the image, atoms of all layers are fitted together, and those of one layer and kind share a width; all of
    them do where peaks are too blurred to tell. Single pixels that no peak can have made are taken for what is
    around them. Atoms that overlap too much to be told apart stay near their
    centroids, with heights like those of their kind, and those of which the image tells nothing beyond that are
    flagged ``failed``, with no uncertainties. Where peaks are too blurred or too faint to tell how far centroids
    are from the truth, that is taken from their scatter about straight rows, and uncertainties are too small where
    they are off by more; chi-square, which is near 1, cannot tell of that. On the probability maps each layer is
    fitted alone; what is called uncertainty there is that of the map's shape and not of the noise.

    Parameters
    ----------
    table : DataFrame
        Atoms with their centroids: ``layer``, ``y_px``, ``x_px``, ``y_A``, ``x_A``, ``flag`` and what else there
        is.
    layers : ndarray of float32, shape (layer, class, y, x)
        Probability maps in which they were found.
    image : ndarray, shape (y, x), or None
        The image; without one nothing is fitted to it.
    kinds : ndarray of int, shape (atom,)
        What the network takes each atom for.
    config : AtomsConfig
        What to fit to, if anything, and the shape of the peaks.
    pixel_size : float
        Pixel size [Å/px].
    tell : callable
        Is told again and again which part is done.

    Returns
    -------
    DataFrame
        The same rows with fitted positions, flags, and the columns of `napari_strata.types.ATOM_DETAILS` that a
        fit gives; as given where nothing is fitted.
    """
    on_image = config.refine == "image"
    if config.refine == "centroid" or (on_image and image is None):
        return table
    refined = table.assign(**dict.fromkeys(FITTED, np.nan))
    of_layer = table["layer"].to_numpy()
    groups = of_layer * (kinds.max(initial=0) + 1) + kinds
    parts = [None] if on_image else list(np.unique(of_layer))
    for part, layer in enumerate(parts):
        tell_part = within(tell, part / len(parts), (part + 1) / len(parts))
        rows = np.flatnonzero(of_layer == layer) if layer is not None else np.arange(len(table))
        if not len(rows):
            continue
        pixels = image if layer is None else 1 - layers[layer, 0]
        positions = table[["y_px", "x_px"]].to_numpy(dtype=np.float64)[rows]
        of = np.asarray(pixels, np.float64)
        of = without_spikes(of) if on_image else of
        fitted = _fit(of, positions, groups[rows], of_layer[rows], config, pixel_size, tell_part)
        _write(refined, rows, with_common_noise(_doubted(fitted, positions)), pixel_size)
    return refined


def _fit(
    pixels: NDArray[np.float64],
    positions: NDArray[np.float64],
    kinds: NDArray[np.intp],
    layers: NDArray[np.intp],
    config: AtomsConfig,
    pixel_size: float,
    tell: Tell,
) -> FittedPeaks:
    width = rough_width(pixels, positions, kinds, pixel_size)
    return fit_peaks(
        pixels,
        positions,
        width_px=width,
        hold_width=width > BLURRED * spacing_of(positions, kinds),
        shape=config.peaks,
        noise="poisson" if config.refine == "image" else "uniform",
        groups=kinds,
        prior_px=centroid_sigma(positions * pixel_size, layers) / pixel_size,
        tell=tell,
    )


def rough_width(
    pixels: NDArray[np.float64], positions: NDArray[np.float64], kinds: NDArray[np.intp], pixel_size: float
) -> float:
    """Guess the standard deviation [px] of the peaks of an image (y, x) at positions (atom, 2) [px]."""
    low, high = (max(width / pixel_size, NARROWEST) for width in WIDTHS)
    return guess_width(pixels, positions, kinds, lowest=low, highest=high)


def centroid_sigma(positions: NDArray[np.float64], layers: NDArray[np.intp]) -> float:
    """Return how far centroids (atom, 2) of layers (atom,) may be from the truth along each axis, all in Å."""
    scatter = scatter_of_rows(positions, layers)
    return PRIOR if scatter is None else max(LEAST_PRIOR, BEYOND_SCATTER * scatter)


def _doubted(fitted: FittedPeaks, positions: NDArray[np.float64]) -> FittedPeaks:
    """Count as failed what the pixels told nothing of: those positions and uncertainties are what was put in."""
    assert fitted.prior_px is not None, "all fits here begin with what is known of the centroids"
    most = UNTOLD_OF_ANY_WIDTH if fitted.any_width else UNTOLD
    untold: NDArray[np.bool_] = np.any(fitted.sigma >= most * fitted.prior_px, axis=1)
    return replace(
        fitted,
        positions=np.where(untold[:, None], positions, fitted.positions),
        sigma=np.where(untold[:, None], np.nan, fitted.sigma),
        failed=fitted.failed | untold,
        crowded=fitted.crowded & ~untold,
    )


def _write(table: "pd.DataFrame", rows: NDArray[np.intp], fitted: FittedPeaks, pixel_size: float) -> None:
    """Write what was fitted into the rows of a table."""
    columns = {
        "y_px": fitted.positions[:, 0],
        "x_px": fitted.positions[:, 1],
        "y_A": fitted.positions[:, 0] * pixel_size,
        "x_A": fitted.positions[:, 1] * pixel_size,
        "sigma_y": fitted.sigma[:, 0] * pixel_size,
        "sigma_x": fitted.sigma[:, 1] * pixel_size,
        "amplitude": fitted.amplitude,
        "background": fitted.background,
        "width": np.sqrt(fitted.width.prod(axis=1)) * pixel_size,
        "chi2": fitted.chi2,
    }
    for name, values in columns.items():
        table.iloc[rows, table.columns.get_loc(name)] = values
    flags = table["flag"].to_numpy(dtype=str)[rows]
    found = {"failed": fitted.failed, "crowded": fitted.crowded}
    table.iloc[rows, table.columns.get_loc("flag")] = [
        " ".join(word for word in ATOM_FLAGS if word in flag.split() or (word in found and found[word][i]))
        for i, flag in enumerate(flags)
    ]
