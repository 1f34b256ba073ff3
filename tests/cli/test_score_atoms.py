import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_strata.types import ATOM_COLUMNS
from two_faced import save_two_faced

BRIGHT, DARK = [(10, 20), (30, 12), (30, 40)], [(20, 30), (10, 45)]


@pytest.fixture
def inputs(tmp_path):
    """Write model, image and atoms; return their paths."""
    data = np.zeros((40, 50), np.float32)
    rows = []
    for layer, (sign, positions) in enumerate(((1, BRIGHT), (-1, DARK))):
        for y, x in positions:
            data[y - 1 : y + 2, x - 1 : x + 2] = sign
            rows.append(("spots", 0, layer, "C", float(y), float(x), y * 0.2, x * 0.2, 1.0))
    tifffile.imwrite(tmp_path / "spots.tif", data)
    pd.DataFrame(rows, columns=list(ATOM_COLUMNS)).to_csv(tmp_path / "atoms.csv", index=False)
    return [save_two_faced(tmp_path / "model"), tmp_path / "spots.tif", tmp_path / "atoms.csv"]


def test_the_atoms_of_a_layer_get_their_scores_in_a_file_and_as_json(strata, inputs, tmp_path):
    out = tmp_path / "scores.csv"
    options = ("--pixel-size", "0.2", "--layer", "0", "--disk", "0.8", "--device", "cpu", "--json")
    call = strata("score-atoms", *inputs, "--out", out, *options)
    assert call.code == 0, call.err
    assert call.report["figures"]["atoms"] == 3
    assert call.report["figures"]["means"]["why_itself"] == pytest.approx(1)
    written = pd.read_csv(out)
    assert set(written["layer"]) == {0}
    assert written["why_own"].to_numpy() == pytest.approx([1, 1, 1])


def test_people_read_a_line_for_each_score(strata, inputs):
    call = strata("score-atoms", *inputs, "--pixel-size", "0.2", "--disk", "0.8", "--device", "cpu")
    assert "5 of 5 atoms" in call.out
    assert "why_own: 1 on average" in call.out


def test_a_layer_without_atoms_is_refused_with_those_that_have_some(strata, inputs):
    call = strata("score-atoms", *inputs, "--pixel-size", "0.2", "--layer", "5", "--device", "cpu")
    assert call.code != 0
    assert "There are no atoms of layer 5" in call.err
    assert "There are atoms of: 0, 1." in call.err


def test_atoms_of_another_image_are_refused_in_words(strata, inputs, tmp_path):
    other = pd.read_csv(inputs[2]).assign(image="other")
    other.to_csv(tmp_path / "other.csv", index=False)
    call = strata("score-atoms", *inputs[:2], tmp_path / "other.csv", "--pixel-size", "0.2")
    assert call.code == 1
    assert "has no atoms of spots, but of other" in call.err


def test_atoms_located_at_another_pixel_size_are_refused(strata, inputs):
    call = strata("score-atoms", *inputs, "--pixel-size", "0.25", "--device", "cpu")
    assert call.code == 1
    assert "The positions in the table were made with 0.2 Å per pixel, and spots has 0.25 Å." in call.err
