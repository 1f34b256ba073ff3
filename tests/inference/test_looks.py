import numpy as np
import pytest

from napari_strata.inference.looks import combine_looks


def look(first, second):
    """Return maps of two layers, of background and one class, from the probabilities of that class."""
    atoms = np.stack([first, second]).astype(np.float32)
    return np.stack([1 - atoms, atoms], axis=1)


LEFT, RIGHT = np.zeros((8, 8)), np.zeros((8, 8))
LEFT[2:6, :4] = 0.9
RIGHT[2:6, 4:] = 0.9


def test_looks_that_agree_are_averaged():
    sure, less = look(LEFT, RIGHT), look(LEFT * 0.8, RIGHT * 0.8)
    np.testing.assert_allclose(combine_looks([less, sure], pixel_size=None)[:, 1].max(), 0.81, rtol=1e-6)


def test_looks_in_another_order_of_layers_are_put_in_the_order_of_the_surest():
    sure, swapped = look(LEFT, RIGHT), look(RIGHT * 0.8, LEFT * 0.8)
    for looks in ([sure, swapped], [swapped, sure]):
        found = combine_looks(looks, pixel_size=None)
        np.testing.assert_allclose(found[0, 1], LEFT * 0.9, rtol=1e-6)
        np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


def test_a_look_that_shows_both_layers_in_both_does_not_count():
    sure, undecided = look(LEFT, RIGHT), look(*[(LEFT + RIGHT) * 0.6] * 2)
    np.testing.assert_array_equal(combine_looks([undecided, sure], pixel_size=None), sure)


def test_the_first_of_equally_sure_looks_gives_the_order():
    first, swapped = look(LEFT, RIGHT), look(RIGHT, LEFT)
    np.testing.assert_allclose(combine_looks([swapped, first], pixel_size=None), swapped)


def test_one_look_is_the_answer():
    only = look(LEFT, RIGHT)
    np.testing.assert_array_equal(combine_looks([only], pixel_size=None), only)


@pytest.mark.parametrize("level", [0.0, 0.3])
def test_looks_without_atoms_agree(level):
    empty, other = look(LEFT * 0, RIGHT * 0), look(np.full((8, 8), level), RIGHT * 0)
    np.testing.assert_allclose(combine_looks([empty, other], pixel_size=None)[0, 1], level / 2)
