"""``napari-strata what-if`` and ``smallest-change`` from words to figures."""

import json

import numpy as np
import pytest
import tifffile

from napari_strata.cli.what_if import what_if_words
from napari_strata.io.images import read_image


def test_an_erased_mask_is_told_and_written(strata, asked, tmp_path):
    mask = np.zeros((64, 64), np.uint8)
    mask[28:35, 38:45] = 1
    tifffile.imwrite(tmp_path / "mask.tif", mask)
    call = strata("what-if", *asked, "--mask", tmp_path / "mask.tif", "--out", tmp_path / "out", "--json")
    assert call.code == 0, call.err
    figures = call.report["figures"]
    assert figures["score_before"] > 0 > figures["score"]
    assert figures["region_px"] == 49
    assert figures["changed_class_px"] > 0
    assert json.loads((tmp_path / "out" / "what_if.json").read_text())["what_if"]["change"] == "erase"
    assert read_image(tmp_path / "out" / "image.tif").stack.pixel_size == pytest.approx(0.2)
    assert "->" in strata("what-if", *asked, "--change", "blur", "--blur", "0.6").out


@pytest.mark.parametrize(("shift", "is_out"), [("2", False), ("500", True), ("-500", True)])
def test_a_region_that_is_moved_out_of_the_image_is_said_to_be(strata, asked, shift, is_out):
    call = strata("what-if", *asked, "--change", "shift", "--shift-y", shift)
    assert call.code == 0, call.err
    assert ("The region is moved out of the image" in call.out) == is_out


def test_scores_are_told_as_the_dock_tells_them():
    told = {"probability": None, "vanished": None}
    assert list(what_if_words({"score_before": 2345.678, "score": -9.48e-05, **told})) == [
        "Score 2,350 -> 0.00 (mean log-odds)"
    ]
    assert list(what_if_words({"score_before": 12.346, "score": -0.01234, **told})) == [
        "Score 12.3 -> -0.0123 (mean log-odds)"
    ]


@pytest.mark.parametrize("command", ["what-if", "smallest-change"])
def test_a_mask_that_is_none_is_told_with_its_file(strata, asked, tmp_path, command):
    for shape, said in (
        ((9, 9), "mask.tif has the shape (9, 9), the image (64, 64)"),
        ((64, 64), "holds no pixel"),
    ):
        tifffile.imwrite(tmp_path / "mask.tif", np.zeros(shape, np.uint8))
        call = strata(command, *asked, "--mask", tmp_path / "mask.tif")
        assert call.code == 1
        assert said in call.err


def test_the_smallest_change_is_told_in_words(strata, asked, tmp_path):
    call = strata("smallest-change", *asked, "--bound", "9", "--reach", "0.3", "--out", tmp_path / "out")
    assert call.code == 0, call.err
    assert "of the shot noise (RMS in the region)" in call.out
    for name in ("image.tif", "change.tif", "masks.tif"):
        assert read_image(tmp_path / "out" / name).stack.pixel_size == pytest.approx(0.2)
    assert tifffile.imread(tmp_path / "out" / "change.tif").any()


@pytest.mark.parametrize(
    "more",
    [
        ("--change", "melt"),
        ("--part", "2"),
        ("--blur", "0.5"),
        ("--change", "erase", "--shift-y", "2"),
        ("--change", "shift", "--shift-y", "2", "--strength", "1"),
    ],
)
def test_what_is_no_change_is_wrong_usage(strata, asked, more):
    assert strata("what-if", *asked, *more).code == 2


@pytest.mark.parametrize("command", ["what-if", "smallest-change", "judge"])
def test_an_atom_that_is_too_far_is_found_with_the_larger_tolerance_that_the_error_names(strata, asked, command):
    model, image = asked[:2]
    near = (command, model, image, "--at", "31.6,41.4", "--device", "cpu", "--json")
    call = strata(*near, "--tolerance", "0.05")
    assert call.report["error"]["remedy"] == "Pick nearer to an atom, or allow a larger tolerance."
    call = strata(*near, "--tolerance", "0.5", *(("--measure", "curves") if command == "judge" else ()))
    assert call.code == 0, call.err
