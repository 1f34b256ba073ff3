"""Atoms at whose places the image shows none: likely vacancies that a network has filled, as the lattice goes on.

Heights of all atoms are fitted to the image, positions held, free to be 0. What an atom should hold is the median
m of what the up to six nearest atoms hold that are alike by translation; what it holds is a, or 0 where that is
less. Its place is called empty where a is less than half of m, and nearer to nothing than to that half:

    (m / 2 - a) / (f sqrt(sigma² + sigma_m² / 4)) > t   and   a < m / 4,

with sigma from Fisher's matrix, the uncertainty of positions included, so that of two atoms on one spot nothing is
said; sigma_m that of the median; and f >= 1 by how much more a - m scatters than their uncertainties say, from the
median over the atoms that are linked by translations, which holds what is no noise (disorder, tails of the probe).

The upper tail of the normal distribution beyond t is FALSE_ALARMS: of atoms that hold half of what they should, as
a column of two that lacks one, not more are called empty by chance. As a is at least 0, m exceeds 2 t of these
sigmas, and an atom that holds all is called empty only where a is as many of them too small: with t = 2.33, 2 in a
million.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.candidates import COLUMNS, SPEAKERS, lattice_vectors
from napari_strata.atoms.equivalents import equivalents
from napari_strata.atoms.fit.held import HeldHeights, fit_heights
from napari_strata.atoms.refined import centroid_sigma, rough_width
from napari_strata.atoms.spikes import without_spikes
from napari_strata.atoms.telling import Tell, say_nothing, within
from napari_strata.types import AnyArray

if TYPE_CHECKING:
    from pandas import DataFrame

FALSE_ALARMS = 0.01
"""Part of the atoms that hold half of what they should that are called empty by chance, at most."""
HALF, NOTHING = 0.5, 0.25
"""Parts of what an atom should hold: what there is at least beside nothing, and what lies in the middle."""
EXCEPTIONS = 0.1
"""Where a larger part of a kind of columns would be empty, they are of another kind, too faint to be seen."""
FEWEST = 20
"""Atoms that tell the scatter of a kind."""
TO_SIGMA = 1.4826
"""Standard deviation of a normal distribution, by the median of absolute values."""
OF_MEDIAN = np.pi / 2
"""Variance of a median by that of a mean."""
GUESSED = 0.35
"""Part of the work on a frame after which the width of its peaks is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What the atoms of one layer should hold.

    Attributes
    ----------
    height, variance : ndarray, shape (atom,)
        Median of the equivalent atoms, and its variance; NaN where too few are there.
    inflation : ndarray, shape (atom,)
        How much larger errors are than told, 1 at least; NaN of kinds of too few atoms.
    kind : ndarray of int, shape (atom,)
        Atoms that are linked by translations.
    """

    height: NDArray[np.float64]
    variance: NDArray[np.float64]
    inflation: NDArray[np.float64]
    kind: NDArray[np.intp]


def find_empty(
    atoms: "DataFrame", image: AnyArray, pixel_size: float, *, fitted: bool = False, tell: Tell = say_nothing
) -> "DataFrame":
    """Propose atoms at whose places the image shows none.

    Frames in which no layer has a lattice are left out at once: nobody knows what their atoms should hold.

    Parameters
    ----------
    atoms : DataFrame
        Located atoms, columns frame, layer, species, y_px, x_px; and sigma_y, sigma_x [Å] if fitted.
    image : ndarray, shape (frame, y, x)
        The image; columns of atoms are bright.
    pixel_size : float
        Pixel size [Å/px].
    fitted : bool
        Whether positions were fitted to this image.
    tell : callable
        Is told again and again which part is done.

    Returns
    -------
    DataFrame
        Columns `napari_strata.atoms.candidates.COLUMNS`, of kind ``empty``. The score is the part of what the atom
        should hold that is lacking, 1 at most; highest first in each layer.
    """
    import pandas as pd

    frames = atoms.groupby("frame")
    tables = []
    for done, (frame, rows) in enumerate(frames):
        tell_frame = within(tell, done / len(frames), (done + 1) / len(frames))
        tables.append(_in_frame(rows, image[int(frame)], pixel_size, tell_frame, fitted=fitted))
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
    return table[list(COLUMNS)].astype({"kind": str, "species": str, "reason": str})


def _in_frame(atoms: "DataFrame", image: AnyArray, pixel_size: float, tell: Tell, *, fitted: bool) -> "DataFrame":
    import pandas as pd

    positions, layers = atoms[["y_px", "x_px"]].to_numpy(np.float64), atoms["layer"].to_numpy()
    if all(lattice_vectors(positions[layers == layer]) is None for layer in np.unique(layers)):
        return pd.DataFrame(columns=list(COLUMNS))
    pixels = without_spikes(np.asarray(image, np.float64))
    if not np.ptp(pixels) > 0:
        return pd.DataFrame(columns=list(COLUMNS))
    width = rough_width(pixels, positions, layers, pixel_size)
    tell(GUESSED)
    found = fit_heights(
        pixels,
        positions,
        width_px=width,
        sigma_px=_known_to(atoms, positions * pixel_size, layers, fitted=fitted) / pixel_size,
        tell=within(tell, GUESSED, 1),
    )
    tables = []
    for layer in np.unique(layers):
        rows = np.flatnonzero(layers == layer)
        of_layer = HeldHeights(found.heights[rows], found.sigma[rows])
        expected = expected_heights(positions[rows], of_layer)
        if expected is not None:
            empty = is_empty(of_layer, expected)
            tables.append(_table(atoms.iloc[rows[empty]], of_layer, expected, empty))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def expected_heights(positions: NDArray[np.float64], found: HeldHeights) -> Expected | None:
    """Tell what the atoms of a layer, at positions (atom, 2), should hold; None where it has no lattice."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    alike = equivalents(positions, found.heights)
    if alike is None:
        return None
    is_there = alike >= 0
    count = is_there.sum(axis=1)
    enough = count >= SPEAKERS
    height, variance = np.full((2, len(alike)), np.nan)
    of_alike = np.where(is_there, found.heights[alike], np.nan)[enough]
    height[enough] = np.nanmedian(of_alike, axis=1)
    variances = np.where(is_there, found.sigma[alike] ** 2, np.nan)[enough]
    variance[enough] = OF_MEDIAN * np.nanmean(variances, axis=1) / count[enough]
    one, which = np.nonzero(is_there)
    links = coo_array((np.ones(len(one)), (one, alike[one, which])), shape=(len(alike), len(alike)))
    kind = connected_components(links, directed=False)[1].astype(np.intp)
    scatter = np.abs(found.heights - height) / np.sqrt(found.sigma**2 + variance)
    inflation = np.full(len(alike), np.nan)
    for number in np.unique(kind):
        known = np.flatnonzero((kind == number) & np.isfinite(scatter))
        if len(known) >= FEWEST:
            inflation[known] = max(1.0, TO_SIGMA * float(np.median(scatter[known])))
    return Expected(height, variance, inflation, kind)


def is_empty(found: HeldHeights, expected: Expected) -> NDArray[np.bool_]:
    """Tell which atoms of a layer (atom,) hold nothing, by the test described above."""
    from scipy.stats import norm

    height, held = expected.height, np.maximum(found.heights, 0)
    sigma = expected.inflation * np.sqrt(found.sigma**2 + HALF**2 * expected.variance)
    empty: NDArray[np.bool_] = (HALF * height - held > norm.isf(FALSE_ALARMS) * sigma) & (held < NOTHING * height)
    for number in np.unique(expected.kind[empty]):
        own = expected.kind == number
        if empty[own].sum() > EXCEPTIONS * own.sum():
            empty[own] = False
    return empty


def _known_to(
    atoms: "DataFrame", positions: NDArray[np.float64], layers: NDArray[np.intp], *, fitted: bool
) -> NDArray[np.float64]:
    """Return how certain positions (atom, 2) are along each axis, all in Å; those not fitted, as centroids are."""
    usual = np.full(len(atoms), centroid_sigma(positions, layers))
    if not fitted:
        return usual
    sigma = np.sqrt((atoms[["sigma_y", "sigma_x"]].to_numpy(np.float64) ** 2).mean(axis=1))
    return np.where(np.isfinite(sigma), sigma, usual)


def _table(atoms: "DataFrame", found: HeldHeights, expected: Expected, empty: NDArray[np.bool_]) -> "DataFrame":
    part = found.heights[empty] / expected.height[empty]
    sigma = expected.inflation[empty] * found.sigma[empty] / expected.height[empty]
    reasons = [f"{100 * p:z.0f} ± {100 * s:.0f} % of what its like hold" for p, s in zip(part, sigma, strict=True)]
    table = atoms[["frame", "layer", "species", "y_px", "x_px"]].assign(
        kind="empty", score=np.clip(1 - part, 0, 1), reason=reasons
    )
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)
