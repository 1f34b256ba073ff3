"""Layers that lie on the same atoms: one crystal layer that a model of several has told twice, perhaps."""

import itertools
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.lattice.cells import Positions
from napari_strata.lattice.surroundings import nearest_distances

if TYPE_CHECKING:
    from pandas import DataFrame

REACH = 0.3
"""Atoms of two layers coincide within so many nearest-neighbour distances."""
MOST = 0.8
"""Layers lie on the same atoms where at least this part of both coincides. Of twisted bilayers it is some 0.2, of
AB stacking 0.5; of one layer that a model of two layers has told twice it is 0.99, and of layers exactly on each
other, too. But where at least this part of the pairs is of two species, as in 2H stacking, there are two."""
GROWTH, BEYOND_SCATTER = 0.25, 2.0
"""Least standard deviation of steps between layers by their growth over the image, in units of that distance, and
of their scatter. Between the two tellings of one graphene layer by a model of two it was 0.11 and 0.9 at most."""
LEAST_ATOMS = 20


def coinciding_layers(atoms: "DataFrame") -> tuple[tuple[int, int], ...]:
    """Return the pairs of layers of one frame that lie on the same atoms.

    Parameters
    ----------
    atoms : DataFrame
        Columns layer, y_A, x_A, and species and flag where they are known.
    """
    layers = {int(number): rows for number, rows in atoms.groupby("layer") if len(rows) >= LEAST_ATOMS}
    pairs = itertools.combinations(layers, 2)
    return tuple((one, other) for one, other in pairs if _is_same(layers[one], layers[other]))


def _is_same(first: "DataFrame", second: "DataFrame") -> bool:
    from scipy.spatial import KDTree

    places = [rows[["y_A", "x_A"]].to_numpy(np.float64) for rows in (first, second)]
    reach = REACH * float(np.median(np.concatenate([nearest_distances(one) for one in places])))
    trees = [KDTree(one) for one in places]
    distances, nearest = trees[1].query(places[0])
    back, _ = trees[0].query(places[1])
    coincides = distances < reach
    if min(coincides.mean(), (back < reach).mean()) < MOST:
        return False
    if _drifts_apart(places[0][coincides], places[1][nearest[coincides]], GROWTH * reach):
        return False
    return not _is_of_two_species(first[coincides], second.iloc[nearest[coincides]])


def _drifts_apart(first: Positions, second: Positions, least: float) -> bool:
    """Tell whether the steps (y, x) from atom to atom, row by row, grow over the image far more than they scatter.

    Of one layer told twice they only scatter; of two that are turned by a degree they grow, in a small image to
    less than would part the atoms. Growth below `least` tells nothing.
    """
    steps = second - first
    places = np.column_stack([np.ones(len(first)), first - first.mean(axis=0)])
    fitted = places @ np.linalg.lstsq(places, steps, rcond=None)[0]
    growth, scatter = (fitted - steps.mean(axis=0)).std(), (steps - fitted).std()
    return bool(growth > max(BEYOND_SCATTER * scatter, least))


def _is_of_two_species(first: "DataFrame", second: "DataFrame") -> bool:
    """Tell whether most pairs of atoms, row by row, are of two species, those that are not sure left out."""
    if "species" not in first:
        return False
    sure = np.ones(len(first), dtype=bool)
    for rows in (first, second):
        if "flag" in rows:
            sure &= ["unsure" not in str(words).split() for words in rows["flag"]]
    unlike = first["species"].to_numpy(str) != second["species"].to_numpy(str)
    return bool(sure.mean() >= 1 - MOST and unlike[sure].mean() >= MOST)
