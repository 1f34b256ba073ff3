import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_cdt

from napari_strata.data.split import split_labels


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def both_classes(side: int = 16) -> np.ndarray:
    labels = np.ones((1, side, side), dtype=np.uint8)
    labels[0, :4] = 2
    return labels


def test_whole_slices_are_held_out_and_none_is_in_both():
    split = split_labels([both_classes() for _ in range(5)], fraction=0.4, receptive_field=8, rng=rng())
    trained = [frame.any() for frame in split.training]
    validated = [frame.any() for frame in split.validation]
    assert (sum(trained), sum(validated)) == (3, 2)
    assert not any(t and v for t, v in zip(trained, validated, strict=True))
    assert split.description == "2 of them held out"


def test_the_only_slice_with_a_class_is_never_held_out():
    rare = both_classes()
    rare[0, 8:] = 3
    for seed in range(10):
        split = split_labels(
            [both_classes(), rare], fraction=0.5, receptive_field=8, rng=np.random.default_rng(seed)
        )
        assert split.training[1].any()


def strokes(positions: list[tuple[int, int, int]], side: int = 128) -> np.ndarray:
    labels = np.zeros((1, side, side), dtype=np.uint8)
    for y, x, code in positions:
        labels[0, y : y + 4, x : x + 4] = code
    return labels


@given(
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120), st.integers(1, 2)), min_size=1, max_size=12),
    st.integers(5, 50),
)
def test_held_out_strokes_are_a_receptive_field_away_from_training(positions, receptive_field):
    labels = strokes(positions)
    split = split_labels([labels], fraction=0.3, receptive_field=receptive_field, rng=rng())
    training, validation = split.training[0], split.validation[0]
    assert np.array_equal(np.maximum(training, validation), labels)
    assert set(np.unique(training[training > 0])) == set(np.unique(labels[labels > 0]))
    if validation.any():
        assert not (training.astype(bool) & validation.astype(bool)).any()
        distance = distance_transform_cdt(training[0] == 0, metric="chessboard")
        assert distance[validation[0] > 0].min() > receptive_field


def test_far_strokes_are_held_out():
    labels = strokes([(0, 0, 1), (6, 6, 2), (110, 110, 1), (116, 116, 2)])
    split = split_labels([labels], fraction=0.5, receptive_field=20, rng=rng())
    assert split.training[0].any()
    assert split.validation[0].any()


@pytest.mark.parametrize("fraction", [0.0, 0.2])
def test_without_anything_to_spare_there_is_no_held_out_data(fraction):
    labels = strokes([(50, 50, 1), (56, 56, 2)])
    split = split_labels([labels], fraction=fraction, receptive_field=20, rng=rng())
    assert split.description == "no held-out data"
    assert np.array_equal(split.training[0], labels)
    assert not split.validation[0].any()
