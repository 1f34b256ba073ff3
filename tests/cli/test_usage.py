import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_strata import __version__
from napari_strata.config import AtomsConfig

Strata = Callable[..., Any]

REGION = ("explain", "m", "i", "--out", "h", "--region", "r.tif")
WRONG = {
    "an unknown command": ("segment",),
    "an unknown option": ("simulate", "out", "--colour", "red"),
    "a missing argument": ("predict", "model", "--out", "dir"),
    "a missing option": ("predict", "model", "image.tif"),
    "a value that is no number": ("simulate", "out", "--images", "many"),
    "a number below its bound": ("simulate", "out", "--images", "0"),
    "a value that is no choice": ("simulate", "out", "--material", "cheese"),
    "an option out of its field's range": ("predict", "m", "i.tif", "--out", "d", "--tile-size", "3"),
    "a threshold out of its field's range": ("atoms", "m", "i.tif", "--out", "d", "--min-probability", "1"),
    "masks and atoms": ("evaluate", "--masks", "a", "--atoms", "b", "--truth", "c"),
    "neither masks nor atoms": ("evaluate", "--truth", "c"),
    "a tolerance for masks": ("evaluate", "--masks", "a", "--truth", "b", "--tolerance", "1"),
    "a tolerance of zero": ("evaluate", "--atoms", "a", "--truth", "b", "--tolerance", "0"),
    "a pixel size of zero": ("predict", "m", "i.tif", "--out", "d", "--pixel-size", "0"),
    "a pixel size below zero": ("atoms", "m", "i.tif", "--pixel-size", "-1"),
    "an atom without a position": ("explain", "m", "i", "--out", "h"),
    "a position that is none": ("explain", "m", "i", "--out", "h", "--at", "12"),
    "a position that is nowhere": ("explain", "m", "i", "--out", "h", "--at", "nan,3"),
    "a region without a file": ("explain", "m", "i", "--out", "h", "--target", "region"),
    "a region and a position": (*REGION, "--target", "region", "--at", "1,2"),
    "a file of a region for an atom": (*REGION, "--at", "1,2"),
    "a layer below 0": ("explain", "m", "i", "--out", "h", "--at", "1,2", "--layer", "-1"),
    "an instance without a number": (*REGION, "--target", "instance"),
    "a number of no instance": (*REGION, "--target", "region", "--label", "3"),
    "a slice and a position": ("explain", "m", "i", "--out", "h", "--at", "1,2", "--target", "slice"),
    "rather than nobody knows what": ("explain", "m", "i", "--out", "h", "--at", "1,2", "--rather-than", "tea"),
    "rather than a layer that is no number": (
        *("explain", "m", "i", "--out", "h", "--at", "1,2", "--rather-than", "layer:up"),
    ),
    "nothing to write": ("explain", "m", "i", "--at", "1,2"),
    "a setting that is none": ("explain", "m", "i", "--out", "h", "--at", "1,2", "--set", "leaves=3"),
    "a setting out of its range": ("explain", "m", "i", "--out", "h", "--at", "1,2", "--set", "steps=1"),
    "a target of a map that says its own": ("explain", "m", "i", "--out", "h", "--at", "1,2", "--again", "h.tif"),
    "a method that is none": ("explain", "m", "i", "--out", "h", "--at", "1,2", "--method", "tea leaves"),
}


@pytest.mark.parametrize("words", WRONG.values(), ids=WRONG)
def test_wrong_usage_exits_2_with_a_line_and_a_json_object(strata: Strata, words: tuple[str, ...]) -> None:
    call = strata(*words, "--json")
    assert call.code == 2
    assert call.err.startswith("Error: ")
    assert len(call.err.splitlines()) == 1
    assert call.report["finish_reason"] == "failed"
    assert call.report["error"]["type"] == "UsageError"
    assert call.report["error"]["remedy"].startswith("See napari-strata")


def test_wrong_usage_without_json_leaves_stdout_empty(strata: Strata) -> None:
    assert strata("simulate").out == ""


def test_an_option_out_of_range_is_named_with_its_bound(strata: Strata) -> None:
    err = strata("predict", "m", "i.tif", "--out", "d", "--tile-size", "3").err
    assert "--tile-size" in err
    assert "greater than or equal to 64" in err


def test_a_value_that_is_no_choice_is_named_with_the_choices(strata: Strata) -> None:
    err = strata("lattice", "atoms.csv", "--family", "cubic").err
    assert "Invalid value for '--family': 'cubic' is not one of 'hexagonal', 'square'," in " ".join(err.split())


def test_a_setting_that_is_none_is_told_from_one_without_a_value(strata: Strata) -> None:
    asked = ("explain", "m", "i", "--out", "h", "--at", "1,2", "--set")
    assert "'stepz' is no setting; settings are target_radius, samples," in " ".join(
        strata(*asked, "stepz=3").err.split()
    )
    assert "'steps' is no NAME=VALUE; settings are" in " ".join(strata(*asked, "steps").err.split())


def test_a_contradiction_between_option_and_configuration_is_wrong_usage(strata: Strata, tmp_path: Path) -> None:
    (tmp_path / "train.yaml").write_text("name: a\n")
    call = strata("train", tmp_path / "train.yaml", "--out", tmp_path / "run", "--time-limit", "0", "--json")
    assert call.code == 2
    assert call.report["error"]["type"] == "UsageError"


def test_no_words_at_all_print_the_help_and_exit_2(strata: Strata) -> None:
    call = strata()
    assert call.code == 2
    assert "evaluate" in call.out


def test_the_version_is_the_package_s(strata: Strata) -> None:
    call = strata("--version")
    assert call.code == 0
    assert call.out == f"napari-strata {__version__}\n"


@pytest.mark.parametrize("command", ["simulate", "train", "predict", "atoms", "explain", "evaluate"])
def test_every_command_explains_itself(strata: Strata, command: str) -> None:
    call = strata(command, "--help")
    assert call.code == 0
    assert "--json" in call.out


def test_help_is_made_from_the_settings(strata: Strata) -> None:
    text = " ".join(strata("atoms", "--help").out.split())
    field = AtomsConfig.model_fields["min_distance"]
    assert f"{field.description} (above 0, at most 100, default {field.default})" in text


def test_the_command_line_starts_without_heavy_packages() -> None:
    heavy = ["torch", "napari", "qtpy", "pandas", "scipy", "skimage", "captum", "lightning_fabric", "tifffile"]
    code = f"import sys, napari_strata.cli; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
