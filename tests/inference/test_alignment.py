import numpy as np

from honeycomb import honeycomb, maps
from napari_strata.inference.alignment import order_like_blend, order_like_frame, orders

EXTENT, PIXEL = 20.0, 0.2


def bilayer(shift=(0.0, 0.0), angles=(3.0, 25.0)):
    return maps([honeycomb(EXTENT, angle=angle) + shift for angle in angles], EXTENT, PIXEL)


def test_orders_begin_with_the_identity_and_move_few_layers_first():
    assert orders(3) == ((0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1))


def test_a_tile_with_swapped_layers_is_swapped_to_agree_with_the_blend():
    probabilities = bilayer()
    weights = np.ones(probabilities.shape[-2:], np.float32)
    assert order_like_blend(0.5 * probabilities, probabilities[::-1], weights) == (1, 0)
    assert order_like_blend(0.5 * probabilities, probabilities, weights) == (0, 1)


def test_a_tile_of_three_layers_finds_its_cyclic_order():
    probabilities = bilayer(angles=(3.0, 25.0, 47.0))
    weights = np.ones(probabilities.shape[-2:], np.float32)
    assert order_like_blend(probabilities, probabilities[[2, 0, 1]], weights) == (1, 2, 0)


def test_a_tile_without_anything_in_the_overlap_keeps_its_order():
    probabilities = bilayer()
    weights = np.ones(probabilities.shape[-2:], np.float32)
    assert order_like_blend(np.zeros_like(probabilities), probabilities[::-1], weights) == (0, 1)


def test_a_frame_with_swapped_layers_is_swapped_to_agree_with_the_one_before():
    assert order_like_frame(bilayer(), bilayer()[::-1]) == (1, 0)
    assert order_like_frame(bilayer(), bilayer()) == (0, 1)


def test_the_order_of_frames_is_found_whatever_the_drift_between_them():
    for shift in [(0.71, 0.0), (0.4, -1.1), (1.3, 2.0), (-3.0, 0.9)]:
        assert order_like_frame(bilayer(), bilayer(shift)) == (0, 1)
        assert order_like_frame(bilayer(), bilayer(shift)[::-1]) == (1, 0)


def test_frames_of_three_layers_find_their_order():
    before, after = bilayer(angles=(0.0, 13.0, 27.0)), bilayer((0.5, 0.5), angles=(0.0, 13.0, 27.0))
    assert order_like_frame(before, after[[2, 0, 1]]) == (1, 2, 0)


def test_layers_that_look_alike_keep_their_order():
    alike = bilayer()[[0, 0]]
    assert order_like_frame(alike, alike + 0) == (0, 1)
