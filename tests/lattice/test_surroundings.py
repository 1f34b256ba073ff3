import numpy as np
import pytest

from lattices import HONEYCOMB, cell
from napari_strata.errors import LatticeError, TableError
from napari_strata.lattice.cells import UnitCell
from napari_strata.lattice.gridded import MOST_PIXELS, grid_map
from napari_strata.lattice.quantities import colour_limits
from napari_strata.lattice.shells import shell_distances, undistorted
from napari_strata.lattice.surroundings import local_fraction, near_pairs, nearest_distances

SQUARE = np.array([[y, x] for y in range(5) for x in range(5)], dtype=float)


def test_atoms_on_a_square_lattice_are_its_side_from_the_nearest() -> None:
    assert nearest_distances(2.5 * SQUARE) == pytest.approx(2.5)


def test_an_atom_alone_has_no_nearest_one() -> None:
    assert np.isnan(nearest_distances(SQUARE[:1])).tolist() == [True]
    assert nearest_distances(SQUARE[:0]).shape == (0,)


def test_one_of_nine_atoms_around_is_a_ninth() -> None:
    is_one = (SQUARE == 2).all(axis=1)
    parts = local_fraction(SQUARE, is_one, 1.5).reshape(5, 5)
    assert parts[1:4, 1:4] == pytest.approx(1 / 9)
    assert parts[0].tolist() == [0] * 5
    assert local_fraction(SQUARE[:0], is_one[:0], 1.5).shape == (0,)


def test_pairs_are_told_once_with_their_distances() -> None:
    pairs, distances = near_pairs(SQUARE, 1.5)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    # 2 * 4 * 5 sides and 2 * 4 * 4 diagonals
    assert [(distances < 1.1).sum(), (distances > 1.1).sum()] == [40, 32]
    assert distances[distances > 1.1] == pytest.approx(np.sqrt(2))


def test_graphene_shows_its_bond_and_its_lattice_constant() -> None:
    graphene = UnitCell(cell(2.46, angle=11), np.array(HONEYCOMB), "hexagonal")
    bond = 2.46 / np.sqrt(3)
    assert shell_distances(graphene, 3.0) == pytest.approx([bond, 2.46, 2 * bond])
    with pytest.raises(TableError, match="too long"):
        shell_distances(graphene, 1e4)


def test_the_undistorted_cell_has_the_same_area_and_ideal_sites() -> None:
    affine = np.array([[1.03, 0.01], [0.01, 1 / 1.03]])
    sites = np.array(HONEYCOMB) + np.array([[0, 0.01], [0, -0.01]])
    measured = UnitCell(cell(2.46, affine=affine), sites, "hexagonal")
    ideal = undistorted(measured)
    assert ideal.area == pytest.approx(measured.area)
    first, second = shell_distances(ideal, 2.6)
    assert second / first == pytest.approx(np.sqrt(3))
    oblique = UnitCell(cell(2.0, 3.0, 80), np.zeros((1, 2)), "oblique")
    assert undistorted(oblique) is oblique


def test_a_linear_function_is_drawn_exactly_between_atoms() -> None:
    places = 4 * SQUARE
    drawn = grid_map(places, 2 * places[:, 0] - places[:, 1], (20, 18))
    y, x = np.mgrid[:20, :18]
    inside = (y <= 16) & (x <= 16)
    assert (drawn.values.shape, drawn.step, drawn.offset) == ((20, 18), 1, 0)
    assert drawn.values[inside] == pytest.approx((2.0 * y - x)[inside], abs=1e-4)
    assert np.isnan(drawn.values[~inside]).all()


def test_holes_without_atoms_stay_empty() -> None:
    places = np.array([[4.0 * y, 4.0 * x] for y in range(12) for x in range(12) if not (3 < y < 9 and 3 < x < 9)])
    drawn = grid_map(places, np.ones(len(places)), (48, 48))
    assert np.isnan(drawn.values[24, 24])
    assert drawn.values[4, 4] == 1


def test_maps_of_large_images_have_larger_pixels_at_their_place() -> None:
    places = 100 * SQUARE * 5
    drawn = grid_map(places, places[:, 1], (2050, 2050))
    assert drawn.values.size <= 1.02 * MOST_PIXELS and drawn.step == 4
    assert drawn.values[10, 20] == pytest.approx(20 * 4 + 1.5)


def test_too_few_atoms_or_a_line_make_no_map() -> None:
    with pytest.raises(LatticeError, match="Only 3 atoms"):
        grid_map(SQUARE[:4], np.array([1, 2, 3, np.nan]), (8, 8))
    with pytest.raises(LatticeError, match="one line"):
        grid_map(SQUARE[:5], np.ones(5), (8, 8))


def test_limits_of_signed_values_lie_even_about_zero() -> None:
    values = np.array([-3.0, 1.0, 2.0, np.nan])
    low, high = colour_limits(values, "signed")
    assert (low, high) == (-3, 3)
    assert colour_limits(np.array([-0.0113]), "signed") == pytest.approx((-0.012, 0.012))
    assert colour_limits(np.array([7.1]), "signed") == (-10, 10)
    assert colour_limits(np.array([0.5]), "signed") == (-0.5, 0.5)
    assert colour_limits(np.zeros(3), "signed") == (-1, 1)
    assert colour_limits(np.array([np.nan]), "level") == (0, 1)
    assert colour_limits(np.full(5, 2.0), "level") == (1.5, 2.5)
