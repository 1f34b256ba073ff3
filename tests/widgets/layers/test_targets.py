import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Labels, Points, Shapes

from napari_strata.config import ClassTable
from napari_strata.errors import TargetError
from napari_strata.explain.targets import AtomTarget, PixelTarget, RegionTarget
from napari_strata.widgets.layers.numbered_objects import object_memory
from napari_strata.widgets.layers.targets import (
    Chosen,
    Place,
    clicked_label,
    drawn_region,
    nearest_atom,
    place_in,
    whole_slice,
)

IN_PLANE = np.array([[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]])
STACK = {"scale": (2.0, 0.02, 0.03), "translate": (1.0, 5.0, -7.0), "units": ("s", "nm", "nm"), "rotate": IN_PLANE}
IMAGE = {"scale": (0.1, 0.1), "rotate": 30, "translate": (3, 4)}


def image(shape=(20, 30), **settings) -> Image:
    return Image(np.zeros(shape), name="image", **settings)


def points(data, layers) -> Points:
    return Points(np.array(data, float), features=pd.DataFrame({"layer": layers}))


def test_a_click_on_a_stack_means_the_frame_that_is_shown():
    layer = image((4, 20, 30), **STACK)
    assert place_in(layer, np.array([2, 12.25, 7.5])) == Place(2, 12.25, 7.5)


def test_the_outer_half_of_a_border_pixel_belongs_to_the_image_and_no_more():
    assert place_in(image(), np.array([-0.5, 29.4])) == Place(0, -0.5, 29.4)
    for beside in ((-0.6, 0), (0, 29.5), (20, 0)):
        with pytest.raises(TargetError, match="beside image"):
            place_in(image(), np.array(beside))


def test_the_nearest_atom_tells_its_own_position_and_layer():
    atoms = points([[5, 5], [5, 8.5], [15, 15]], [0, 1, 0])
    assert nearest_atom(atoms, Place(0, 5, 7), reach=2, layer=None) == Chosen("atom", Place(0, 5, 8.5), 1)
    assert nearest_atom(atoms, Place(0, 5, 7), reach=2, layer=0) == Chosen("atom", Place(0, 5, 5), 0)


def test_atoms_of_other_frames_are_not_picked():
    atoms = points([[0, 5, 5], [1, 5, 6]], [0, 0])
    assert nearest_atom(atoms, Place(1, 5, 5), reach=2, layer=None).place == Place(1, 5, 6)


@pytest.mark.parametrize(("data", "layer"), [([[5, 8]], None), ([[5, 5]], 1), (np.zeros((0, 2)), None)])
def test_where_no_atom_is_near_enough_it_says_so(data, layer):
    with pytest.raises(TargetError, match=r"no atom.*close enough.*raise the tolerance"):
        nearest_atom(points(data, [0] * len(data)), Place(0, 5, 5), reach=2.9, layer=layer)


def test_the_selected_label_on_the_frame_is_the_region():
    data = np.zeros((3, 20, 30), int)
    data[1, 4:6, 10:13] = 7
    labels = Labels(data)
    labels.selected_label = 7
    chosen = drawn_region(labels, image((3, 20, 30)), 1, layer=1)
    assert chosen.mask.sum() == 6
    assert (chosen.kind, chosen.layer, chosen.place) == ("label", 1, Place(1, 4.5, 11))
    with pytest.raises(TargetError, match="no region on this frame"):
        drawn_region(labels, image((3, 20, 30)), 0, layer=0)


def test_a_shape_means_the_pixels_under_it_however_the_two_layers_lie():
    target = image(**IMAGE)
    square = np.array([[4, 5], [4, 9], [8, 9], [8, 5]]) - 0.5
    shapes = Shapes(ndim=2, scale=(3, 3))
    shapes.add_polygons([shapes.world_to_data(target.data_to_world(corner)) for corner in square])
    mask = drawn_region(shapes, target, 0, layer=0).mask
    assert mask.sum() == 16
    assert mask[4:8, 5:9].all()


def test_an_ellipse_is_an_ellipse():
    shapes = Shapes(ndim=2)
    shapes.add_ellipses(np.array([[4, 6], [4, 24], [16, 24], [16, 6]]))
    mask = drawn_region(shapes, image(), 0, layer=0).mask
    assert mask.sum() == pytest.approx(np.pi * 6 * 9, rel=0.05)
    assert mask[10, 15]
    assert not mask[5, 7]


def test_selected_shapes_count_and_those_of_other_frames_do_not():
    shapes = Shapes(ndim=3)
    for frame, y in ((0, 2), (1, 8), (1, 14)):
        shapes.add_rectangles(np.array([[frame, a, b] for a, b in ((y, 2), (y, 6), (y + 3, 6), (y + 3, 2))]))
    target = image((2, 20, 30))
    assert np.unique(np.nonzero(drawn_region(shapes, target, 1, 0).mask)[0]).tolist() == [
        8,
        9,
        10,
        11,
        14,
        15,
        16,
        17,
    ]
    shapes.selected_data = {2}
    assert np.unique(np.nonzero(drawn_region(shapes, target, 1, 0).mask)[0]).tolist() == [14, 15, 16, 17]


@pytest.mark.parametrize("layer", [None, image(), Labels(np.ones((3, 3), int)), Shapes(ndim=2)])
def test_what_holds_no_region_is_refused_in_words(layer):
    with pytest.raises(TargetError):
        drawn_region(layer, image(), 0, layer=0)


def test_what_was_chosen_becomes_the_jobs_target():
    mask = np.ones((4, 4), bool)
    assert Chosen("atom", Place(0, 1.5, 2.25), 1).as_target() == AtomTarget(1.5, 2.25)
    assert Chosen("pixel", Place(0, 1.6, 2.25), 1).as_target() == PixelTarget(2, 2)
    region = Chosen("region", Place(0, 1.5, 1.5), 1, mask).as_target()
    assert isinstance(region, RegionTarget)
    assert region.mask is mask
    place, kinds = Place(0, 1.5, 1.5), ("region", "label", "slice")
    assert [Chosen(kind, place, 1, mask).as_target().kind for kind in kinds] == ["region", "instance", "slice"]


def test_a_click_on_mask_codes_means_what_hangs_together_and_on_numbered_objects_the_object():
    data = np.ones((20, 30), np.uint8)
    data[2:4, 2:4] = data[10:12, 10:13] = 2
    codes, objects = Labels(data), Labels(data, metadata=object_memory(ClassTable.from_names(("a",)), 0))
    assert clicked_label(codes, image(), Place(0, 10.4, 11), layer=1).mask.sum() == 6
    chosen = clicked_label(objects, image(), Place(0, 10.4, 11), layer=1)
    assert (chosen.kind, chosen.mask.sum()) == ("label", 10)
    with pytest.raises(TargetError, match="background there, which is no label"):
        clicked_label(codes, image(), Place(0, 15, 15), layer=1)
    assert clicked_label(objects, image(), Place(0, 15, 15), layer=1).mask.sum() == 590


def test_the_whole_slice_is_all_of_a_frame():
    chosen = whole_slice(image((3, 20, 30)), 2, layer=0)
    assert (chosen.kind, chosen.mask.shape, chosen.mask.all()) == ("slice", (20, 30), True)
    assert chosen.place == Place(2, 9.5, 14.5)
