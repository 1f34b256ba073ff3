import numpy as np

from napari_strata.annotation.tools.specks import fill_holes, remove_specks


def test_pieces_smaller_than_the_area_go():
    codes = np.array([[2, 0, 2, 2], [0, 0, 0, 0], [2, 2, 2, 1]], np.uint8)
    assert remove_specks(codes, 1, code=2).tolist() == codes.tolist()
    assert remove_specks(codes, 2, code=2).tolist() == [[0, 0, 2, 2], [0, 0, 0, 0], [2, 2, 2, 1]]
    assert remove_specks(codes, 3, code=2, becomes=1).tolist() == [[1, 0, 1, 1], [0, 0, 0, 0], [2, 2, 2, 1]]


def test_pixels_that_touch_at_a_corner_are_one_piece():
    codes = np.array([[2, 0], [0, 2]], np.uint8)
    assert remove_specks(codes, 2, code=2).tolist() == codes.tolist()


def ring(inside: int = 0) -> np.ndarray:
    codes = np.zeros((5, 5), np.uint8)
    codes[1:4, 1:4] = 2
    codes[2, 2] = inside
    return codes


def test_a_hole_smaller_than_the_area_is_filled():
    assert fill_holes(ring(), 2, code=2, only_unlabelled=False)[2, 2] == 2
    assert fill_holes(ring(), 1, code=2, only_unlabelled=False)[2, 2] == 0


def test_other_paint_in_a_hole_stays_if_asked():
    assert fill_holes(ring(1), 2, code=2, only_unlabelled=True)[2, 2] == 1
    assert fill_holes(ring(1), 2, code=2, only_unlabelled=False)[2, 2] == 2


def test_what_touches_the_border_is_no_hole():
    codes = np.array([[0, 2, 2], [2, 2, 2]], np.uint8)
    assert fill_holes(codes, 9, code=2, only_unlabelled=False).tolist() == codes.tolist()
