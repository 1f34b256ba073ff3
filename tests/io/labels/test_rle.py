from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from napari_strata.errors import LabelsError
from napari_strata.io.labels.rle import (
    MaskBudget,
    check_counts,
    counts_of_string,
    fold_rows,
    string_of_mask,
    unfold_columns,
    unfold_rows,
)

PATH = Path("file")
masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=40))


def whole(mask, size):
    pixels = np.zeros(size, bool)
    if mask is not None:
        height, width = mask.pixels.shape
        pixels[mask.top : mask.top + height, mask.left : mask.left + width] = mask.pixels
    return pixels


@given(masks)
def test_masks_fold_and_unfold_to_themselves(mask):
    counts = check_counts(fold_rows(mask), mask.shape, MaskBudget(PATH), where="it")
    assert np.array_equal(whole(unfold_rows(counts, mask.shape, MaskBudget(PATH)), mask.shape), mask)


@given(masks)
def test_only_the_part_that_holds_the_object_is_unfolded(mask):
    unfolded = unfold_rows(np.array(fold_rows(mask)), mask.shape, MaskBudget(PATH))
    if not mask.any():
        assert unfolded is None
    else:
        assert unfolded.pixels[0].any()
        assert unfolded.pixels[-1].any()
        assert unfolded.pixels.sum() == mask.sum()


@given(masks)
def test_strings_say_what_pycocotools_says(mask):
    text = coco.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()
    assert string_of_mask(mask) == text
    counts = counts_of_string(text, MaskBudget(PATH), where="it")
    checked = check_counts(counts, mask.shape, MaskBudget(PATH), where="it")
    assert np.array_equal(whole(unfold_columns(checked, mask.shape, MaskBudget(PATH)), mask.shape), mask)


def test_runs_go_along_the_rows_of_cvat_and_down_the_columns_of_coco():
    counts = np.array([1, 2, 3])
    assert whole(unfold_rows(counts, (2, 3), MaskBudget(PATH)), (2, 3)).tolist() == [[0, 1, 1], [0, 0, 0]]
    assert whole(unfold_columns(counts, (2, 3), MaskBudget(PATH)), (2, 3)).tolist() == [[0, 1, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    "counts",
    [[1, 2], [1, 2, 4], [-1, 7], [1.5, 4.5], ["6"], "6", None, [[6]], [6, []], [2**62, 2**62, 2**62, 2**62, 6]],
)
def test_runs_that_do_not_fill_the_mask_are_refused(counts):
    with pytest.raises(LabelsError, match="run"):
        check_counts(counts, (2, 3), MaskBudget(PATH), where="A mask")


@pytest.mark.parametrize("text", ["", "P", "0P", "0 ", "0é", "ppppppp1", "0\x00"])
def test_what_is_no_coco_string_is_refused(text):
    with pytest.raises(LabelsError, match=r"COCO string|35 bits"):
        counts_of_string(text, MaskBudget(PATH), where="A mask")


@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=20))
def test_any_string_is_runs_or_refused(text):
    try:
        check_counts(counts_of_string(text, MaskBudget(PATH), where="it"), (3, 3), MaskBudget(PATH), where="it")
    except LabelsError:
        return


def test_masks_that_would_fill_the_memory_are_refused_before_they_do():
    budget = MaskBudget(PATH)
    with pytest.raises(LabelsError, match="more than 536,870,912 pixels"):
        for _ in range(9):
            budget.spend(pixels=2**26)
    with pytest.raises(LabelsError, match="more than 4,000,000 runs"):
        MaskBudget(PATH).spend(runs=4_000_001)


def test_the_masks_of_a_folder_may_have_more_pixels_than_those_of_a_file(tmp_path):
    MaskBudget.of_folder(tmp_path).spend(pixels=2**30)
    file = tmp_path / "one.png"
    file.touch()
    with pytest.raises(LabelsError, match="more than 536,870,912 pixels"):
        MaskBudget.of_folder(file).spend(pixels=2**30)
