from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_strata.config import SimulationConfig

Strata = Callable[..., Any]


@pytest.fixture
def image(strata: Strata, tmp_path: Path) -> Path:
    (tmp_path / "dose.yaml").write_text("dose: [60, 60]\nscan: {affine: 0}\n", encoding="utf-8")
    folder = tmp_path / "simulated"
    options = ("--material", "MoS2", "--layers", 1, "--size", 256, "--pixel-size", 0.15)
    assert strata("simulate", folder, *options, "--config", tmp_path / "dose.yaml").code == 0
    return folder / "images.tif"


def test_settings_around_an_image_are_written_for_the_simulator(strata: Strata, image: Path) -> None:
    out = image.parent / "simulation.yaml"
    call = strata("match", image, "--material", "MoS2", "--layers", 1, "--out", out, "--json")
    assert call.code == 0
    figures, settings = call.report["figures"], SimulationConfig.read(out)
    assert figures["pixel_size_A"] == pytest.approx(0.15, rel=0.02)
    assert (settings.material, settings.layers) == ("MoS2", 1)
    assert settings.dose[0] < 60 < settings.dose[1]
    again = strata("simulate", image.parent / "again", "--config", out, "--size", 64, "--json")
    assert again.code == 0


def test_people_read_what_was_found(strata: Strata, image: Path) -> None:
    lines = strata("match", image, "--material", "MoS2", "--layers", 1).out.splitlines()
    assert lines[0] == "Completed."
    assert any(line.lstrip().startswith("Pixel size: 0.1") and "Å/px" in line for line in lines)
    assert any("Dose:" in line and "counts" in line for line in lines)


def test_a_stated_pixel_size_that_does_not_fit_is_doubted(strata: Strata, image: Path) -> None:
    call = strata("match", image, "--material", "MoS2", "--layers", 1, "--pixel-size", 0.3)
    assert call.code == 0 and "states 0.3 Å/px" in call.out


def test_too_many_layers_are_wrong_usage(strata: Strata, image: Path) -> None:
    assert strata("match", image, "--layers", 9).code == 2
