"""Crystals made up at random, so that a network learns columns of any crystal and no crystal by heart."""

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from napari_strata.simulate.crystals import Crystal
from napari_strata.simulate.layers import shortest_distance

EDGES = (2.0, 7.0)
"""Shortest and longest edge of a cell [Å]; its logarithm is uniform, so small cells are not rare."""
ANGLES = (60.0, 120.0)
"""Angle between the edges of a cell without symmetry [degrees]."""
MOST_COLUMNS = 4
SINGLE = 0.5
"""Probability of one column per cell: where these are rare, a network puts faint columns into their hollows."""
APART = 1.2
"""No two columns are nearer than this [Å]."""
ATOMIC_NUMBERS = (5, 82)
LIGHTEST = 0.3
"""Least atomic number in a crystal, relative to its heaviest: a brightness of 0.13 with an exponent of 1.7."""
ALIKE = 0.4
"""Probability that a column is of the same element as the one before."""
_TRIES = 40


def draw_random_crystal(rng: np.random.Generator) -> Crystal:
    """Make up a crystal: a cell of any of the five plane lattices, with one to four columns of one atom each.

    Oblique, square, hexagonal, rectangular and rhombic cells are drawn equally often.

    Parameters
    ----------
    rng : Generator
        Source of every draw.
    """
    lattice = _draw_lattice(rng)
    count = 1 if rng.random() < SINGLE else int(rng.integers(2, MOST_COLUMNS + 1))
    basis = _draw_basis(lattice, count, rng)
    numbers = _draw_numbers(len(basis), rng)
    return Crystal(lattice, basis, tuple((chemical_symbols[number],) for number in numbers))


def _draw_lattice(rng: np.random.Generator) -> NDArray[np.float64]:
    a, b = np.exp(rng.uniform(np.log(EDGES[0]), np.log(EDGES[1]), 2))
    any_angle = rng.uniform(*ANGLES)
    cells = [(a, b, any_angle), (a, a, 90.0), (a, a, 120.0), (a, b, 90.0), (a, a, any_angle)]
    a, b, degrees = cells[rng.integers(len(cells))]
    angle = np.deg2rad(degrees)
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
