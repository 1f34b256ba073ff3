import numpy as np
import pytest

from benchmarks import columns
from benchmarks.columns import MARGIN, PIXEL, SIDE, _lattice, precision_and_recall

EDGE = SIDE * PIXEL


@pytest.mark.parametrize(("name", "neighbours"), [("square", 4), ("hexagonal", 6)])
def test_lattices_have_one_column_per_cell(name: str, neighbours: int) -> None:
    places = _lattice(name, 3.0)
    central = places[np.argmin(np.hypot(*(places - EDGE / 2).T))]
    distances = np.hypot(*(places - central).T)
    assert np.count_nonzero(np.abs(distances - 3.0) < 1e-9) == neighbours
    assert np.sort(distances)[1] == pytest.approx(3.0)
    assert places.min() > -2
    assert places.max() < EDGE + 2


def test_precision_and_recall_count_what_lies_within_the_tolerance_away_from_the_border() -> None:
    true = np.array([[10.0, 10.0], [20.0, 20.0], [30.0, 30.0], [0.5 * MARGIN, 10.0]])
    found = np.array([[10.3, 10.0], [20.0, 20.5], [40.0, 40.0], [30.0, 30.0], [EDGE - 0.5 * MARGIN, 10.0]])
    assert precision_and_recall(found, true) == (2 / 4, 2 / 3)


def test_a_missing_model_is_said(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("napari_strata.io.bundled.FOLDER", tmp_path)
    (figure,) = columns.measure()
    assert (figure.name, figure.value) == ("columns: skipped", "there is no unet-columns")
