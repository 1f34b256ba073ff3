import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_strata.errors import LabelsError
from napari_strata.evaluate.counts import Counts
from napari_strata.evaluate.segmentation import SCORES, match_layers, mean_scores, score_masks

CODES = st.integers(0, 4)
MASKS = st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.uint8, shape, elements=CODES)
)


def masks(*rows: str) -> np.ndarray:
    """One image of one layer, a digit per pixel."""
    return np.array([[[[int(digit) for digit in row] for row in rows]]], dtype=np.uint8)


def test_scores_follow_from_counted_pixels() -> None:
    (score,) = score_masks(masks("2221", "1111"), masks("1222", "2111"))
    assert score.counts == Counts(hits=2, extras=1, misses=2)
    assert score.scores == pytest.approx(
        {"iou": 0.4, "dice": 4 / 7, "precision": 2 / 3, "recall": 0.5, "f1": 4 / 7}
    )


def test_pixels_that_the_truth_does_not_label_do_not_count() -> None:
    (score,) = score_masks(masks("2222", "2211"), masks("2201", "0011"))
    assert score.counts == Counts(hits=2, extras=1, misses=0)


def test_an_unlabelled_pixel_of_the_prediction_counts_as_background() -> None:
    (score,) = score_masks(masks("2001"), masks("2211"))
    assert score.counts == Counts(hits=1, extras=0, misses=1)


def test_a_class_confused_with_another_is_an_extra_and_a_miss() -> None:
    two, three = score_masks(masks("2233"), masks("2223"))
    assert (two.code, two.counts) == (2, Counts(hits=2, extras=0, misses=1))
    assert (three.code, three.counts) == (3, Counts(hits=1, extras=1, misses=0))


def test_swapped_layers_cost_nothing() -> None:
    truth = np.ones((1, 2, 4, 4), np.uint8)
    truth[0, 0, 0], truth[0, 1, 3] = 2, 2
    scores = score_masks(truth[:, ::-1], truth)
    assert mean_scores(scores) == dict.fromkeys(SCORES, 1.0)
    assert [(score.layer, score.predicted_layer) for score in scores] == [(0, 1), (1, 0)]


def test_each_image_takes_its_own_permutation() -> None:
    truth = np.ones((2, 2, 4, 4), np.uint8)
    truth[:, 0, 0], truth[:, 1, 3] = 2, 2
    predicted = truth.copy()
    predicted[1] = predicted[1, ::-1]
    assert mean_scores(score_masks(predicted, truth))["iou"] == 1.0


def test_layers_swapped_inside_one_image_do_cost() -> None:
    truth = np.ones((1, 2, 4, 4), np.uint8)
    truth[0, 0, 0], truth[0, 1, 3] = 2, 2
    predicted = truth.copy()
    predicted[..., 2:] = predicted[:, ::-1, :, 2:]
    assert mean_scores(score_masks(predicted, truth))["iou"] == pytest.approx(2 / 6)


def test_the_best_of_all_permutations_of_three_layers_is_taken() -> None:
    truth = np.ones((3, 1, 6), np.uint8)
    for layer in range(3):
        truth[layer, 0, 2 * layer : 2 * layer + 2] = 2
    assert match_layers(truth[[2, 0, 1]], truth) == (1, 2, 0)


def test_the_mean_runs_over_images_layers_and_classes_that_occur() -> None:
    truth = np.concatenate([masks("2211"), masks("3311")])
    predicted = np.concatenate([masks("2211"), masks("3111")])
    scores = mean_scores(score_masks(predicted, truth))
    assert scores == pytest.approx({"iou": 0.75, "dice": 5 / 6, "precision": 1, "recall": 0.75, "f1": 5 / 6})


def test_a_class_that_is_nowhere_in_an_image_has_no_score_there() -> None:
    scores = score_masks(masks("2211"), masks("2211")) + score_masks(masks("3"), masks("3"))
    assert mean_scores(scores)["dice"] == 1.0
    assert math.isnan(Counts().iou)


def test_a_class_that_was_missed_altogether_scores_zero() -> None:
    (score,) = score_masks(masks("1111"), masks("1221"))
    assert score.scores == dict.fromkeys(SCORES, 0.0)


def test_a_class_that_is_not_in_the_truth_scores_zero() -> None:
    (score,) = score_masks(masks("1221"), masks("1111"))
    assert score.scores == dict.fromkeys(SCORES, 0.0)


@pytest.mark.parametrize(
    ("predicted", "truth", "message"),
    [
        (masks("221"), masks("2211"), "shape"),
        (masks("2211")[0], masks("2211")[0], "shape"),
        (np.ones((1, 2, 4, 4), np.uint8), np.ones((1, 1, 4, 4), np.uint8), "same number of layers"),
        (masks("2211"), masks("0000"), "label no pixel"),
        (masks("1111"), masks("1111"), "hold any class"),
        (masks("2111"), masks("0111"), "hold any class"),
    ],
)
def test_masks_that_cannot_be_compared_are_refused(predicted: np.ndarray, truth: np.ndarray, message: str) -> None:
    with pytest.raises(LabelsError, match=message):
        score_masks(predicted, truth)


@given(truth=MASKS)
def test_identical_masks_score_one(truth: np.ndarray) -> None:
    truth[0, 0, 0, 0] = 2
    assert mean_scores(score_masks(truth, truth)) == dict.fromkeys(SCORES, 1.0)


@given(data=st.data(), truth=MASKS)
def test_the_order_of_predicted_layers_never_matters(data: st.DataObject, truth: np.ndarray) -> None:
    truth[0, 0, 0, 0] = 2
    predicted = truth[:, data.draw(st.permutations(range(truth.shape[1])))]
    assert mean_scores(score_masks(predicted, truth)) == dict.fromkeys(SCORES, 1.0)


@given(data=st.data(), truth=MASKS)
def test_scores_are_parts_and_iou_is_the_strictest(data: st.DataObject, truth: np.ndarray) -> None:
    truth[0, 0, 0, 0] = 2
    for score in score_masks(data.draw(arrays(np.uint8, truth.shape, elements=CODES)), truth):
        s = score.scores
        if not math.isnan(s["iou"]):
            assert 0 <= s["iou"] <= s["dice"] <= max(s["precision"], s["recall"]) <= 1
