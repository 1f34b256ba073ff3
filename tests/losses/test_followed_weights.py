import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_strata.config.loss import LossConfig
from napari_strata.losses import followed_weights
from napari_strata.losses.border_weights import border_weights
from napari_strata.losses.followed_weights import FollowedWeights, changed_objects

NARROW = LossConfig(border_weight=10, border_sigma=0.5)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**16), sigma=st.sampled_from([0.3, 0.5, 2.0]))
def test_weights_are_the_same_to_the_bit_as_those_of_labels_seen_for_the_first_time(seed, sigma):
    rng = np.random.default_rng(seed)
    config, joined = LossConfig(border_weight=10, border_sigma=sigma), ((4, 2, 3),)
    followed = FollowedWeights(config, joined)
    labels = rng.choice(np.array([0, 1, 1, 1, 1, 1, 2, 3, 4, 5], np.uint8), (2, 24, 24))
    for _ in range(5):
        np.testing.assert_array_equal(followed.of(labels), border_weights(labels, config, joined))
        layer, y, x = rng.integers(0, (2, 24, 24))
        labels[layer, y : y + rng.integers(1, 9), x : x + rng.integers(1, 9)] = rng.integers(0, 6)


def test_a_bridge_takes_the_weight_of_the_whole_gap_that_it_closes():
    labels = np.ones((1, 5, 60), np.uint8)
    labels[:, [0, 4]] = 2
    followed = FollowedWeights(LossConfig(border_weight=10, border_sigma=1))
    assert followed.of(labels)[0, 2, 59] > 1
    labels[:, :, 0] = 2
    assert followed.of(labels)[0, 2, 59] == 1


def test_only_what_is_near_a_change_is_computed_anew(monkeypatch):
    labels = np.ones((1, 100, 100), np.uint8)
    labels[:, ::4, ::4] = 2
    followed = FollowedWeights(NARROW)
    followed.of(labels)
    shapes, compute = [], followed_weights.border_map
    monkeypatch.setattr(
        followed_weights,
        "border_map",
        lambda objects, sigma: shapes.append(objects.shape) or compute(objects, sigma=sigma),
    )
    labels[0, 50, 50] = 2
    followed.of(labels)
    followed.of(labels)
    assert shapes == [(17, 17)]  # twice 8 sigma on either side


def test_objects_that_only_grow_are_not_changed_as_a_whole():
    before, now = np.array([[5, 5, 0, 2]]), np.array([[1, 1, 1, 2]])
    assert changed_objects(before, now).tolist() == [[False, False, True, False]]


def test_objects_that_are_torn_or_grow_together_are_changed_as_a_whole():
    before, now = np.array([[5, 5, 5, 0, 2]]), np.array([[1, 0, 2, 0, 3]])
    assert changed_objects(before, now).tolist() == [[True, True, True, False, False]]
    assert changed_objects(now, before).tolist() == [[True, True, True, False, False]]
