import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lattices import atoms, cell, image
from napari_strata.control import JobControl
from napari_strata.errors import CalibrationError, LatticeError, StrataError, TableError
from napari_strata.events import FinishReason, JobEnded, Warned
from napari_strata.jobs.fit_lattice import fit_lattice
from napari_strata.types import ImageStack

EXTENT = 25.6
TURNS = (4.0, 32.9)


def layer_table(positions: np.ndarray, layer: int, frame: int = 0) -> pd.DataFrame:
    y, x = positions.T
    columns = {"species": "C", "y_px": y / 0.2, "x_px": x / 0.2, "y_A": y, "x_A": x, "probability": 1.0}
    return pd.DataFrame({"image": "moire", "frame": frame, "layer": layer, **columns})


def bilayer(frame: int = 0, turns: tuple[float, ...] = TURNS, jitter: float = 0.02) -> pd.DataFrame:
    layers = [atoms(cell(2.46, angle=t), EXTENT, jitter=jitter, seed=i)[0] for i, t in enumerate(turns)]
    return pd.concat([layer_table(p, i, frame) for i, p in enumerate(layers)], ignore_index=True)


def ended(table: pd.DataFrame, **options: Any) -> tuple[JobEnded, list[Warned]]:
    events = list(fit_lattice(JobControl(), table, **options))
    assert isinstance(events[-1], JobEnded)
    return events[-1], [event for event in events if isinstance(event, Warned)]


def frames(table: pd.DataFrame, **options: Any) -> list[dict[str, Any]]:
    end, _ = ended(table, **options)
    assert end.reason is FinishReason.COMPLETED, end.error
    return end.result.figures["frames"]


def error(table: pd.DataFrame, **options: Any) -> StrataError:
    end, _ = ended(table, **options)
    assert end.reason is FinishReason.FAILED
    return end.error


def test_a_bilayer_has_its_lattices_and_its_twist() -> None:
    [frame] = frames(bilayer())
    assert [layer["a_A"] for layer in frame["layers"]] == pytest.approx([2.46, 2.46], abs=3e-3)
    assert all(0 < layer["a_A_sigma"] < 2e-3 for layer in frame["layers"])
    assert frame["layers"][0]["coherence"] > 0.98
    assert frame["layers"][0]["bond_A"] == pytest.approx(1.42, abs=0.003)
    [twist] = frame["twists"]
    assert twist["twist_deg"] == pytest.approx(28.9, abs=4 * twist["twist_deg_sigma"])
    assert (twist["layers"], twist["modulo_deg"]) == ([0, 1], 60)
    assert frame["shared_affine"]["determinant"] == pytest.approx(1, abs=1e-9)
    assert frame["moire"][0]["period_A"] == pytest.approx(4.93, abs=0.02)
    assert frame["gaps"] == []


def test_each_frame_has_a_result() -> None:
    table = pd.concat([bilayer(0), bilayer(2, (4.0, 14.0))], ignore_index=True)
    found = frames(table)
    assert [frame["frame"] for frame in found] == [0, 2]
    assert [round(frame["twists"][0]["twist_deg"]) for frame in found] == [29, 10]


def test_one_layer_states_what_it_lacks() -> None:
    [frame] = frames(bilayer(turns=(4.0,)))
    assert frame["twists"] == frame["moire"] == []
    assert any("one layer" in gap for gap in frame["gaps"])


def test_a_layer_without_a_lattice_is_a_gap() -> None:
    noise = layer_table(np.random.default_rng(0).uniform(0, EXTENT, (200, 2)), 2)
    few = layer_table(np.random.default_rng(0).uniform(0, EXTENT, (5, 2)), 3)
    [frame] = frames(pd.concat([bilayer(), noise, few], ignore_index=True))
    assert [layer["layer"] for layer in frame["layers"]] == [0, 1, 2, 3]
    assert "a_A" not in frame["layers"][2]
    assert [gap[:8] for gap in frame["gaps"]] == ["Layer 2:", "Layer 3:"]


def test_a_frame_without_a_lattice_is_told_and_the_others_are_fitted() -> None:
    noise = layer_table(np.random.default_rng(0).uniform(0, EXTENT, (200, 2)), 0, frame=1)
    end, warnings = ended(pd.concat([bilayer(), noise], ignore_index=True))
    assert end.reason is FinishReason.COMPLETED
    assert end.result.value[1] is None
    assert [len(frame["layers"]) for frame in end.result.figures["frames"]] == [2, 0]
    assert "moire, frame 1" in warnings[0].message


def test_tables_without_any_lattice_fail() -> None:
    noise = layer_table(np.random.default_rng(0).uniform(0, EXTENT, (200, 2)), 0)
    assert isinstance(error(noise), LatticeError)
    assert isinstance(error(bilayer().iloc[:5]), LatticeError)
    assert isinstance(error(bilayer().iloc[:0]), TableError)
    assert isinstance(error(bilayer().assign(y_A=np.nan)), CalibrationError)


def test_the_fourier_transform_of_the_image_is_fitted_too() -> None:
    layers = [atoms(cell(2.46, angle=t), EXTENT + 8)[0] - 4 for t in TURNS]
    pixels = image(layers, EXTENT, 0.2, noise=0.05)[None]
    [frame] = frames(bilayer(), images=[ImageStack(pixels, 0.2, "any name")])
    seen = frame["fourier"]
    assert [layer["a_A"] for layer in seen["layers"]] == pytest.approx([2.46, 2.46], abs=0.01)
    assert seen["twists"][0]["twist_deg"] == pytest.approx(28.9, abs=0.3)
    assert {"h", "k", "y_per_A", "x_per_A"} <= set(seen["layers"][0]["spots"][0])


def test_a_moire_that_is_predicted_is_seen_in_the_image_too() -> None:
    turns = (4.0, 18.0)
    layers = [atoms(cell(2.46, angle=t), 51.2 + 8)[0] - 4 for t in turns]
    pixels = image(layers, 51.2, 0.2, noise=0.05)[None]
    table = bilayer(turns=turns)
    [frame] = frames(table, images=[ImageStack(pixels, 0.2, "moire")])
    expected = 2.46 / (2 * np.sin(np.deg2rad(14) / 2))
    [predicted], [seen] = frame["moire"], frame["fourier"]["moire"]
    assert predicted["period_A"] == pytest.approx(expected, rel=0.01)
    assert seen["period_A"] == pytest.approx(expected, rel=0.02)


def test_an_image_without_spots_is_a_gap() -> None:
    pixels = np.random.default_rng(0).normal(size=(1, 128, 128))
    [frame] = frames(bilayer(), images=[ImageStack(pixels, 0.2, "moire")])
    assert frame["fourier"]["layers"] == []
    assert "shows 0 of 2" in frame["fourier"]["gaps"][0]


def test_images_must_belong_to_the_table() -> None:
    stack = ImageStack(np.zeros((1, 64, 64)), 0.2, "other")
    assert isinstance(error(bilayer(), images=[stack, stack]), TableError)
    assert isinstance(error(bilayer(), images=[ImageStack(stack.data, None, "moire")]), CalibrationError)


def test_an_image_without_a_frame_that_has_atoms_is_refused_also_where_they_have_no_lattice() -> None:
    stack = ImageStack(np.zeros((1, 128, 128)), 0.2, "moire")
    noise = layer_table(np.random.default_rng(0).uniform(0, EXTENT, (200, 2)), 0, frame=3)
    for table in (bilayer(frame=3), pd.concat([bilayer(), noise], ignore_index=True)):
        found = error(table, images=[stack])
        assert isinstance(found, TableError)
        assert found.message == "moire has 1 frame, and the table has atoms in frame 3."


def test_an_image_of_other_atoms_is_doubted_as_in_a_report() -> None:
    layers = [atoms(cell(2.46, angle=t), EXTENT + 8)[0] - 4 for t in TURNS]
    right = image(layers, EXTENT, 0.2, noise=0.05)[None]
    noise = np.random.default_rng(0).normal(size=right.shape)
    end, warnings = ended(bilayer(), images=[ImageStack(right, 0.2, "moire")])
    assert (warnings, end.result.figures["frames"][0]["gaps"]) == ([], [])
    end, [warned] = ended(bilayer(), images=[ImageStack(noise, 0.2, "square")])
    assert warned.message == (
        "The atoms may be those of another image: the table names the image moire, and this one is square; and"
        " where the atoms should be, the image is neither brighter nor darker than elsewhere."
    )
    assert end.result.figures["frames"][0]["gaps"] == [warned.message]


def test_of_a_stack_of_another_name_that_is_said_once_and_stands_in_every_frame() -> None:
    table = pd.concat([bilayer(0), bilayer(1)], ignore_index=True)
    layers = [atoms(cell(2.46, angle=t), EXTENT + 8)[0] - 4 for t in TURNS]
    stack = ImageStack(np.repeat(image(layers, EXTENT, 0.2, noise=0.05)[None], 2, axis=0), 0.2, "other")
    end, [warned] = ended(table, images=[stack])
    assert warned.message.endswith("the table names the image moire, and this one is other.")
    assert [frame["gaps"] for frame in end.result.figures["frames"]] == [[warned.message]] * 2


def test_an_image_that_the_atoms_stick_out_of_is_refused() -> None:
    small = ImageStack(np.zeros((1, 64, 64)), 0.2, "moire")
    assert "atoms lie outside moire" in error(bilayer(), images=[small]).message


def test_the_figures_go_to_a_file(tmp_path: Path) -> None:
    found = frames(bilayer(), out=tmp_path / "lattices.json")
    kept = json.loads((tmp_path / "lattices.json").read_text())
    assert kept["frames"][0]["layers"][0]["a_A"] == found[0]["layers"][0]["a_A"]


@settings(max_examples=30)
@given(
    seed=st.integers(0, 999), count=st.integers(1, 60), kind=st.sampled_from(["random", "line", "twins", "few"])
)
def test_no_table_is_too_bad_for_words(seed: int, count: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    positions = rng.uniform(0, 12, (count, 2))
    if kind == "line":
        positions[:, 0] = 3.0
    if kind == "twins":
        positions = np.repeat(positions[:3], 9, axis=0)
    if kind == "few":
        positions = atoms(cell(2.46, angle=seed), 3 + count / 8, jitter=0.05, seed=seed)[0]
    table = layer_table(positions, 0)
    if len(table):
        end, _ = ended(table)
        assert end.error is None or isinstance(end.error, LatticeError)
