import numpy as np
import pytest
from napari.layers import Image, Shapes

from napari_strata.lattice.dopants import ClusterTest, fraction
from napari_strata.lattice.doping import Dopants
from napari_strata.lattice.gridded import GriddedMap
from napari_strata.lattice.quantities import QUANTITIES
from napari_strata.widgets.lattice.figure_rows import measured
from napari_strata.widgets.lattice.map_layers import ChosenMap, arrows, dots, magnification, smooth
from napari_strata.widgets.lattice.regions import inside_shape
from napari_strata.widgets.lattice.species_words import species_words

PLACES = np.array([[2.0, 3.0], [4.0, 5.0], [6.0, 1.0]])
ROTATED = {"scale": (0.1, 0.1), "rotate": 30, "shear": [0.2], "translate": (3, 4), "units": ("nm", "nm")}
STACK = {"scale": (2, 0.1, 0.1), "translate": (1, 3, 4), "units": ("s", "nm", "nm")}


def chosen(key, values, shape=(8, 10), **settings) -> ChosenMap:
    image = Image(np.zeros(shape), name="image", **settings)
    layers = np.zeros(len(PLACES), dtype=int)
    return ChosenMap(image, 2, 1.0, key, QUANTITIES[key], "layer 0", PLACES, layers, np.asarray(values))


def test_dots_are_coloured_by_value_and_leave_out_what_is_unknown():
    layer = dots(chosen("exx", [0.5, np.nan, -0.5], **ROTATED))
    assert layer.name == "Strain exx [%] - layer 0 - image"
    assert layer.data.tolist() == PLACES[[0, 2]].tolist()
    assert layer.features["Strain exx [%]"].tolist() == [0.5, -0.5]
    assert layer.face_contrast_limits == pytest.approx((-0.5, 0.5))
    red, blue = layer.face_color
    assert red[0] > red[2] and blue[2] > blue[0]


def test_arrows_begin_at_the_atoms_and_are_in_pixels():
    layer = arrows(chosen("displacement", [[0.3, 0.4], [0, 0.5], [np.nan, np.nan]]))
    assert layer.data[:, 0].tolist() == PLACES[:2].tolist()
    assert layer.data[0, 1] == pytest.approx([0.3, 0.4])
    assert layer.features["Displacement [Å]"].tolist() == pytest.approx([0.5, 0.5])
    assert layer.length == 5  # drawn 2.5 Å long


@pytest.mark.parametrize(("longest", "times"), [(0.3, 5), (0.03, 50), (2.5, 1), (30, 1)])
def test_arrows_are_magnified_by_round_numbers(longest, times):
    assert magnification(longest) == times


@pytest.mark.parametrize("settings", [ROTATED, {"affine": np.array([[1, 0.5, 3], [0, 1, 4], [0, 0, 1]])}])
def test_coarse_pixels_lie_on_those_of_the_image(settings):
    of = chosen("exx", np.zeros(3), **settings)
    layer = smooth(of, GriddedMap(np.zeros((3, 4), np.float32), 3))
    # the centre of pixel (i, j) is that of pixel (3 i + 1, 3 j + 1) of the image
    for pixel in ((0, 0), (2, 1)):
        in_image = 3 * np.array(pixel) + 1
        assert layer.data_to_world(pixel) == pytest.approx(of.image.data_to_world(in_image))


def test_maps_of_a_stack_lie_on_their_frame():
    of = chosen("exx", [1.0, 2.0, 3.0], (4, 8, 10), **STACK)
    assert dots(of).data[:, 0].tolist() == [2, 2, 2]
    layer = smooth(of, GriddedMap(np.zeros((4, 5), np.float32), 2))
    assert layer.data_to_world((0, 0, 0)) == pytest.approx(of.image.data_to_world((2, 0.5, 0.5)))


def test_words_have_a_colour_each():
    layer = dots(chosen("stacking", np.array(["AB", "", "AA"], dtype=object)))
    assert layer.features["Stacking"].tolist() == ["AB", "AA"]
    assert not np.allclose(*layer.face_color)


def test_places_inside_drawn_shapes_are_found_wherever_the_shapes_are_drawn():
    image = Image(np.zeros((8, 10)), scale=(0.1, 0.1), units=("nm", "nm"))
    corners = np.array([[1.0, 2], [1, 6], [5, 6], [5, 2]])
    shapes = Shapes([corners], scale=(1, 1), units=("angstrom",) * 2)
    shapes.add_ellipses(corners + 0.8)
    shapes.add_lines([[0, 0], [5, 5]])
    for number, inside in ((0, [True, True, False]), (1, [False, True, False])):
        assert inside_shape(shapes, number, image, 0, PLACES).tolist() == inside
    assert inside_shape(shapes, 2, image, 0, PLACES) is None


def test_shapes_on_other_frames_do_not_count():
    image = Image(np.zeros((3, 8, 10)))
    corners = np.array([[1.0, 1, 2], [1, 1, 6], [1, 5, 6], [1, 5, 2]])
    shapes = Shapes([corners])
    assert inside_shape(shapes, 0, image, 0, PLACES) is None
    assert inside_shape(shapes, 0, image, 1, PLACES).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("value", "sigma", "text"),
    [
        (2.46123, 0.00064, "2.4612 ± 0.0006"),
        (2.46123, 0.00018, "2.46123 ± 0.00018"),
        (120.04, 3.2, "120 ± 3"),
        (1.41999, np.nan, "1.42"),
        (np.nan, 0.1, "–"),
    ],
)
def test_figures_have_as_many_digits_as_their_uncertainty(value, sigma, text):
    assert measured(value, sigma) == text


class Maps:
    def __init__(self, *dopants):
        self.dopants = dopants


def test_species_are_told_in_words():
    test = ClusterTest(9, 0.7, 0.8, 0.001, 1.0, 999, 0, 2.71)
    clustered = Dopants(0, "Si", fraction(10, 100), False, test)
    usual = Dopants(1, "S", fraction(50, 100), True, None)
    assert species_words(Maps(clustered, usual)).split("\n") == [
        "Layer 0: Si is 10 of 100 atoms, 10 % (5.52 to 17.4 % with 95% confidence). Clustered: 9 pairs of"
        " neighbours up to 2.71 Å apart, 0.7 ± 0.8 by chance (p = 0.002).",
        "Layer 1: S is 50 of 100 atoms, 50 % (40.4 to 59.6 % with 95% confidence). It is the usual species of its"
        " site.",
    ]
    single = Dopants(0, "Si", fraction(1, 100), False, None)
    assert species_words(Maps(single)).endswith("Too few to tell whether they cluster.")
    assert species_words(Maps()) == "There is one species in each layer."
