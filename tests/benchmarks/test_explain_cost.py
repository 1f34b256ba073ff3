from pathlib import Path

import pytest

from benchmarks.by_hand import CASES, deviation, sampled_errors
from benchmarks.explain_cost import peaks_of, prepared, race
from bright_network import save_bright
from napari_strata.explain.catalogue import METHODS


def test_every_method_has_a_map_that_is_worked_out_by_hand() -> None:
    assert set(CASES) == set(METHODS)


@pytest.mark.parametrize("method", CASES)
def test_every_method_is_as_exact_as_is_asked(method: str) -> None:
    assert deviation(*CASES[method]()) <= 1e-6


def test_sampled_shapley_values_are_off_by_as_much_as_they_state() -> None:
    error, stated = sampled_errors()
    assert 0.5 * stated < error < 1.5 * stated


def test_a_method_runs_beside_plain_passes_to_its_end(tmp_path: Path) -> None:
    model = save_bright(tmp_path / "bright", pixel_size=None)
    assert min(race(prepared(model, 16, steps=5, batch=2))) > 0
    peaks = peaks_of(model, 16, 2)
    assert peaks["one image forward"] <= peaks["one plain pass of the batch"] <= peaks["method"]
