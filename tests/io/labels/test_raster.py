import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import Annotation
from napari_strata.io.labels.drawing import draw_codes, draw_objects, draw_planes
from napari_strata.io.labels.raster import fill, outline
from napari_strata.io.labels.shapes import (
    Box,
    Ellipse,
    PixelMask,
    Points,
    Polygon,
    Polyline,
    ellipse_outline,
    from_corner,
    to_corner,
)

SIZE = (32, 40)
SQUARE = from_corner([(5, 5), (15, 5), (15, 15), (5, 15)])


def pixels(shape, size=SIZE, **settings):
    filled = np.zeros(size, bool)
    mask = fill(shape, size, **settings)
    if mask is not None:
        height, width = mask.pixels.shape
        filled[mask.top : mask.top + height, mask.left : mask.left + width] = mask.pixels
    return filled


def square(top, left, bottom, right):
    filled = np.zeros(SIZE, bool)
    filled[top:bottom, left:right] = True
    return filled


def test_a_box_of_ten_by_ten_has_a_hundred_pixels():
    assert np.array_equal(pixels(Box(4.5, 4.5, 14.5, 14.5)), square(5, 5, 15, 15))
    assert np.array_equal(pixels(Polygon((SQUARE,))), square(5, 5, 15, 15))


def test_corner_coordinates_go_there_and_back():
    assert SQUARE[1].tolist() == [4.5, 14.5]
    assert to_corner(SQUARE).tolist() == [[5, 5], [15, 5], [15, 15], [5, 15]]


def test_neighbours_share_no_pixel_and_leave_none_out():
    left = np.array([(0, 0), (0, 10), (10, 3), (10, 0)], float)
    right = np.array([(0, 10), (0, 20), (10, 20), (10, 3)], float)
    both = pixels(Polygon((left,))).astype(int) + pixels(Polygon((right,)))
    assert np.array_equal(both, square(0, 0, 10, 20))


def test_a_hole_is_left_out():
    hole = from_corner([(8, 8), (12, 8), (12, 12), (8, 12)])
    assert pixels(Polygon((SQUARE,), (hole,))).sum() == 100 - 16


def test_a_line_that_crosses_itself_fills_all_that_it_goes_round():
    bow_tie = np.array([(0, 0), (10, 10), (0, 10), (10, 0)], float)
    filled = pixels(Polygon((bow_tie,)))
    assert filled[5, [1, 8]].all()
    assert not filled[[1, 8], 5].any()
    twice_round = np.concatenate([SQUARE, SQUARE])
    assert pixels(Polygon((twice_round,))).sum() == 100


def test_the_overlap_of_two_rings_belongs_to_the_area():
    assert pixels(Polygon((SQUARE, SQUARE[::-1] + 5))).sum() == 100 + 100 - 25


def test_vertices_outside_the_image_are_cut_off_at_its_edge():
    around = np.array([(-100, -100), (-100, 1000), (1000, 1000), (1000, -100)], float)
    assert pixels(Polygon((around,))).all()
    assert fill(Polygon((around - 5000,)), SIZE) is None
    assert pixels(Box(-10.5, -10.5, 1.5, 2.5)).sum() == 2 * 3


def test_a_turned_box_covers_the_turned_pixels():
    assert np.array_equal(pixels(Box(9.5, 4.5, 11.5, 14.5, 90)), square(6, 9, 16, 11))


def test_an_ellipse_has_its_area_and_its_turn():
    assert pixels(Ellipse(16, 20, 2, 2)).sum() == 13
    lying = pixels(Ellipse(16, 20, 4, 12))
    assert lying.sum() == pytest.approx(np.pi * 4 * 12, rel=0.05)
    assert np.array_equal(pixels(Ellipse(16, 20, 12, 4, 90)), lying)
    falling = pixels(Ellipse(16, 20, 1, 10, 45))
    assert falling[21, 25] and not falling[11, 25]


def test_the_outline_of_an_ellipse_has_its_area():
    line = ellipse_outline(Ellipse(16, 20, 6, 12, 30))
    assert pixels(Polygon((line,))).sum() == pytest.approx(np.pi * 6 * 12, rel=0.02)


def test_a_line_is_as_wide_as_asked():
    line = Polyline(np.array([(5, 2), (5, 8)], float))
    assert np.array_equal(pixels(line), square(5, 2, 6, 9))
    assert pixels(line, line_width=3)[4:7, 2:9].all()
    assert not pixels(line, line_width=3)[3].any()


def test_a_point_marks_the_pixel_that_it_lies_in():
    filled = pixels(Points(np.array([(3.49, 4.5), (-1, 3), (31.4, 39.4)])))
    assert np.argwhere(filled).tolist() == [[3, 5], [31, 39]]


def test_a_shape_without_extent_has_no_pixel():
    assert fill(Box(4.6, 4.6, 4.9, 4.9), SIZE) is None
    assert fill(Ellipse(5, 5, 0, 3), SIZE) is None


def test_a_hatched_polygon_is_refused():
    zigzag = np.zeros((20_000, 2))
    zigzag[::2, 0], zigzag[:, 1] = 5000, np.linspace(0, 10, 20_000)
    with pytest.raises(LabelsError, match="hatches"):
        fill(Polygon((zigzag,)), (5000, 20))


@given(arrays(bool, (7, 9)))
def test_the_outline_of_any_mask_fills_to_the_same_mask(mask):
    if mask.any():
        cut = PixelMask.cut_out(mask)
        assert np.array_equal(pixels(outline(cut), mask.shape), mask)


@given(
    st.lists(st.tuples(st.floats(-20, 60), st.floats(-20, 60)), min_size=3, max_size=12),
    st.integers(-5, 5),
    st.integers(-5, 5),
)
def test_moving_a_polygon_by_whole_pixels_moves_its_pixels(vertices, down, right):
    ring = np.round(np.array(vertices) * 8) / 8
    big = (90, 90)
    here = pixels(Polygon((ring + 25,)), big)
    there = pixels(Polygon((ring + 25 + (down, right),)), big)
    assert np.array_equal(here[5:-5, 5:-5], np.roll(there, (-down, -right), (0, 1))[5:-5, 5:-5])


def one(label, top, left, bottom, right, **settings):
    return Annotation(Box(top - 0.5, left - 0.5, bottom - 0.5, right - 0.5), label, **settings)


def test_what_has_the_larger_z_order_lies_above_and_of_equals_the_later():
    drawn = draw_codes(
        [one("a", 0, 0, 4, 4, z_order=1), one("b", 0, 0, 4, 2), one("c", 2, 0, 6, 4, z_order=1)],
        SIZE,
        {"a": 2, "b": 3, "c": 4},
        outside=1,
    )
    assert (drawn == 2).sum() == 8
    assert (drawn == 3).sum() == 0
    assert (drawn == 4).sum() == 16
    assert drawn[0, 5] == 1


def test_planes_of_classes_may_overlap():
    planes = draw_planes([one("a", 0, 0, 4, 4), one("b", 2, 2, 6, 6)], SIZE, ["a", "b"])
    assert planes.sum(axis=(1, 2)).tolist() == [16, 16]
    assert planes[:, 3, 3].tolist() == [1, 1]


def test_parts_with_one_number_are_one_object_and_hidden_ones_are_listed():
    numbers, objects = draw_objects(
        [
            one("a", 0, 0, 2, 2, instance=7),
            one("b", 8, 8, 10, 10),
            one("x", 0, 20, 2, 22),
            one("a", 4, 0, 6, 2, instance=7),
            one("a", 8, 8, 10, 10),
        ],
        SIZE,
        {"a", "b"},
    )
    assert [(o.number, o.label, o.pixels) for o in objects] == [(1, "a", 8), (2, "b", 0), (3, "a", 4)]
    assert numbers[5, 1] == 1
    assert numbers[0, 21] == 0


def test_an_island_in_a_hole_stays_in_the_outline():
    ring = square(2, 2, 20, 20) & ~square(5, 5, 17, 17) | square(9, 9, 12, 12)
    assert np.array_equal(pixels(outline(PixelMask.cut_out(ring))), ring)


def test_a_long_line_is_as_wide_everywhere_as_a_short_one():
    diagonal = pixels(Polyline(np.array([(-500.0, -500.0), (900.0, 900.0)])), (300, 300), line_width=3.0)
    y, x = np.mgrid[:300, :300]
    assert np.array_equal(diagonal, np.abs(y - x) / np.sqrt(2) <= 1.5)


def test_a_line_that_hatches_an_area_is_refused():
    hatch = np.array([(0.0, 0.0), (4000.0, 4000.0)] * 1000)
    with pytest.raises(LabelsError, match="to and fro"):
        fill(Polyline(hatch), (4096, 4096))
