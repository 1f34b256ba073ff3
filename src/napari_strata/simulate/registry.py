"""Layers that lie as in a bulk crystal: turned by 0 or 60 degrees, columns over columns or over gaps."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_strata.simulate.crystals import Crystal
from napari_strata.simulate.draws import Look
from napari_strata.simulate.layers import rotation_matrix

SAME = 0.01
"""Edges and angles of a hexagonal cell are what they should be up to this part."""


def align(look: Look, crystals: Sequence[Crystal], rng: np.random.Generator) -> Look:
    """Lay each layer on the first one, without a twist.

    Parameters
    ----------
    look : Look
        How layers would lie.
    crystals : sequence of Crystal
        Crystal of each layer, from below.
    rng : Generator
        Draws which of the two turns and of the three places each layer takes.

    Returns
    -------
    Look
        As it was if a crystal is not hexagonal. Of two equal honeycombs 0 degrees are AA, AB or BA (as in 3R), 60
        degrees AA', AB' or BA' (as in 2H). Those of different size fit at the first one's origin only.
    """
    if not all(_is_hexagonal(crystal.lattice) for crystal in crystals):
        return look
    rotations, shifts = look.rotations.copy(), look.shifts.copy()
    third = _third(crystals[0].lattice)
    first = crystals[0].lattice @ rotation_matrix(float(rotations[0])).T
    for layer in range(1, len(crystals)):
        rotations[layer] = rotations[0] + 60 * rng.integers(2)
        place = (shifts[0] + rng.integers(3) * third) @ first
        shifts[layer] = place @ np.linalg.inv(crystals[layer].lattice @ rotation_matrix(float(rotations[layer])).T)
    return replace(look, rotations=rotations, shifts=shifts)


def _is_hexagonal(lattice: NDArray[np.float64]) -> bool:
    a, b = np.linalg.norm(lattice, axis=1)
    return bool(abs(a / b - 1) < SAME and abs(abs(lattice[0] @ lattice[1]) / (a * b) - 0.5) < SAME)


def _third(lattice: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a place of threefold symmetry in fractions of a hexagonal cell of 60 or 120 degrees."""
    return np.array([1 / 3, 1 / 3 if lattice[0] @ lattice[1] > 0 else 2 / 3])
