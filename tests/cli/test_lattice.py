import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lattices import atoms, cell
from napari_strata.io.atom_tables import write_atoms
from napari_strata.types import ATOM_COLUMNS

Strata = Callable[..., Any]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    layers = [atoms(cell(2.46, angle=t), 25.0, jitter=0.02)[0] for t in (4.0, 32.9)]
    rows = [("m", 0, i, "C", y / 0.2, x / 0.2, y, x, 1.0) for i, p in enumerate(layers) for y, x in p]
    write_atoms(pd.DataFrame(rows, columns=list(ATOM_COLUMNS)), tmp_path / "atoms.csv")
    return tmp_path / "atoms.csv"


def test_programs_read_figures_with_uncertainties(strata: Strata, table: Path) -> None:
    call = strata("lattice", table, "--json")
    assert call.code == 0
    [frame] = call.report["figures"]["frames"]
    for layer in frame["layers"]:
        names = ("a_A", "b_A", "gamma_deg", "orientation_deg")
        assert all(np.isfinite(layer[name]) and layer[f"{name}_sigma"] > 0 for name in names)
    assert frame["twists"][0]["twist_deg"] == pytest.approx(28.9, abs=0.1)
    assert frame["shared_affine"]["degrees_of_freedom"] == 2


def test_people_read_values_with_their_uncertainties(strata: Strata, table: Path) -> None:
    lines = strata("lattice", table).out.splitlines()
    assert lines[0] == "Completed."
    assert any(re.match(r"  twist of layers 0 and 1: 28\.[89]\d+ ± 0\.0\d+ degrees", line) for line in lines)
    assert any("hexagonal: a 2.4" in line for line in lines)


def test_a_family_can_be_stated(strata: Strata, table: Path) -> None:
    [frame] = strata("lattice", table, "--family", "oblique", "--json").report["figures"]["frames"]
    assert frame["shared_affine"] is None
    assert any("may have any shape" in gap for gap in frame["gaps"])


def test_a_pixel_size_without_an_image_is_wrong_usage(strata: Strata, table: Path) -> None:
    assert strata("lattice", table, "--pixel-size", 0.1, "--json").code == 2
