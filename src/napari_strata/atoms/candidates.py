"""Atoms that the lattice misses, and atoms that it does not expect.

A crystal is the same one lattice vector farther on, whatever its basis. So every atom speaks for six places: at
the two shortest lattice vectors, their sum or difference, and the opposite of these. A place for which most of
its six neighbours speak and where no atom lies is called missing; an atom for which few speak is called extra.
Only the vectors are taken from the whole layer: what smooth distortion does over one cell is less than the
tolerance. Places so near the border that the atom may lie outside are not proposed.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from napari_strata.atoms.peaks import find_peaks

if TYPE_CHECKING:
    from pandas import DataFrame

KINDS = ("missing", "extra", "empty")
"""The last one is that of `napari_strata.atoms.empty`."""
COLUMNS = ("frame", "layer", "kind", "species", "y_px", "x_px", "score", "reason")
"""Columns of a table of candidates; the species is that of the atoms that speak for a missing one."""

TOLERANCE = 0.3
"""How far from its place an atom may lie, in nearest-neighbour distances."""
FILLED = 0.45
"""An atom within this distance fills a place, displaced as it may be: it is not missing, nor is that one extra."""
REACH = 4.5
"""Lattice vectors are sought up to this length, in nearest-neighbour distances."""
BIN = 0.1
"""Resolution of the map of distance vectors, in nearest-neighbour distances."""
ENOUGH = 30
"""With fewer atoms there is no lattice to speak of."""
SAMPLE = 2000
"""So many atoms tell the lattice vectors."""
COMMON = 0.8
"""A lattice vector leads from so many atoms to another one, in units of the most common vector's."""
ORDERED = 0.5
"""Where the most common vector leads from fewer atoms to another one, there is no lattice."""
STEEP = 0.4
"""Least sine of the angle between the two shortest lattice vectors."""
SPEAKERS = 3
"""Least number of places around, inside the image, that can speak for one."""
MOST, FEW = 0.6, 0.35
"""Part of those places from which a place without an atom is missing one, and up to which an atom is extra."""


def find_candidates(atoms: "DataFrame", shape: tuple[int, int]) -> "DataFrame":
    """Propose missing and extra atoms in every frame and layer.

    Parameters
    ----------
    atoms : DataFrame
        Columns frame, layer, species, y_px, x_px.
    shape : tuple of int
        Height and width of the image [px]; nothing is proposed outside.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`. The score is the part of the places around that speak for a missing atom, or do not
        speak for an extra one, 0 to 1; highest first in each layer. Layers without a lattice have none.
    """
    import pandas as pd

    tables = [
        _in_layer(rows, shape).assign(frame=frame, layer=layer)
        for (frame, layer), rows in atoms.groupby(["frame", "layer"])
    ]
    table = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))
    return table[list(COLUMNS)].astype({"kind": str, "species": str, "reason": str})


def lattice_vectors(positions: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the two shortest lattice vectors of one layer, or None where it has no lattice.

    Parameters
    ----------
    positions : ndarray of float64, shape (atom, 2)
        Positions as (y, x).

    Returns
    -------
    ndarray of float64, shape (2, 2), or None
        Vectors as rows, in the unit of `positions`, the shorter one first.
    """
    found = common_vectors(positions)
    return None if found is None else shortest_pair(found[0])


def shortest_pair(vectors: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the first of vectors (vector, 2), shortest first, and the next that is not along it, if there are."""
    for second in vectors[1:]:
        sine = abs(vectors[0, 0] * second[1] - vectors[0, 1] * second[0])
        if sine > STEEP * np.linalg.norm(vectors[0]) * np.linalg.norm(second):
            shortest: NDArray[np.float64] = np.stack([vectors[0], second])
            return shortest
    return None


def common_vectors(positions: NDArray[np.float64]) -> tuple[NDArray[np.float64], float] | None:
    """Return vectors (vector, 2) that lead from nearly every atom to another, and the distance of nearest atoms.

    The shortest come first; None where atoms are too few.
    """
    if len(positions) < ENOUGH:
        return None
    tree = KDTree(positions)
    nearest = float(np.median(tree.query(positions, k=2)[0][:, 1]))
    if nearest <= 0:
        return None
    middle = positions[np.argsort(np.linalg.norm(positions - np.median(positions, axis=0), axis=1))[:SAMPLE]]
    return _common_vectors(middle, tree, nearest), nearest


def _common_vectors(middle: NDArray[np.float64], tree: KDTree, nearest: float) -> NDArray[np.float64]:
    """Return vectors that lead from nearly every atom to another one, the shortest first."""
    half = round(REACH / BIN)
    neighbours = tree.query_ball_point(middle, REACH * nearest)
    steps = np.concatenate([tree.data[near] - here for here, near in zip(middle, neighbours, strict=True)])
    edges = (np.arange(2 * half + 2) - half - 0.5) * BIN * nearest
    counts = np.histogram2d(steps[:, 0], steps[:, 1], bins=(edges, edges))[0]
    blurred = ndimage.gaussian_filter(counts, TOLERANCE / 3 / BIN)
    peaks = find_peaks(
        (blurred / blurred.max()).astype(np.float32), min_distance=0.7 / BIN, min_probability=0.02, pixel_size=1.0
    )
    peaks = (peaks - half) * BIN * nearest
    lengths = np.linalg.norm(peaks, axis=1)
    peaks = peaks[(lengths > 0.7 * nearest) & (lengths < (REACH - TOLERANCE) * nearest)]
    low, high = tree.mins, tree.maxes
    hits = np.zeros(len(peaks))
    for index, peak in enumerate(peaks):
        ends = middle + peak
        ends = ends[((ends >= low) & (ends <= high)).all(axis=1)]
        reached = tree.query(ends, distance_upper_bound=TOLERANCE * nearest)[0]
        hits[index] = np.isfinite(reached).mean() if len(ends) >= ENOUGH // 2 else 0.0
    if not len(hits) or hits.max() < ORDERED:
        return np.empty((0, 2))
    common = peaks[hits >= COMMON * hits.max()]
    shortest_first: NDArray[np.float64] = common[np.argsort(np.linalg.norm(common, axis=1), kind="stable")]
    return shortest_first


def _in_layer(atoms: "DataFrame", shape: tuple[int, int]) -> "DataFrame":
    import pandas as pd

    positions, species = atoms[["y_px", "x_px"]].to_numpy(np.float64), atoms["species"].to_numpy(object)
    vectors = lattice_vectors(positions)
    if vectors is None:
        return pd.DataFrame(columns=list(COLUMNS))
    tree = KDTree(positions)
    nearest = float(np.median(tree.query(positions, k=2)[0][:, 1]))
    steps = steps_around(vectors)
    extra = _extra(positions, tree, steps, FILLED * nearest, shape)
    missing, speakers, score = _missing(positions, tree, steps, nearest, shape)
    is_extra = extra > 0
    table = pd.DataFrame(
        {
            "kind": ["missing"] * len(missing) + ["extra"] * int(is_extra.sum()),
            "species": [*(_commonest(species[one]) for one in speakers), *species[is_extra]],
            "y_px": np.concatenate([missing[:, 0], positions[is_extra, 0]]),
            "x_px": np.concatenate([missing[:, 1], positions[is_extra, 1]]),
            "score": np.concatenate([score, extra[is_extra]]),
            "reason": [
                *(f"{100 * part:.0f} % of the places around speak for an atom here" for part in score),
                *(f"{100 * part:.0f} % of the places around speak against it" for part in extra[is_extra]),
            ],
        }
    )
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def steps_around(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the six shortest steps of a lattice, shape (6, 2)."""
    first, second = vectors
    third = min(first + second, first - second, key=lambda vector: float(np.linalg.norm(vector)))
    return np.stack([first, second, third, -first, -second, -third])


def _inside(places: NDArray[np.float64], shape: tuple[int, int], margin: float = 0.0) -> NDArray[np.bool_]:
    """Tell which places (..., 2) lie at least a margin inside an image [px]."""
    least, most = margin - 0.5, np.array(shape) - 0.5 - margin
    inside: NDArray[np.bool_] = np.all((places >= least) & (places < most), axis=-1)
    return inside


def _extra(
    positions: NDArray[np.float64],
    tree: KDTree,
    steps: NDArray[np.float64],
    reach: float,
    shape: tuple[int, int],
) -> NDArray[np.float64]:
    """Return the score of every atom as an extra one, 0 for those that belong to the lattice."""
    places = positions[:, None] + steps
    inside = _inside(places, shape)
    found = np.isfinite(tree.query(places, distance_upper_bound=reach)[0]) & inside
    part = found.sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    is_lonely = (part <= FEW) & (inside.sum(axis=1) >= SPEAKERS)
    # Where most neighbours are lonely, too, there is another crystal or none, and nobody knows what belongs there.
    neighbours = tree.query(positions, k=min(7, len(positions)))[1][:, 1:]
    is_lonely &= is_lonely[neighbours].mean(axis=1) < 0.5
    return np.where(is_lonely, 1 - part, 0.0)


def _missing(
    positions: NDArray[np.float64],
    tree: KDTree,
    steps: NDArray[np.float64],
    nearest: float,
    shape: tuple[int, int],
) -> tuple[NDArray[np.float64], list[NDArray[np.intp]], NDArray[np.float64]]:
    """Return places without an atom (place, 2), the atoms that speak for each, and the scores."""
    places = (positions[:, None] + steps).reshape(-1, 2)
    speaker = np.repeat(np.arange(len(positions)), len(steps))
    is_free = _inside(places, shape) & ~np.isfinite(tree.query(places, distance_upper_bound=FILLED * nearest)[0])
    places, speaker = places[is_free], speaker[is_free]
    reach = TOLERANCE * nearest
    groups = _grouped(places, reach)
    found, speakers, scores = [], [], []
    for group in groups:
        place = places[group].mean(axis=0)
        possible = int(_inside(place + steps, shape).sum())
        score = len(np.unique(speaker[group])) / max(possible, 1)
        if (
            _inside(place, shape, margin=reach)
            and possible >= SPEAKERS
            and len(group) >= SPEAKERS
            and score >= MOST
        ):
            found.append(place)
            speakers.append(speaker[group])
            scores.append(min(score, 1.0))
    return np.array(found).reshape(-1, 2), speakers, np.array(scores)


def _grouped(places: NDArray[np.float64], reach: float) -> list[NDArray[np.intp]]:
    """Return the indices of places that lie together; each belongs to one group, the largest groups first."""
    if not len(places):
        return []
    together = KDTree(places).query_ball_point(places, reach)
    taken, groups = np.zeros(len(places), bool), []
    for index in np.argsort([-len(near) for near in together], kind="stable"):
        near = np.array([one for one in together[index] if not taken[one]], np.intp)
        if not taken[index] and len(near):
            taken[near] = True
            groups.append(near)
    return groups


def _commonest(names: NDArray[np.object_]) -> str:
    values, counts = np.unique(names.astype(str), return_counts=True)
    return str(values[counts.argmax()])
