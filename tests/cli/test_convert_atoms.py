from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from napari_strata.io.atom_tables import read_atoms, write_atoms
from napari_strata.types import ATOM_COLUMNS


def test_atoms_are_converted_by_the_endings_of_the_files(strata: Callable[..., Any], tmp_path: Path) -> None:
    row = dict(zip(ATOM_COLUMNS, ("a", 0, 1, "C", 15.0, 25.0, 1.5, 2.5, 0.9), strict=True))
    write_atoms(pd.DataFrame([row]), tmp_path / "a.csv")
    call = strata("convert-atoms", tmp_path / "a.csv", tmp_path / "a.extxyz", "--json")
    assert call.code == 0
    assert call.report["figures"] == {"atoms": 1, "layers": [1]}
    assert strata("convert-atoms", tmp_path / "a.extxyz", tmp_path / "b.csv", "--units").code == 0
    pd.testing.assert_frame_equal(read_atoms(tmp_path / "b.csv"), read_atoms(tmp_path / "a.csv"))


@pytest.mark.parametrize("size", ["0", "-1"])
def test_a_pixel_size_that_cannot_be_is_wrong_usage(strata: Callable[..., Any], tmp_path: Path, size: str) -> None:
    assert strata("convert-atoms", tmp_path / "a.xyz", tmp_path / "a.csv", "--pixel-size", size).code == 2
