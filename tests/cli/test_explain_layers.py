"""``napari-strata explain-layers`` on a model whose weights were set by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bright_network import save_bright
from napari_strata.io.images import write_images

Strata = Callable[..., Any]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder: Path = save_bright(tmp_path / "model", architecture="unet", layers=1)
    return folder


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "spots.tif"
    write_images(np.random.default_rng(0).random((2, 24, 32), np.float32), path, pixel_size=0.2)
    return path


def test_the_feature_maps_are_listed_for_people_and_for_machines(strata: Strata, model: Path) -> None:
    out = strata("explain-layers", model).out
    assert "encoder, level 2: 4 channels, pixels of 2 px, each sees 14 px" in out
    figures = strata("explain-layers", model, "--json").report["figures"]
    assert list(figures["feature_maps"]) == ["encoder, level 1", "encoder, level 2", "decoder 0, level 1"]


def test_everything_is_written_without_a_screen(strata: Strata, model: Path, image: Path, tmp_path: Path) -> None:
    where = ("--out", tmp_path / "out", "--feature-map", "encoder, level 1", "--frame", 1)
    call = strata("explain-layers", model, image, *where, "--channel", 0, "--invert", "--steps", 5, "--json")
    assert call.code == 0
    assert set(call.report["paths"]) == {
        "kernels",
        "kernels_picture",
        "activations",
        "patches",
        "patches_picture",
        "inversion",
    }
    assert all(Path(path).is_file() for path in call.report["paths"].values())
    assert 0 < call.report["figures"]["error"] < 2


def test_a_feature_map_that_does_not_exist_is_refused_with_those_that_do(
    strata: Strata, model: Path, image: Path, tmp_path: Path
) -> None:
    call = strata("explain-layers", model, image, "--out", tmp_path, "--feature-map", "bottleneck", "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "MethodError"
    assert "encoder, level 2" in call.report["error"]["remedy"]


@pytest.mark.parametrize(
    "words", [("i.tif",), ("--channel", "1"), ("--invert",), ("i.tif", "--out", "d", "--steps", "0")]
)
def test_what_does_not_go_together_is_wrong_usage(strata: Strata, words: tuple[str, ...]) -> None:
    assert strata("explain-layers", "m", *words).code == 2
