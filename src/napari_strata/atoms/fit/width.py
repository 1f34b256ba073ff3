"""How wide the peaks of an image are, roughly."""

import numpy as np

from napari_strata.atoms.fit.joint import JointFit
from napari_strata.atoms.fit.noise import NoiseKind
from napari_strata.atoms.fit.squares import Floats

SAMPLE = 300
"""Atoms that are looked at, those nearest to the middle of all."""
TRIALS = 9


def guess_width(image: Floats, positions: Floats, lowest: float, highest: float) -> float:
    """Guess the standard deviation of round peaks at known positions.

    Heights and background are fitted with peaks of each of a few widths; what leaves least counts.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        Intensities.
    positions : ndarray, shape (atom, 2)
        Where the peaks are, at least one, (y, x) [px].
    lowest, highest : float
        Between which widths to look [px].

    Returns
    -------
    float
        Standard deviation [px], within about a sixth where the peaks can be seen.
    """
    reach = int(np.ceil(6 * highest))
    distance = np.linalg.norm(positions - np.median(positions, axis=0), axis=1)
    near = positions[np.argsort(distance, kind="stable")[:SAMPLE]]
    first = np.maximum(np.floor(near.min(axis=0)).astype(np.intp) - reach, 0)
    last = np.ceil(near.max(axis=0)).astype(np.intp) + reach + 1
    cut = np.ascontiguousarray(image[first[0] : last[0], first[1] : last[1]])
    inside = ((positions >= first) & (positions < last)).all(axis=1)
    atoms = positions[inside] - first
    atoms = atoms[np.argsort(atoms[:, 0], kind="stable")]
    widths = np.geomspace(lowest, highest, TRIALS) if highest > lowest else np.array([lowest])
    return float(widths[np.argmin([_misfit(cut, atoms, width) for width in widths])])


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
