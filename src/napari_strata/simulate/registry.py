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
    thirds = [_third(crystal.lattice) for crystal in crystals]
    if any(third is None for third in thirds):
        return look
    rotations, shifts = look.rotations.copy(), look.shifts.copy()
    first = crystals[0].lattice @ rotation_matrix(float(rotations[0])).T
    for layer in range(1, len(crystals)):
        rotations[layer] = rotations[0] + 60 * rng.integers(2)
        place = (shifts[0] + rng.integers(3) * thirds[0]) @ first
        shifts[layer] = place @ np.linalg.inv(crystals[layer].lattice @ rotation_matrix(float(rotations[layer])).T)
    return replace(look, rotations=rotations, shifts=shifts)


def _third(lattice: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return a place of threefold symmetry in fractions of a hexagonal cell; None of any other cell."""
    a, b = np.linalg.norm(lattice, axis=1)
    cosine = float(lattice[0] @ lattice[1] / (a * b))
    if abs(a / b - 1) > SAME or abs(abs(cosine) - 0.5) > SAME:
        return None
    return np.array([1 / 3, 1 / 3 if cosine > 0 else 2 / 3])
