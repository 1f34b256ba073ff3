"""The lattices that were fitted last to the atoms of a Points layer, so that docks do not fit them again."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari.layers import Points
    from pandas import DataFrame

    from napari_strata.lattice.cells import Family
    from napari_strata.lattice.fitted import FittedLayers

MEMORY = "napari_strata_lattices"
"""Key in the metadata of a layer of located atoms."""
_DECISIVE = ("layer", "species", "y_A", "x_A", "sigma_y", "sigma_x")
"""Columns that decide the lattices."""


@dataclass(frozen=True, slots=True, eq=False)
class FitMemory:
    """Lattices, and what they were fitted to.

    Attributes
    ----------
    atoms : DataFrame
        The atoms.
    family : Family or None
        What the cells were said to be.
    fitted : FittedLayers
        Their lattices.
    """

    atoms: "DataFrame"
    family: "Family | None"
    fitted: "FittedLayers"


def remember_fit(points: "Points", memory: FitMemory) -> None:
    """Keep lattices with the layer of their atoms, and let all docks know by its event ``metadata``."""
    points.metadata = {**points.metadata, MEMORY: memory}


def fit_memory_of(points: "Points") -> FitMemory | None:
    """Return the lattices that were fitted last, whether or not the atoms are still the same."""
    memory: FitMemory | None = points.metadata.get(MEMORY)
    return memory


def recall_fit(points: "Points", atoms: "DataFrame") -> FitMemory | None:
    """Return the lattices that were fitted last, if it was to these atoms."""
    memory = fit_memory_of(points)
    return memory if memory is not None and same_atoms(memory.atoms, atoms) else None


def same_atoms(first: "DataFrame", second: "DataFrame") -> bool:
    """Tell whether two tables of atoms have the same lattices: places, layers, species and uncertainties."""
    return all(
        (name in first) == (name in second) and (name not in first or first[name].equals(second[name]))
        for name in _DECISIVE
    )
