"""How precise positions can be at all: the Cramér-Rao bound, from its formula and with no part of the fit.

A pixel's mean m is the sum of Gaussians of height A and standard deviation s, sampled at the centres of pixels, on
a level b. Of Poisson counts Fisher's matrix is F_kl = sum over pixels of (dm/dk)(dm/dl) / m, and no unbiased
estimate of parameter k has a variance below (F^-1)_kk. The parameters are y, x and A of every atom of a patch, and
one s and b for all of them.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MARGIN = 8
"""Pixels beyond the outermost atoms that count, in standard deviations."""


def position_bound(
    atoms: Floats, amplitude: float, sigma: float, *, level: float = 0.0, shared: bool = True
) -> Floats:
    """Return the least standard error of each atom's position in two dimensions.

    Parameters
    ----------
    atoms : ndarray, shape (atom, 2)
        Positions (y, x) [px].
    amplitude : float
        Counts of an atom in a pixel at its centre.
    sigma : float
        Standard deviation of the Gaussians [px].
    level : float
        Background [counts].
    shared : bool
        Width and background are fitted, too.

    Returns
    -------
    ndarray, shape (atom,)
        Root of the sum of the least variances of y and x [px].
    """
    slopes, mean = _slopes(atoms, amplitude, sigma, level)
    if not shared:
        slopes = slopes[:-2]
    weighted = slopes / np.maximum(mean, 1e-12 * amplitude)
    scale = 1 / np.sqrt((slopes * weighted).sum(axis=1))
    inverse = np.linalg.inv((weighted * scale[:, None]) @ (slopes * scale[:, None]).T)
    variances = np.diag(inverse) * scale**2
    per_atom: Floats = variances[: 3 * len(atoms)].reshape(-1, 3)[:, :2].sum(axis=1)
    return np.sqrt(per_atom)


def lattice_bound(spacing: float, amplitude: float, sigma: float, *, side: int = 7) -> float:
    """Return the bound of an atom in the middle of a square lattice, all atoms of a patch being unknown [px]."""
    row = np.arange(side) * spacing
    atoms = np.stack(np.meshgrid(row, row, indexing="ij"), axis=-1).reshape(-1, 2)
    return float(position_bound(atoms, amplitude, sigma)[len(atoms) // 2])


def isolated_bound(amplitude: float, sigma: float) -> float:
    """Return the bound of an atom that stands alone [px]: sigma sqrt(2 / N) for its N = 2 pi sigma² A counts."""
    return float(sigma * np.sqrt(2 / (2 * np.pi * sigma**2 * amplitude)))


def _slopes(atoms: Floats, amplitude: float, sigma: float, level: float) -> tuple[Floats, Floats]:
    """Return the derivatives (parameter, pixel) of the means, and the means (pixel,)."""
    low = np.floor(atoms.min(axis=0) - MARGIN * sigma).astype(int)
    high = np.ceil(atoms.max(axis=0) + MARGIN * sigma).astype(int) + 1
    y, x = (axis.ravel() for axis in np.mgrid[low[0] : high[0], low[1] : high[1]])
    down, right = y - atoms[:, 0, None], x - atoms[:, 1, None]
    peaks = np.exp(-(down**2 + right**2) / (2 * sigma**2))
    of_atoms = np.stack([amplitude * peaks * down, amplitude * peaks * right, peaks * sigma**2], axis=1) / sigma**2
    of_width = (amplitude * peaks * (down**2 + right**2)).sum(axis=0) / sigma**3
    slopes = np.concatenate([of_atoms.reshape(-1, len(y)), of_width[None], np.ones((1, len(y)))])
    return slopes, amplitude * peaks.sum(axis=0) + level
