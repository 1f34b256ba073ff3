import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lattices import atoms, cell
from napari_strata.io.atom_tables import write_atoms
from napari_strata.io.images import write_images
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
    assert re.match(r"  twist of layers 0 and 1: 28\.[89]\d+ ± 0\.0\d+ degrees", lines[2])
    assert any("hexagonal: a 2.4" in line for line in lines)


def test_a_family_can_be_stated(strata: Strata, table: Path) -> None:
    [frame] = strata("lattice", table, "--family", "oblique", "--json").report["figures"]["frames"]
    assert frame["shared_affine"] is None
    assert any("may have any shape" in gap for gap in frame["gaps"])


def test_a_family_that_the_positions_contradict_is_doubted(strata: Strata, table: Path) -> None:
    words = strata("lattice", table, "--family", "square").out
    assert words.count("the cell is hardly square: it would have to be stretched by") == 2
    assert "state another family, or none" in words
    assert not any(f"  {figure}" in words for figure in ("twist of", "distortion of", "moiré"))


def test_one_layer_has_no_twist_and_no_test_without_degrees_of_freedom(strata: Strata, table: Path) -> None:
    one = pd.read_csv(table).query("layer == 0")
    write_atoms(one, table)
    words = strata("lattice", table).out
    assert "against the ideal cell of the same area it is stretched 1.000" in words
    assert "no smooth distortion of the scan makes held-out atoms fit better" in words
    assert not any(word in words for word in ("twist of", "moiré predicted", "chi-square", "e-", "× 10^"))


def test_layers_that_share_no_distortion_are_told_no_stretch(strata: Strata, table: Path) -> None:
    atoms_ = pd.read_csv(table)
    atoms_.loc[atoms_["layer"] == 1, ["y_A", "y_px"]] *= 0.98
    write_atoms(atoms_, table)
    words = strata("lattice", table).out
    assert "distortion of the scan: one for all layers does not fit; chi-square" in words
    assert "stretched" not in words


def test_of_three_layers_every_moire_names_its_two(strata: Strata, table: Path) -> None:
    atoms_ = pd.read_csv(table)
    third = atoms(cell(2.46, angle=50.0), 25.0, jitter=0.02)[0]
    rows = atoms_.query("layer == 0").iloc[[0] * len(third)].assign(layer=2, y_A=third[:, 0], x_A=third[:, 1])
    write_atoms(pd.concat([atoms_, rows.assign(y_px=rows["y_A"] / 0.2, x_px=rows["x_A"] / 0.2)]), table)
    words = strata("lattice", table).out
    assert "moiré predicted of layers 0 and 1: 4.9" in words
    assert "moiré predicted of layers 1 and 2: 8.2" in words


def test_a_table_without_atoms_is_refused_with_what_to_do(strata: Strata, table: Path) -> None:
    write_atoms(pd.read_csv(table).iloc[:0], table)
    call = strata("lattice", table)
    assert (call.code, call.err.strip().splitlines()[-1]) == (
        1,
        "Error: The table has no atoms. Check that it is the right one, or locate them again with a smaller"
        " 'Min probability'.",
    )


@pytest.mark.parametrize(
    ("stated", "verdict"),
    [
        (0.02, "the lattice explains the positions within their uncertainties"),
        (
            0.01,
            r"positions scatter (1\.\d|2|2\.\d) times as much as their uncertainties say \(p below 0\.001\); real",
        ),
    ],
)
def test_people_read_whether_a_lattice_explains_its_atoms(
    strata: Strata, table: Path, stated: float, verdict: str
) -> None:
    write_atoms(pd.read_csv(table).assign(sigma_y=stated, sigma_x=stated, flag=""), table)
    out = strata("lattice", table).out
    assert len(re.findall(verdict, out)) == 2


def test_maps_of_all_atoms_are_one_line(strata: Strata, table: Path, tmp_path: Path) -> None:
    lines = strata("lattice", table, "--maps-out", tmp_path / "maps.csv").out.splitlines()
    assert len([line for line in lines if "mapped: " in line]) == 1
    assert not any("all atoms" in line or "std" in line for line in lines)


def test_a_pixel_size_without_an_image_is_wrong_usage(strata: Strata, table: Path) -> None:
    assert strata("lattice", table, "--pixel-size", 0.1, "--json").code == 2


@pytest.mark.parametrize("ending", ["csv", "npz", "tif"])
def test_maps_go_to_a_file(strata: Strata, table: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"maps.{ending}"
    call = strata("lattice", table, "--maps-out", out, "--without-field", "--json")
    assert call.report["paths"] == {"maps": str(out)}
    if ending == "csv":
        maps = pd.read_csv(out, skiprows=2)
        assert len(maps) == len(pd.read_csv(table))
        assert maps["bond"].median() == pytest.approx(2.46 / 3**0.5, abs=0.01)
        assert {"displacement_y", "exx", "eyy", "exy", "rotation", "stacking", "nearest"} <= set(maps)
    if ending == "npz":
        with np.load(out, allow_pickle=False) as archive:
            assert archive["exx"].shape[:2] == (1, 2) and float(archive["pixel_size_A"]) == pytest.approx(0.2)


def test_maps_are_described_in_regions(strata: Strata, table: Path, tmp_path: Path) -> None:
    corners = [(20, 20), (20, 60), (60, 60), (60, 20)]
    lines = [f"0,rectangle,{i},{y},{x}" for i, (y, x) in enumerate(corners)]
    shapes = tmp_path / "shapes.csv"
    shapes.write_text("\n".join(["index,shape-type,vertex-index,axis-0,axis-1", *lines]))
    [frame] = strata("lattice", table, "--regions", shapes, "--json").report["figures"]["frames"]
    [row] = [r for r in frame["regions"] if (r["region"], r["layer"], r["map"]) == ("shape 1", 0, "nearest")]
    inside = pd.read_csv(table).query("layer == 0 and 20 < y_px < 60 and 20 < x_px < 60")
    assert (row["atoms"], row["unit"]) == (len(inside), "Å")
    words = strata("lattice", table, "--regions", shapes).out
    assert "shape 1, layer 0" in words and re.search(r"nearest: mean 1\.\d+, std 0\.0\d+ Å", words)


def test_maps_need_an_ending_that_tells_their_format(strata: Strata, table: Path, tmp_path: Path) -> None:
    call = strata("lattice", table, "--maps-out", tmp_path / "maps.doc", "--json")
    assert call.code != 0 and ".npz" in str(call.report["error"])
    assert strata("lattice", table, "--without-field").code == 2


def test_an_image_of_another_pixel_size_than_its_atoms_is_refused(
    strata: Strata, table: Path, tmp_path: Path
) -> None:
    write_images(np.random.default_rng(0).random((1, 125, 125), np.float32), tmp_path / "m.tif", pixel_size=0.2)
    call = strata("lattice", table, "--image", tmp_path / "m.tif", "--pixel-size", 0.25)
    assert call.code == 1
    assert "The positions in the table were made with 0.2 Å per pixel, and m has 0.25 Å." in call.err
