"""Whether atoms lie on a lattice at all, whatever lattice it may be."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.lattice.cells import Positions

NEAR, FAR = 24, 120
"""Atoms around an atom that are compared: enough for cells of up to six atoms; and where that finds no lattice,
for cells of up to some 20."""
SURE = 0.62
"""No larger cell is looked for where atoms are so regular."""
WAYS = 4
"""Steps of a lattice that must lead from atom to atom around it: two, to and fro."""
TOLERANCE = 0.25
"""A step leads to an atom within so many nearest-neighbour distances."""
MOST_LOOKED_AT, FEW_LOOKED_AT = 150, 24
"""Atoms that are looked at, evenly spread; 0.1 s together, of 3000 atoms, too, for each."""


def regularity(positions: Positions) -> float | None:
    """Tell which part of the atoms around a typical atom repeats by steps of a lattice.

    A step from an atom to one of its neighbours, taken from all its neighbours, ends on other atoms wherever there
    is a lattice, and by chance elsewhere. Of each atom the `WAYS` best steps of `NEAR` count, or of `FAR`, by the
    worst of them, so the lattice may change over the image.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Atoms (y, x) of one layer of one frame [Å].

    Returns
    -------
    float or None
        Median over atoms, 0 to 1; None of fewer than 25 atoms. It was 1.00 in a real bilayer and in simulated ones
        of 2 to 30 degrees; of 40 simulated images of the crystals that the bundled models know, 5 counts in the
        brightest pixel, strain, grain boundaries and vacancies among them, 0.54 in one and 0.62 or more in all
        others; in noise and blobs of 200 px and more 0.33 or less, but up to 0.53 in noise of 96 px, where atoms
        are few.
    """
    if len(positions) <= NEAR:
        return None
    found = _repeating(positions, NEAR, MOST_LOOKED_AT)
    if found < SURE and len(positions) > FAR:
        found = max(found, _repeating(positions, FAR, FEW_LOOKED_AT))
    return found


def _repeating(positions: Positions, near: int, most: int) -> float:
    """Return the median of at most so many atoms, `near` atoms around each being compared."""
    from scipy.spatial import KDTree

    tree = KDTree(positions)
    distances, nearest = tree.query(positions, k=near + 1)
    looked_at = _inner(positions, float(np.median(distances[:, -1])), most)
    around = positions[nearest[looked_at, 1:]]
    steps = around - positions[looked_at, None]
    ends = around[:, None] + steps[:, :, None]
    inside = ((ends >= positions.min(axis=0)) & (ends <= positions.max(axis=0))).all(axis=-1)
    reach = TOLERANCE * float(np.median(distances[:, 1]))
    leads = np.isfinite(tree.query(ends, distance_upper_bound=reach)[0]) & inside
    told = inside.sum(axis=2)
    parts = np.where(told >= near // 3, leads.sum(axis=2) / np.maximum(told, 1), 0.0)
    return float(np.median(np.sort(parts, axis=1)[:, -WAYS]))


def _inner(positions: Positions, margin: float, most: int) -> NDArray[np.intp]:
    """Return atoms that are far from the border, evenly spread over their table; of few atoms the innermost."""
    from_border = np.minimum(positions - positions.min(axis=0), positions.max(axis=0) - positions).min(axis=1)
    inner = np.flatnonzero(from_border > margin)
    if len(inner) < NEAR:
        inner = np.argsort(-from_border, kind="stable")[: max(NEAR, len(positions) // 4)]
    return inner[np.linspace(0, len(inner) - 1, min(most, len(inner))).astype(np.intp)]
