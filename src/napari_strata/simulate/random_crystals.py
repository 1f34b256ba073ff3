"""Crystals made up at random, so that a network learns columns of any crystal and no crystal by heart."""

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from napari_strata.simulate.crystals import Crystal
from napari_strata.simulate.layers import shortest_distance

EDGES = (2.0, 7.0)
"""Shortest and longest edge of a cell [Å]."""
ANGLES = (60.0, 120.0)
"""Angle between the edges [degrees]."""
MOST_COLUMNS = 4
APART = 1.2
"""No two columns are nearer than this [Å]."""
ATOMIC_NUMBERS = (5, 82)
LIGHTEST = 0.3
"""Least atomic number in a crystal, relative to its heaviest: a brightness of 0.13 with an exponent of 1.7."""
ALIKE = 0.4
"""Probability that a column is of the same element as the one before."""
_TRIES = 40


def draw_random_crystal(rng: np.random.Generator) -> Crystal:
    """Make up a crystal: an oblique cell with one to four columns of one atom each.

    Parameters
    ----------
    rng : Generator
        Source of every draw.
    """
    lattice = _draw_lattice(rng)
    basis = _draw_basis(lattice, int(rng.integers(1, MOST_COLUMNS + 1)), rng)
    numbers = _draw_numbers(len(basis), rng)
    return Crystal(lattice, basis, tuple((chemical_symbols[number],) for number in numbers))


def _draw_lattice(rng: np.random.Generator) -> NDArray[np.float64]:
    a, b = rng.uniform(*EDGES, 2)
    angle = np.deg2rad(rng.uniform(*ANGLES))
    return np.array([[0.0, a], [b * np.sin(angle), b * np.cos(angle)]])


def _draw_basis(lattice: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return places of columns in fractions of the lattice vectors; fewer, where no more find room."""
    basis = np.zeros((1, 2))
    for place in rng.random((_TRIES, 2)):
        tried = np.concatenate([basis, place[None]])
        if len(basis) < count and shortest_distance(Crystal(lattice, tried, ())) >= APART:
            basis = tried
    return basis


def _draw_numbers(count: int, rng: np.random.Generator) -> list[int]:
    """Return an atomic number for each column; the first one is the heaviest."""
    least, most = ATOMIC_NUMBERS
    heaviest = int(rng.integers(2 * least, most + 1))
    numbers = [heaviest]
    while len(numbers) < count:
        another = int(rng.integers(max(least, int(np.ceil(LIGHTEST * heaviest))), heaviest + 1))
        numbers.append(numbers[-1] if rng.random() < ALIKE else another)
    return numbers
