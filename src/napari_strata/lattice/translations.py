"""The unit cell of a cloud of atoms, found without knowing the crystal.

A vector that takes most atoms to where another atom is translates the lattice; one that takes only some of them
there leads from one site of the cell to another.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import LatticeError, TableError
from napari_strata.lattice.cells import (
    Family,
    Matrix,
    Positions,
    UnitCell,
    conventional,
    family_of,
    reduce_vectors,
    with_usual_origin,
)

if TYPE_CHECKING:
    from scipy.spatial import KDTree

LEAST_ATOMS = 12
"""Fewer atoms than that are no lattice."""
MOST_ATOMS = 5_000
"""Of more atoms, those nearest to the middle decide."""
REACH = 5.0
"""Vectors up to so many median nearest-neighbour distances long are compared."""
BIN = 0.06
"""Bin of the histogram of vectors, in nearest-neighbour distances; it is smoothed over `BLUR` bins."""
BLUR = 1.5
LEAST_DENSITY = 0.3
"""Peaks of the histogram below that part of the highest are not looked at; a distortion broadens some of them."""
TRANSLATION = 0.72
"""A vector translates the lattice if it takes at least so many times the atoms to like ones that the best vector
does; vectors between sites do for at most 2/3."""
CLOSE = 0.25
"""Atoms this close to a place in the lattice stand on it, in nearest-neighbour distances."""
LEAST_FIT = 0.5
"""Least part of the atoms that a translation takes to an atom."""
FOLD_CELLS = 4.5
"""Cells are laid over each other within so many lengths of the longer vector, to find sites."""
LEAST_OCCUPANCY = 0.4
"""Least part of the cells in which a site is occupied."""


def find_cell(
    positions: Positions, family: Family | None = None, *, kinds: NDArray[np.intp] | None = None
) -> UnitCell:
    """Find the primitive unit cell of a layer.

    Tolerates distortions of several percent, vacancies, and false atoms. Sites that are occupied in less than 40 %
    of the cells are not found.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        Atoms (y, x) [Å].
    family : Family, optional
        What the cell is without distortion; by default the most symmetric family that fits. Centred cells are not
        known: the primitive one of a centred rectangle is oblique.
    kinds : ndarray of int, shape (n,), optional
        What each atom is, any number for each kind: the lattice then takes like to like. Without it SrTiO3 seen
        along [001] has the lattice of its columns, whichever they are.

    Raises
    ------
    TableError
        If there are fewer than 12 atoms.
    LatticeError
        If no two vectors translate the atoms to each other.
    """
    if len(positions) < LEAST_ATOMS:
        raise TableError(
            f"{len(positions)} atoms are too few for a lattice.", remedy=f"It takes {LEAST_ATOMS} in a layer."
        )
    rows = _nearest_to_middle(positions, MOST_ATOMS)
    middle = positions[rows]
    spacing = nearest_distance(middle)
    vectors = _find_vectors(middle, spacing, np.zeros(len(rows), dtype=np.intp) if kinds is None else kinds[rows])
    family = family or family_of(vectors)
    vectors = conventional(vectors, family)
    return UnitCell(vectors, with_usual_origin(_find_sites(middle, vectors, spacing), family), family)


def nearest_distance(positions: Positions) -> float:
    """Return the median distance from an atom to the nearest other one [Å]."""
    from scipy.spatial import KDTree

    return float(np.median(KDTree(positions).query(positions, k=2)[0][:, 1]))


def _nearest_to_middle(positions: Positions, count: int) -> NDArray[np.intp]:
    distance = np.hypot(*(positions - np.median(positions, axis=0)).T)
    return np.argsort(distance, kind="stable")[:count]


def _find_vectors(positions: Positions, spacing: float, kinds: NDArray[np.intp]) -> Matrix:
    """Return two shortest translations."""
    candidates = _frequent_vectors(positions, spacing, kinds)
    for i, a in enumerate(candidates):
        for b in candidates[i + 1 :]:
            cross = abs(a[0] * b[1] - a[1] * b[0])
            if cross > 0.3 * np.linalg.norm(a) * np.linalg.norm(b):
                return reduce_vectors(np.stack([a, b]))
    raise LatticeError(
        "The atoms of the layer form no lattice.",
        remedy="Check the atoms: one crystal layer, one crystal, not too many false or missing atoms.",
    )


def _frequent_vectors(positions: Positions, spacing: float, kinds: NDArray[np.intp]) -> list[Positions]:
    """Return the vectors that translate the atoms, the shortest first; of v and -v one."""
    from scipy.ndimage import gaussian_filter, maximum_filter
    from scipy.spatial import KDTree

    tree = KDTree(positions)
    first, second = tree.query_pairs(REACH * spacing, output_type="ndarray").T
    alike = kinds[first] == kinds[second]
    between = positions[second[alike]] - positions[first[alike]]
    between = np.concatenate([between, -between])
    bins = 2 * round(REACH / BIN) + 1
    edge = bins * BIN * spacing / 2
    counts = np.histogram2d(between[:, 0], between[:, 1], bins=bins, range=[(-edge, edge)] * 2)[0]
    centres = (np.arange(bins) - bins // 2) * BIN * spacing
    extent = np.ptp(positions, axis=0)
    overlap = [np.clip(1 - np.abs(centres) / (size + spacing), 0.05, 1) for size in extent]
    density = gaussian_filter(counts, BLUR, mode="constant") / np.outer(*overlap)
    y, x = np.nonzero((density == maximum_filter(density, 7)) & (density > 0))
    found = [
        _centred(between, np.array([centres[i], centres[j]]), CLOSE * spacing)
        for i, j in zip(y, x, strict=True)
        if density[i, j] >= LEAST_DENSITY * density.max() and _comes_first(centres[i], centres[j])
    ]
    parts = [_parts_translated(tree, positions, kinds, v, CLOSE * spacing) for v in found]
    most = max((alike for _, alike in parts), default=0.0)
    fitting = [
        v
        for v, (any_, alike) in zip(found, parts, strict=True)
        if any_ >= LEAST_FIT and alike >= TRANSLATION * most
    ]
    return sorted(fitting, key=lambda v: float(np.linalg.norm(v)))


def _comes_first(y: float, x: float) -> bool:
    """Choose one of v and -v."""
    return x > 0 or (x == 0 and y > 0)


def _centred(between: Positions, start: Positions, radius: float) -> Positions:
    """Return the mean of the vectors that end near a place."""
    for _ in range(2):
        start = between[np.hypot(*(between - start).T) < radius].mean(axis=0)
    return start


def _parts_translated(
    tree: "KDTree", positions: Positions, kinds: NDArray[np.intp], vector: Positions, radius: float
) -> tuple[float, float]:
    """Return which part of the atoms a vector takes to any atom, and to a like one, unless it leads outside."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    ends = positions + vector
    inside = ((ends >= low) & (ends <= high)).all(axis=1)
    if not inside.any():
        return 0.0, 0.0
    distance, nearest = tree.query(ends[inside], distance_upper_bound=radius)
    found = np.isfinite(distance)
    alike = kinds[inside][found] == kinds[nearest[found]]
    return float(found.mean()), float(alike.sum() / len(found))


def _find_sites(positions: Positions, vectors: Matrix, spacing: float) -> Positions:
    """Return the sites of the cell in fractions, from the part of the image where the cells agree best."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    places = low + (high - low) * np.array([[0.5, 0.5], [0.3, 0.3], [0.3, 0.7], [0.7, 0.3], [0.7, 0.7]])
    found = [_sites_near(positions, place, vectors, CLOSE * spacing) for place in places]
    return max(found, key=lambda sites_and_part: sites_and_part[1])[0]


def _sites_near(positions: Positions, place: Positions, vectors: Matrix, radius: float) -> tuple[Positions, float]:
    """Lay the cells near a place over each other; return the sites and which part of the atoms stands on them."""
    reach = FOLD_CELLS * float(np.linalg.norm(vectors, axis=1).max())
    near = positions[np.hypot(*(positions - place).T) < reach]
    if not len(near):
        return np.zeros((1, 2)), 0.0
    fractions = near @ np.linalg.inv(vectors)
    apart = fractions[None] - fractions[:, None]
    apart -= np.rint(apart)
    together = np.hypot(*np.moveaxis(apart @ vectors, -1, 0)) < radius
    left = np.ones(len(near), dtype=bool)
    most = (together & left).sum(axis=1).max()
    sites: list[Positions] = []
    while left.any():
        counts = (together & left).sum(axis=1) * left
        best = int(counts.argmax())
        if counts[best] < LEAST_OCCUPANCY * most:
            break
        members = together[best] & left
        sites.append(fractions[best] + apart[best][members].mean(axis=0))
        left &= ~members
    return np.array(sites), 1 - left.mean()
