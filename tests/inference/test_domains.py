import numpy as np
import pytest

from honeycomb import honeycomb, maps, square
from napari_strata.inference.bonds import bond_field, find_bonds
from napari_strata.inference.domains import untangle

EXTENT, PIXEL = 50.0, 0.25
Y, X = (np.mgrid[: round(EXTENT / PIXEL), : round(EXTENT / PIXEL)] + 0.5) * PIXEL


def crystals(*angles, jitter=0.06, lattice=honeycomb):
    return [lattice(EXTENT, angle=angle, jitter=jitter, seed=i) for i, angle in enumerate(angles)]


def bilayer(twist=28.9, **options):
    return maps(crystals(4.0, 4.0 + twist), EXTENT, PIXEL, **options)


def swapped_where(mask, probabilities, order=(1, 0)):
    return np.where(mask, probabilities[list(order)], probabilities)


def wrong_area(untangled, truth):
    """Return the area in which layers are in the wrong order [Å²], whichever order most of the image has."""
    layers = len(truth)
    wrong = (np.abs(untangled[:, 1] - truth[:, 1]) > 0.5).any(axis=0)
    assert layers == 2
    other = (np.abs(untangled[::-1, 1] - truth[:, 1]) > 0.5).any(axis=0)
    return min(wrong.sum(), other.sum()) * PIXEL**2


@pytest.mark.parametrize("twist", [6.0, 15.0, 28.9])
def test_layers_swapped_across_a_line_are_put_right_up_to_an_angstrom_of_the_line(twist):
    truth = bilayer(twist)
    line = 0.3 * Y + X > 30
    untangled = untangle(swapped_where(line, truth), pixel_size=PIXEL)
    assert wrong_area(untangled, truth) < 1.0 * EXTENT


def test_the_larger_domain_keeps_its_order():
    truth = bilayer()
    untangled = untangle(swapped_where(X > 32, truth), pixel_size=PIXEL)
    np.testing.assert_array_equal(untangled[..., X[0] < 29], truth[..., X[0] < 29])
    np.testing.assert_array_equal(untangled[..., X[0] > 35], truth[..., X[0] > 35])


def test_halves_swapped_in_a_chequerboard_are_put_right():
    truth = bilayer()
    untangled = untangle(swapped_where((X > 25) ^ (Y > 25), truth), pixel_size=PIXEL)
    assert wrong_area(untangled, truth) < 2.0 * EXTENT


def test_an_island_is_put_right():
    truth = bilayer()
    untangled = untangle(swapped_where(np.hypot(Y - 25, X - 25) < 13, truth), pixel_size=PIXEL)
    assert wrong_area(untangled, truth) < 1.0 * 2 * np.pi * 13


def test_noise_does_not_keep_a_swap_from_being_found():
    truth = bilayer(noise=1.5)
    untangled = untangle(swapped_where(X > 28, truth), pixel_size=PIXEL)
    assert np.abs(untangled - truth).mean() < 0.2 * np.abs(truth[::-1] - truth).mean()


def test_three_layers_swapped_in_a_cycle_are_put_right():
    truth = maps(crystals(0.0, 14.0, 29.0), EXTENT, PIXEL)
    untangled = untangle(swapped_where(X > 30, truth, (1, 2, 0)), pixel_size=PIXEL)
    assert (np.abs(untangled - truth) > 0.5).any(axis=(0, 1)).mean() < 0.03


def test_parallel_layers_stay_where_they_are_when_a_third_is_swapped():
    truth = maps(crystals(0.0, 0.0, 20.0), EXTENT, PIXEL)
    untangled = untangle(swapped_where(X > 30, truth, (2, 1, 0)), pixel_size=PIXEL)
    assert (np.abs(untangled - truth) > 0.5).any(axis=(0, 1)).mean() < 0.03


def test_square_crystals_are_told_apart_by_their_own_symmetry():
    truth = maps(crystals(3.0, 25.0, lattice=square), EXTENT, PIXEL)
    swapped = swapped_where(X > 28, truth)
    assert bond_field(swapped, pixel_size=PIXEL).symmetry == 4
    assert wrong_area(untangle(swapped, pixel_size=PIXEL), truth) < 1.0 * EXTENT


@pytest.mark.parametrize("twist", [0.0, 5.0, 15.0, 28.9, 55.0])
@pytest.mark.parametrize("noise", [0.0, 1.5, 3.0])
def test_coherent_layers_are_left_alone(twist, noise):
    probabilities = bilayer(twist, noise=noise)
    assert untangle(probabilities, pixel_size=PIXEL) is probabilities


@pytest.mark.parametrize("twist", [0.5, 2.0, 59.0])
def test_layers_of_hardly_any_twist_are_left_alone_even_when_swapped(twist):
    probabilities = swapped_where(X > 28, bilayer(twist))
    assert untangle(probabilities, pixel_size=PIXEL) is probabilities


def test_a_crystal_with_vacancies_and_distortion_is_left_alone():
    rng = np.random.default_rng(0)
    layers = [p[rng.random(len(p)) > 0.1] for p in crystals(4.0, 25.0, jitter=0.12)]
    layers = [p + 0.6 * np.sin(p[:, ::-1] / 12) for p in layers]
    probabilities = maps(layers, EXTENT, PIXEL)
    assert untangle(probabilities, pixel_size=PIXEL) is probabilities


def test_a_grain_boundary_in_one_layer_is_no_swap():
    first, grain, second = crystals(0.0, 15.0, 30.0)
    layer = np.concatenate([first[first[:, 1] < 25], grain[grain[:, 1] > 26]])
    for other in (grain, second):
        probabilities = maps([layer, other], EXTENT, PIXEL)
        assert untangle(probabilities, pixel_size=PIXEL) is probabilities


def test_a_layer_that_covers_half_of_the_image_is_left_alone():
    first, second = crystals(4.0, 25.0)
    probabilities = maps([first, second[second[:, 1] < 25]], EXTENT, PIXEL)
    assert untangle(probabilities, pixel_size=PIXEL) is probabilities


def test_a_handful_of_atoms_is_left_alone():
    first, second = crystals(4.0, 25.0)
    probabilities = swapped_where(X > 28, maps([first, second[:30]], EXTENT, PIXEL))
    assert untangle(probabilities, pixel_size=PIXEL) is probabilities
    empty = maps([first[:0], second[:0]], EXTENT, PIXEL)
    assert untangle(empty, pixel_size=PIXEL) is empty


def test_an_image_smaller_than_a_domain_is_left_alone():
    probabilities = swapped_where(X > 6, bilayer())[..., :48, :48]
    assert untangle(probabilities, pixel_size=PIXEL) is probabilities


def test_cells_that_are_no_crystal_are_left_alone():
    rng = np.random.default_rng(1)
    disorder = [rng.uniform(0, EXTENT, (900, 2)) for _ in range(2)]
    probabilities = swapped_where(X > 28, maps(disorder, EXTENT, PIXEL))
    assert untangle(probabilities, pixel_size=PIXEL) is probabilities


def test_a_single_layer_is_left_alone():
    probabilities = bilayer()[:1]
    assert untangle(probabilities, pixel_size=PIXEL) is probabilities


def test_an_inner_atom_of_a_honeycomb_has_three_bonds_of_one_orientation():
    bonds = find_bonds(honeycomb(20.0, angle=7.0))
    assert bonds.lengths.min() == pytest.approx(1.42)
    assert bonds.lengths.max() == pytest.approx(1.42)
    assert np.abs(np.exp(6j * bonds.angles).mean()) == pytest.approx(1.0)
