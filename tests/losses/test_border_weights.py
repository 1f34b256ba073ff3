import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_strata.config.loss import LossConfig
from napari_strata.losses.border_weights import border_map, border_weights, nearest_distances, number_objects


def test_the_map_between_two_objects_by_hand():
    objects = np.array([[1, 0, 0, 0, 2]])
    [weights] = border_map(objects, sigma=3)
    assert weights[1:4] == pytest.approx([math.exp(-((1 + 3) ** 2) / 18), math.exp(-16 / 18), math.exp(-16 / 18)])


def test_the_weight_of_a_class_and_that_of_a_gap_are_added():
    labels = np.array([[[2, 1, 2, 0]]], np.uint8)
    config = LossConfig(class_weights=(0.5, 3), border_weight=10, border_sigma=2)
    [[weights]] = border_weights(labels, config)
    assert weights[:3] == pytest.approx([3, 0.5 + 10 * math.exp(-(2**2) / 8), 3])


def test_objects_weigh_no_more_where_they_are_close():
    labels = np.array([[[2, 3]]], np.uint8)
    assert border_weights(labels, LossConfig(border_weight=10)).tolist() == [[[1, 1]]]


def test_one_object_has_no_gap():
    objects = np.zeros((5, 5), int)
    objects[2, 2] = 7
    assert border_map(objects, sigma=5).max() == 0
    assert border_map(np.zeros((5, 5), int), sigma=5).max() == 0


def test_objects_of_different_classes_that_touch_are_two():
    numbers = number_objects(np.array([[2, 2, 3], [1, 1, 1], [0, 0, 2]], np.uint8))
    assert numbers[0, 0] == numbers[0, 1] != numbers[0, 2]
    assert len(np.unique(numbers[numbers > 0])) == 3
    assert (numbers[1] == 0).all()


def test_classes_that_overlap_are_one_object():
    codes = np.array([[2, 4, 1, 3, 5, 1, 5]], np.uint8)
    numbers = number_objects(codes, joined=((4, 2), (4, 3)))
    assert numbers.tolist() == [[1, 1, 0, 2, 3, 0, 4]]
    assert number_objects(codes).max() == 5


def test_beyond_8_sigma_a_gap_weighs_nothing():
    objects = np.zeros((1, 12), int)
    objects[0, 0], objects[0, 9] = 1, 2
    [weights] = border_map(objects, sigma=1)
    assert weights[9:].tolist() == [0, 0, 0]
    [wider] = border_map(objects, sigma=1.2)
    assert wider[5] == pytest.approx(math.exp(-(9**2) / (2 * 1.2**2)))


def test_each_layer_is_weighed_by_itself():
    labels = np.ones((2, 1, 5), np.uint8)
    labels[0, 0, 0] = labels[1, 0, 4] = 2
    assert border_weights(labels, LossConfig(border_weight=10)).tolist() == np.ones((2, 1, 5)).tolist()


@settings(max_examples=10)
@given(seed=st.integers(0, 2**16), count=st.integers(2, 40))
def test_distances_are_those_to_the_two_nearest_objects(seed, count):
    rng = np.random.default_rng(seed)
    objects = np.zeros((16, 16), np.int32)
    for number, (y, x) in enumerate(rng.integers(0, 15, (count, 2)), start=1):
        objects[y : y + 2, x : x + 2] = number
    grid = np.indices(objects.shape)
    of_objects = np.array(
        [
            np.hypot(*(grid[:, :, :, None] - np.argwhere(objects == number).T[:, None, None])).min(axis=-1)
            for number in np.unique(objects[objects > 0])
        ]
    )
    expected = np.sort(np.concatenate([of_objects, np.full((1, 16, 16), np.inf)]), axis=0)[:2]
    nearest, second = nearest_distances(objects)
    np.testing.assert_allclose(nearest, expected[0])
    np.testing.assert_allclose(second, expected[1])
