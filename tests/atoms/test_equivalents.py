import numpy as np
import pytest

from honeycomb import BOND, honeycomb, square
from napari_strata.atoms.equivalents import equivalents

SIDE = 2.0
EXTENT = 24.0


def lengths(positions, alike):
    """Return the distances of all atoms from those that are alike [Å]."""
    steps = positions[alike] - positions[:, None]
    return np.hypot(*np.moveaxis(steps, -1, 0))[alike >= 0]


def test_in_a_honeycomb_the_six_second_neighbours_are_alike():
    positions = honeycomb(EXTENT, angle=7.0, jitter=0.02)
    alike = equivalents(positions, np.ones(len(positions)))
    assert alike.shape == (len(positions), 6)
    assert lengths(positions, alike) == pytest.approx(np.sqrt(3) * BOND, abs=0.15)
    inner = (np.abs(positions - EXTENT / 2) < EXTENT / 2 - 3).all(axis=1)
    assert (alike[inner] >= 0).all()


@pytest.mark.parametrize(("faint", "nearest"), [(1.0, SIDE), (0.3, 2**0.5 * SIDE)])
def test_positions_of_one_lattice_with_columns_of_two_kinds_have_the_cell_of_both(faint, nearest):
    """Of a chessboard the diagonal leads to the next column of the same color, the side to one of the other."""
    positions = square(EXTENT, side=SIDE)
    orders = np.rint((positions - EXTENT / 2) / SIDE).astype(int)
    heights = np.where(orders.sum(axis=1) % 2, faint, 1.0)
    assert lengths(positions, equivalents(positions, heights)).min() == pytest.approx(nearest)


def test_a_few_vacancies_do_not_change_what_is_alike():
    positions = square(EXTENT, side=SIDE)
    heights = np.ones(len(positions))
    heights[np.random.default_rng(2).choice(len(heights), 3, replace=False)] = 0.0
    assert lengths(positions, equivalents(positions, heights)).min() == pytest.approx(SIDE)


def test_atoms_at_random_are_not_alike():
    positions = np.random.default_rng(1).uniform(0, 60, (150, 2))
    assert equivalents(positions, np.ones(150)) is None
    assert equivalents(positions[:10], np.ones(10)) is None
