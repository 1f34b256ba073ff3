import numpy as np
import pytest

from napari_strata.widgets.layers.world import between, from_world, is_in_lengths

NANOMETRES = {"scale": (0.5, 0.5), "units": ("nm", "nm"), "translate": (1, 2)}
ANGSTROM = {"scale": (0.1, 0.1), "units": ("angstrom", "angstrom")}


@pytest.fixture
def viewer(light_viewer):
    return light_viewer


@pytest.fixture
def in_nm(viewer):
    return viewer.add_image(np.zeros((8, 10)), **NANOMETRES)


def test_alone_a_layer_lies_in_its_own_units(viewer, in_nm):
    assert from_world(in_nm, viewer, (2, 4)) == pytest.approx([2, 4])


def test_beside_a_layer_in_smaller_units_the_world_is_in_those(viewer, in_nm):
    in_angstrom = viewer.add_image(np.zeros((8, 10)), **ANGSTROM)
    assert from_world(in_nm, viewer, (20, 40)) == pytest.approx([2, 4])
    assert from_world(in_angstrom, viewer, (0.2, 0.4)) == pytest.approx([2, 4])


def test_dimensions_that_the_layer_lacks_are_left_out(viewer, in_nm):
    viewer.add_image(np.zeros((3, 8, 10)), scale=(1, 1, 1), units=("s", "angstrom", "angstrom"))
    assert from_world(in_nm, viewer, (2, 20, 40)) == pytest.approx([2, 4])


def test_units_that_cannot_be_compared_are_left_alone(viewer, in_nm):
    viewer.add_image(np.zeros((8, 10)))
    assert from_world(in_nm, viewer, (2, 4)) == pytest.approx([2, 4])


def test_positions_go_from_the_pixels_of_one_layer_to_those_of_another(viewer, in_nm):
    in_angstrom = viewer.add_image(np.zeros((800, 1000)), **ANGSTROM)
    np.testing.assert_allclose(between(in_nm, in_angstrom, [[0, 0], [2, 4]]), [[100, 200], [200, 400]])
    np.testing.assert_allclose(between(in_angstrom, in_nm, [[100, 200]]), [[0, 0]], atol=1e-9)


def test_a_world_is_in_lengths_where_the_image_states_one_and_all_layers_do(viewer):
    image = viewer.add_image(np.zeros((8, 10)))  # as napari's own reader leaves it
    assert not is_in_lengths(viewer, image)
    image.units = ("nm", "nm")
    assert is_in_lengths(viewer, image)
    viewer.add_points(np.zeros((1, 2)))
    assert not is_in_lengths(viewer, image)
