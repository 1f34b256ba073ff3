"""Scores of atoms found against true ones, with one layer permutation per image."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import CalibrationError, ConfigError
from napari_strata.evaluate.counts import Counts

if TYPE_CHECKING:
    from pandas import DataFrame

Positions = NDArray[np.float64]
Pairs = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class AtomScore:
    """Atoms of one layer of one image.

    Attributes
    ----------
    image, frame : str, int
        The image.
    layer, found_layer : int or None
        Layer of the truth, and the layer of the atoms found that is compared with it; None on the side that has
        no layer left.
    counts : Counts
        Atoms, whatever their species.
    species : mapping of str to Counts
        Atoms of each species; a pair is a hit only where both sides name it.
    distances : tuple of float
        Distance of each pair [Å].
    """

    image: str
    frame: int
    layer: int | None
    found_layer: int | None
    counts: Counts
    species: dict[str, Counts]
    distances: tuple[float, ...]


def match_atoms(found: Positions, truth: Positions, tolerance: float) -> Pairs:
    """Pair atoms found with true ones, each at most once.

    The pairing is optimal: as many pairs as the tolerance allows, and of those pairings the one with the least
    sum of distances. A greedy choice (nearest first) can take the partner that another atom needed and so
    depends on a hair's breadth where atoms are dense. Only pairs within the tolerance are stored, so tens of
    thousands of atoms need no full distance matrix. Each atom found may also stay alone, at a price above
    all that pairing could save; that makes a full matching of a sparse graph out of a partial one.

    Parameters
    ----------
    found, truth : ndarray of float64, shape (n, 2) and (m, 2)
        Positions [Å].
    tolerance : float
        Largest distance of a pair [Å].

    Returns
    -------
    found_indices, truth_indices : ndarray of int, shape (pairs,)
        Who is paired with whom.
    distances : ndarray of float64, shape (pairs,)
        Distance of each pair [Å].
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching
    from scipy.spatial import cKDTree

    count, nothing = len(found), np.zeros(0, dtype=np.intp)
    if not count or not len(truth):
        return nothing, nothing, np.zeros(0)
    near = cKDTree(found).sparse_distance_matrix(cKDTree(truth), tolerance, output_type="coo_matrix")
    alone = np.arange(count)
    rows = np.concatenate([near.row, alone])
    columns = np.concatenate([near.col, len(truth) + alone])
    # 1 is added because a sparse graph takes a weight of 0 for no edge
    weights = np.concatenate([near.data / tolerance + 1, np.full(count, 2.0 * count + 2)])
    graph = coo_array((weights, (rows, columns)), shape=(count, len(truth) + count)).tocsr()
    found_indices, truth_indices = min_weight_full_bipartite_matching(graph)
    paired = truth_indices < len(truth)
    i, j = found_indices[paired], truth_indices[paired]
    return i, j, np.hypot(*(found[i] - truth[j]).T)


def score_atoms(found: "DataFrame", truth: "DataFrame", tolerance: float) -> tuple[AtomScore, ...]:
    """Compare two atom tables image by image.

    The order of layers has no meaning. Each (image, frame) takes the one assignment of layers with the most
    pairs, and among equals the one with the least sum of squared distances.

    Parameters
    ----------
    found, truth : DataFrame
        Atom tables with positions in Å. Images that the truth does not know are left out, unless it knows
        none; every frame of an image that it does know counts.
    tolerance : float
        Largest distance of a pair [Å].

    Returns
    -------
    tuple of AtomScore
        One for each image and layer.

    Raises
    ------
    CalibrationError
        If an atom has a position in px only.
    ConfigError
        If the tolerance is not positive and finite.
    """
    if not (math.isfinite(tolerance) and tolerance > 0):
        raise ConfigError(f"The tolerance {tolerance:g} Å is not positive.", remedy="Give a length in Å.")
    if len(truth):
        found = found[found["image"].isin(truth["image"])]
    for table, whose in ((found, "atoms found"), (truth, "true atoms")):
        if table[["y_A", "x_A"]].isna().any(axis=None):
            raise CalibrationError(
                f"Some of the {whose} have positions in px only.",
                remedy="State the pixel size when atoms are located, and write y_A and x_A into the table.",
            )
    keys = sorted({*_keys(found), *_keys(truth)})
    return tuple(
        score
        for image, frame in keys
        for score in _score_image(
            image, frame, _layers(found, image, frame), _layers(truth, image, frame), tolerance
        )
    )


def pooled_scores(scores: Sequence[AtomScore]) -> dict[str, float]:
    """Return precision, recall, F1 and rmse_A over all atoms of all images.

    ``rmse_A`` is the root mean square distance of the pairs [Å]. A score without any atom is NaN.
    """
    counts = sum((score.counts for score in scores), Counts())
    squares = [d * d for score in scores for d in score.distances]
    rmse = math.sqrt(math.fsum(squares) / len(squares)) if squares else math.nan
    return {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1, "rmse_A": rmse}


def species_scores(scores: Sequence[AtomScore]) -> dict[str, dict[str, float]]:
    """Return precision, recall and F1 of every species over all images."""
    names = sorted({name for score in scores for name in score.species})
    pooled = {name: sum((score.species.get(name, Counts()) for score in scores), Counts()) for name in names}
    return {name: {"precision": c.precision, "recall": c.recall, "f1": c.f1} for name, c in pooled.items()}


def _keys(table: "DataFrame") -> set[tuple[str, int]]:
    return set(zip(table["image"], (int(frame) for frame in table["frame"]), strict=True))


@dataclass(frozen=True, slots=True)
class _Layer:
    """Atoms of one layer; an empty one without an index stands in where one side has fewer layers."""

    index: int | None
    positions: Positions
    species: NDArray[np.str_]


_NO_LAYER = _Layer(None, np.zeros((0, 2)), np.zeros(0, dtype=np.str_))


def _layers(table: "DataFrame", image: str, frame: int) -> list[_Layer]:
    atoms = table[(table["image"] == image) & (table["frame"] == frame)]
    return [
        _Layer(int(index), rows[["y_A", "x_A"]].to_numpy(np.float64), rows["species"].to_numpy(np.str_))
        for index, rows in atoms.groupby("layer")
    ]


def _score_image(
    image: str, frame: int, found: list[_Layer], truth: list[_Layer], tolerance: float
) -> list[AtomScore]:
    from scipy.optimize import linear_sum_assignment

    size = max(len(found), len(truth))
    found, truth = (layers + [_NO_LAYER] * (size - len(layers)) for layers in (found, truth))
    pairs = [[match_atoms(f.positions, t.positions, tolerance) for f in found] for t in truth]
    # the squares add up to less than 1, so they decide among equal numbers of pairs only
    unit = tolerance**2 * (1 + sum(len(layer.positions) for layer in truth))
    value = [[len(distances) - np.sum(distances**2) / unit for *_, distances in row] for row in pairs]
    assignment = zip(*linear_sum_assignment(np.array(value), maximize=True), strict=True)
    return [_score_layer(image, frame, found[j], truth[i], pairs[i][j]) for i, j in assignment]


def _score_layer(image: str, frame: int, found: _Layer, truth: _Layer, pairs: Pairs) -> AtomScore:
    i, j, distances = pairs
    right = found.species[i][found.species[i] == truth.species[j]]
    species = {
        str(name): _counts(np.sum(right == name), np.sum(found.species == name), np.sum(truth.species == name))
        for name in np.union1d(found.species, truth.species)
    }
    counts = _counts(len(distances), len(found.species), len(truth.species))
    return AtomScore(image, frame, truth.index, found.index, counts, species, tuple(distances.tolist()))


def _counts(hits: int, found: int, true: int) -> Counts:
    return Counts(int(hits), int(found - hits), int(true - hits))
