from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from napari_strata.io.atom_tables import TRUTH_COLUMNS, write_atoms
from napari_strata.io.masks import write_masks

Strata = Callable[..., Any]


@pytest.fixture
def truth(tmp_path: Path) -> np.ndarray:
    masks = np.ones((2, 2, 8, 8), np.uint8)
    masks[:, 0, :2], masks[:, 1, 6:] = 2, 2
    write_masks(masks, tmp_path / "truth.tif")
    return masks


def write_table(path: Path, *positions: tuple[float, float]) -> None:
    rows = [("images", 0, 0, "C", y / 0.2, x / 0.2, y, x) for y, x in positions]
    write_atoms(pd.DataFrame(rows, columns=list(TRUTH_COLUMNS)), path)


def test_swapped_layers_score_one(strata: Strata, truth: np.ndarray, tmp_path: Path) -> None:
    write_masks(truth[:, ::-1].copy(), tmp_path / "found.tif")
    call = strata("evaluate", "--masks", tmp_path / "found.tif", "--truth", tmp_path / "truth.tif", "--json")
    assert call.code == 0
    scores = dict.fromkeys(("iou", "dice", "precision", "recall", "f1"), 1.0)
    assert call.report["figures"] == {**scores, "images": 2, "layers": 2}


def test_masks_of_other_shapes_fail(strata: Strata, truth: np.ndarray, tmp_path: Path) -> None:
    write_masks(truth[:1], tmp_path / "found.tif")
    call = strata("evaluate", "--masks", tmp_path / "found.tif", "--truth", tmp_path / "truth.tif", "--json")
    assert call.code == 1
    assert call.report["error"]["type"] == "LabelsError"


def test_atoms_are_scored_within_the_tolerance(strata: Strata, tmp_path: Path) -> None:
    write_table(tmp_path / "truth.csv", (0, 0), (0, 2), (0, 4))
    write_table(tmp_path / "found.csv", (0, 0.3), (0, 2.6))
    words = ("evaluate", "--atoms", tmp_path / "found.csv", "--truth", tmp_path / "truth.csv", "--json")
    figures = strata(*words, "--tolerance", 0.4).report["figures"]
    assert (figures["precision"], figures["recall"]) == (0.5, pytest.approx(1 / 3))
    assert figures["f1"] == pytest.approx(0.4)
    assert figures["rmse_A"] == pytest.approx(0.3)
    assert strata(*words, "--tolerance", 0.7).report["figures"]["precision"] == 1.0


def test_scores_without_any_atom_are_null(strata: Strata, tmp_path: Path) -> None:
    write_table(tmp_path / "none.csv")
    call = strata("evaluate", "--atoms", tmp_path / "none.csv", "--truth", tmp_path / "none.csv", "--json")
    assert call.code == 0
    assert {call.report["figures"][name] for name in ("precision", "recall", "f1", "rmse_A")} == {None}


def test_scores_of_each_image_go_to_a_file(strata: Strata, truth: np.ndarray, tmp_path: Path) -> None:
    paths = ("--masks", tmp_path / "truth.tif", "--truth", tmp_path / "truth.tif", "--out", tmp_path / "s.csv")
    assert strata("evaluate", *paths, "--json").report["paths"] == {"scores": str(tmp_path / "s.csv")}
    assert len((tmp_path / "s.csv").read_text().splitlines()) == 5


def test_people_read_the_scores(strata: Strata, truth: np.ndarray, tmp_path: Path) -> None:
    out = strata("evaluate", "--masks", tmp_path / "truth.tif", "--truth", tmp_path / "truth.tif").out
    assert out.splitlines()[:2] == ["Completed.", "  iou        1"]
