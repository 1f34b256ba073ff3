"""How wide the peaks of an image are, roughly."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from napari_strata.atoms.fit.joint import JointFit
from napari_strata.atoms.fit.noise import NoiseKind
from napari_strata.atoms.fit.squares import Floats

SAMPLE = 150
"""Atoms that are looked at, those nearest to the middle of all."""
TRIALS = 8
WIDEST = 0.5
"""Standard deviation of the widest peaks, in units of the distance of neighbours of one group: between two wider
ones there is no dip."""


def guess_width(
    image: Floats, positions: Floats, groups: NDArray[np.intp], *, lowest: float, highest: float
) -> float:
    """Guess the standard deviation of round peaks at known positions.

    Heights and background are fitted with peaks of each of a few widths; what leaves least counts.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities.
    positions : ndarray, shape (atom, 2)
        Where the peaks are, at least one, (y, x) [px].
    groups : ndarray of int, shape (atom,)
        Peaks of one group can be told apart by themselves.
    lowest, highest : float
        Between which widths to look [px].

    Returns
    -------
    float
        Standard deviation [px], within about a fifth where the peaks can be seen.
    """
    spacing = spacing_of(positions, groups)
    highest = max(lowest, min(highest, WIDEST * spacing))
    cut, near = _middle(image, positions, margin=3 * highest)
    trials = np.geomspace(lowest, highest, TRIALS)
    misfits = np.log([max(_misfit(cut, near, width), np.finfo(np.float64).tiny) for width in trials])
    best = int(np.argmin(misfits))
    if not 0 < best < TRIALS - 1:
        return float(trials[best])
    before, least, after = misfits[best - 1 : best + 2]
    bend = before + after - 2 * least
    beside = 0.5 * (before - after) / bend if bend > 0 else 0.0
    return float(trials[best] * (trials[1] / trials[0]) ** beside)


def spacing_of(positions: Floats, groups: NDArray[np.intp]) -> float:
    """Return the median distance of nearest neighbours of one group; infinite where no group has two atoms."""
    members = [positions[groups == group] for group in np.unique(groups)]
    nearest = [KDTree(some).query(some, k=2)[0][:, 1] for some in members if len(some) > 1]
    return float(np.median(np.concatenate(nearest))) if nearest else np.inf


def _middle(image: Floats, positions: Floats, *, margin: float) -> tuple[Floats, Floats]:
    """Cut out the atoms in the middle; return the part (y, x) and all atoms that shine into it, by y."""
    distance = np.linalg.norm(positions - np.median(positions, axis=0), axis=1)
    chosen = positions[np.argsort(distance, kind="stable")[:SAMPLE]]
    limits = np.array(image.shape)
    first = np.clip(np.floor(chosen.min(axis=0) - margin), 0, limits - 2).astype(np.intp)
    last = np.clip(np.ceil(chosen.max(axis=0) + margin) + 1, first + 2, limits).astype(np.intp)
    seen = ((positions >= first - margin) & (positions < last + margin)).all(axis=1)
    atoms = positions[seen] - first
    part = image[first[0] : last[0], first[1] : last[1]]
    return np.ascontiguousarray(part), atoms[np.argsort(atoms[:, 0], kind="stable")]


def _misfit(image: Floats, positions: Floats, width: float) -> float:
    fit = JointFit(
        image,
        positions,
        np.zeros(len(positions), np.intp),
        width_px=width,
        shape="round",
        noise=NoiseKind(uniform=True),
        prior_px=None,
    )
    return fit.misfit_of_heights()
