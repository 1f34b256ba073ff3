"""Atoms on another lattice than that of the crystals that a model learned from."""

import contextlib
import re
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.config import ModelCard
from napari_strata.numbers import listed, plain

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.lattice.cells import Matrix

WIDTH = 0.12
"""Part by which the size of a lattice may differ from a known one."""
FILLED = 3
"""A honeycomb whose hexagons are taken for atoms, too, has a cell of so many times less area."""

LEAST_ATOMS, LEAST_REGULAR = 60, 0.62
"""Of fewer atoms in a layer, or less regular ones (see `napari_strata.lattice.regularity`), cells may be wrong."""


def doubt_of_crystal(atoms: "DataFrame", card: ModelCard) -> str:
    """Say on which lattice the atoms of an image lie, if none of its layers has that of a crystal the model knows.

    Parameters
    ----------
    atoms : DataFrame
        Located atoms of one image, columns frame, layer, y_A and x_A; the frame with most is looked at.
    card : ModelCard
        The model that located them. Only honeycombs of the simulator's table are known by name.

    Returns
    -------
    str
        Empty where there is nothing to say.
    """
    known = known_honeycombs(card)
    if not known or atoms.empty:
        return ""
    frame = atoms["frame"].mode()[0]
    cells = _cells(atoms[atoms["frame"] == frame])
    if not cells or any(_is_of(cell, constant) for cell in cells for constant in known.values()):
        return ""
    learned = listed([f"{name} ({plain(constant, 3)} Å)" for name, constant in known.items()])
    return (
        f"the atoms lie on {_in_words(cells[0])}, and the model {card.name} learned from hexagonal ones:"
        f" {learned}."
    )


def known_honeycombs(card: ModelCard) -> dict[str, float]:
    """Return the lattice constants [Å] of the crystals that a card names; none unless all are honeycombs.

    Cards of models that learned from simulated crystals begin with their names, up to a semicolon.
    """
    from napari_strata.simulate.crystals import CRYSTALS

    said = card.learned_from
    words = set(re.findall(r"[\w-]+", said)) if said.startswith("simulated ") else set()
    named = {str(name): crystal for name, crystal in CRYSTALS.items() if name in words}
    if any(len(crystal.basis) != 2 or not _is_hexagonal(crystal.lattice) for crystal in named.values()):
        return {}
    return {name: float(np.linalg.norm(crystal.lattice[0])) for name, crystal in named.items()}


def _cells(atoms: "DataFrame") -> "list[Matrix]":
    """Return a and b of the layers that surely have a lattice, the one with most atoms first."""
    from napari_strata.errors import LatticeError
    from napari_strata.lattice.regularity import regularity
    from napari_strata.lattice.translations import find_cell

    layers = [rows[["y_A", "x_A"]].to_numpy(np.float64) for _, rows in atoms.groupby("layer")]
    found = []
    for places in sorted(layers, key=len, reverse=True):
        if len(places) >= LEAST_ATOMS and (regularity(places) or 0.0) >= LEAST_REGULAR:
            with contextlib.suppress(LatticeError):
                found.append(find_cell(places).vectors)
    return found


def _is_hexagonal(vectors: "Matrix") -> bool:
    from napari_strata.lattice.cells import family_of

    return family_of(vectors) == "hexagonal"


def _is_of(vectors: "Matrix", constant: float) -> bool:
    area = abs(float(np.linalg.det(vectors))) / (constant**2 * np.sqrt(0.75))
    return _is_hexagonal(vectors) and any(abs((area * by) ** 0.5 - 1) < WIDTH for by in (1, FILLED))


def _in_words(vectors: "Matrix") -> str:
    from napari_strata.lattice.cells import IDEAL, family_of, reduce_vectors

    family, lengths = family_of(vectors), np.linalg.norm(reduce_vectors(vectors), axis=1)
    size = (
        plain(float(lengths.mean()), 3) if family in IDEAL else " x ".join(plain(float(one), 3) for one in lengths)
    )
    return f"a{'n' if family == 'oblique' else ''} {family} lattice of {size} Å"
