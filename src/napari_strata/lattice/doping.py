"""Which species of a layer are dopants, how frequent they are, and whether they cluster."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import TableError
from napari_strata.lattice.dopants import ClusterTest, Fraction, join_count, species_fractions
from napari_strata.lattice.fitted import FittedLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pandas import DataFrame

SAME_SITE = 1.1
"""Dopants up to so many lengths of the longer vector apart are neighbours: those on one sublattice are, too."""


@dataclass(frozen=True, slots=True)
class Dopants:
    """Atoms of one species among the others of their layer.

    Attributes
    ----------
    layer : int
        The layer.
    species : str
        The species.
    fraction : Fraction
        Its part of all atoms of the layer.
    is_usual : bool
        Whether it is the most frequent species of a site of the cell: no dopant, then, and not tested.
    test : ClusterTest or None
        Whether they cluster; None where that cannot be asked.
    """

    layer: int
    species: str
    fraction: Fraction
    is_usual: bool
    test: ClusterTest | None


def find_dopants(layers: "Sequence[FittedLayer]", atoms: "DataFrame", *, seed: int = 0) -> tuple[Dopants, ...]:
    """Describe all species but the most frequent one of each layer.

    Parameters
    ----------
    layers : sequence of FittedLayer
        The layers.
    atoms : DataFrame
        The atoms that were fitted, with their species.
    seed : int
        Decides how dopants are dealt out for the test.
    """
    found = []
    for layer in layers:
        species = atoms.loc[layer.rows, "species"].astype(str).to_numpy()
        usual = _usual_species(layer, species)
        for name, part in list(species_fractions(species).items())[1:]:
            test = None if name in usual else _test(layer, species == name, seed)
            found.append(Dopants(layer.layer, name, part, name in usual, test))
    return tuple(found)


def dopant_figures(dopant: Dopants) -> dict[str, Any]:
    """Return a species as plain numbers."""
    test, part = dopant.test, dopant.fraction
    return {
        "layer": dopant.layer,
        "species": dopant.species,
        "atoms": part.count,
        "fraction": part.value,
        "low": part.low,
        "high": part.high,
        "confidence": part.confidence,
        "is_usual": dopant.is_usual,
        "joins": None if test is None else test.joins,
        "joins_expected": None if test is None else test.expected,
        "p_value": None if test is None else test.p_value,
        "p_clustered": None if test is None else test.p_clustered,
        "p_dispersed": None if test is None else test.p_dispersed,
    }


def _usual_species(layer: FittedLayer, species: NDArray[np.object_]) -> set[str]:
    """Return the most frequent species of each site of the cell."""
    index, usual = layer.fit.index, set()
    for site in range(len(index.cell.sites)):
        names, counts = np.unique(species[index.site == site].astype(str), return_counts=True)
        if len(names):
            usual.add(str(names[counts.argmax()]))
    return usual


def _test(layer: FittedLayer, is_dopant: NDArray[np.bool_], seed: int) -> ClusterTest | None:
    """Test whether dopants cluster; None where they are too few, or without a place in the lattice."""
    try:
        test = join_count(layer.fit.index, is_dopant, neighbours=SAME_SITE * layer.longest, seed=seed)
    except TableError:
        return None
    return test if test.spread > 0 else None
