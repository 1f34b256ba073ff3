"""How the words of `simulate` become the arguments of its job."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_strata.config import SimulationConfig
from napari_strata.config.microscope import ProbeConfig
from recorder import Recorder

Strata = Callable[..., Any]


def test_simulate_takes_its_ranges_from_a_file_and_options_win(
    strata: Strata, recorder: Recorder, tmp_path: Path
) -> None:
    (tmp_path / "ranges.yaml").write_text("twist: [10, 20]\nmaterial: graphene\nlayers: 3\n")
    call = strata("simulate", tmp_path, "--config", tmp_path / "ranges.yaml", "--material", "WS2", "--images", 4)
    assert call.code == 0
    assert recorder.args == (SimulationConfig(twist=(10, 20), material="WS2", layers=3),)
    assert recorder.kwargs == {
        "count": 4,
        "size": 512,
        "pixel_size": 0.2,
        "seed": 0,
        "out": tmp_path,
        "overwrite": False,
    }


def test_simulate_finds_a_cif_file_beside_its_settings(strata: Strata, recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "ranges.yaml").write_text("crystal: {cif: mine.cif}\n")
    call = strata("simulate", tmp_path, "--config", tmp_path / "ranges.yaml", "--zone-axis", "1,1,0")
    assert call.code == 0
    assert recorder.args[0].crystal.cif == (tmp_path / "mine.cif").resolve()
    assert recorder.args[0].crystal.zone_axis == (1, 1, 0)


@pytest.mark.parametrize("axis", ["1,-1,0", "1 -1 0", "-1,1,0"])
def test_a_zone_axis_is_one_word(strata: Strata, recorder: Recorder, tmp_path: Path, axis: str) -> None:
    assert strata("simulate", "--zone-axis", axis, tmp_path).code == 0
    assert set(recorder.args[0].crystal.zone_axis) == {-1, 0, 1}
    assert recorder.args[0].crystal.zone_axis[2] == 0


@pytest.mark.parametrize("axis", ["0,0,0", "0,1", "x"])
def test_a_zone_axis_that_is_none_is_refused_in_one_sentence(strata: Strata, tmp_path: Path, axis: str) -> None:
    call = strata("simulate", tmp_path, "--zone-axis", axis)
    assert call.code == 2
    assert "is no direction: take three whole numbers, not all 0" in call.err
    assert len(call.err.splitlines()) == 1


def test_a_microscope_on_the_command_line_replaces_the_probe(
    strata: Strata, recorder: Recorder, tmp_path: Path
) -> None:
    (tmp_path / "ranges.yaml").write_text("probe: {source: [1, 1]}\n")
    strata("simulate", tmp_path, "--config", tmp_path / "ranges.yaml", "--microscope", "60 kV corrected")
    assert recorder.args[0].probe == ProbeConfig(preset="60 kV corrected")


def test_simulate_draws_from_the_crystals_that_are_named(
    strata: Strata, recorder: Recorder, tmp_path: Path
) -> None:
    assert strata("simulate", tmp_path, "--any-of", "MoS2, WS2", "--classes", "kinds").code == 0
    settings = recorder.args[0]
    assert (settings.crystal.any_of, settings.classes) == (("MoS2", "WS2"), "kinds")


def test_a_material_that_is_named_wins_over_those_to_draw_from(
    strata: Strata, recorder: Recorder, tmp_path: Path
) -> None:
    (tmp_path / "ranges.yaml").write_text("crystal: {any_of: [MoS2, WS2]}\n")
    assert strata("simulate", tmp_path, "--config", tmp_path / "ranges.yaml", "--material", "WSe2").code == 0
    assert recorder.args[0].subject == "WSe2"


def test_random_crystals_ask_for_classes_of_columns(strata: Strata, recorder: Recorder, tmp_path: Path) -> None:
    call = strata("simulate", tmp_path, "--any-of", "random")
    assert call.code != 0
    assert recorder.args == ()
    assert strata("simulate", tmp_path, "--any-of", "random", "--classes", "columns").code == 0


def test_simulate_without_a_file_takes_the_defaults(strata: Strata, recorder: Recorder, tmp_path: Path) -> None:
    strata("simulate", tmp_path, "--size", 64, "--pixel-size", 0.1, "--seed", 7)
    assert recorder.args == (SimulationConfig(),)
    assert recorder.kwargs == {
        "count": 1,
        "size": 64,
        "pixel_size": 0.1,
        "seed": 7,
        "out": tmp_path,
        "overwrite": False,
    }
