from typing import Any

import numpy as np
import pandas as pd
import pytest

from lattices import ONE, atoms, cell, image
from napari_strata.control import JobControl
from napari_strata.errors import CalibrationError, LatticeError, TableError
from napari_strata.events import FinishReason, JobEnded, Progress
from napari_strata.jobs.grid_map import grid_map
from napari_strata.jobs.map_lattice import LatticeMaps, map_lattice
from napari_strata.jobs.plot_pairs import Pairs, plot_pairs
from napari_strata.jobs.plot_spectrum import Spectrum, plot_spectrum
from napari_strata.types import ImageStack

EXTENT = 25.6
PIXEL = 0.2
TURNS = (4.0, 32.9)
BOND = 2.46 / np.sqrt(3)


def layer_table(positions: np.ndarray, layer: int, species: Any = "C") -> pd.DataFrame:
    y, x = positions.T
    columns = {"species": species, "y_px": y / PIXEL, "x_px": x / PIXEL, "y_A": y, "x_A": x, "probability": 1.0}
    return pd.DataFrame({"image": "moire", "frame": 0, "layer": layer, **columns})


def honeycombs(*turns: float, jitter: float = 0.0) -> pd.DataFrame:
    layers = [atoms(cell(2.46, angle=t), EXTENT, jitter=jitter, seed=i)[0] for i, t in enumerate(turns)]
    return pd.concat([layer_table(p, i) for i, p in enumerate(layers)], ignore_index=True)


def drawn(turns: tuple[float, ...] = TURNS) -> ImageStack:
    layers = [atoms(cell(2.46, angle=t), EXTENT + 8)[0] - 4 for t in turns]
    return ImageStack(image(layers, EXTENT, PIXEL, noise=0.02)[None], PIXEL, "moire")


def ended(job: Any) -> JobEnded:
    end = list(job)[-1]
    assert isinstance(end, JobEnded)
    return end


def mapped(table: pd.DataFrame, **options: Any) -> LatticeMaps:
    end = ended(map_lattice(JobControl(), table, **options))
    assert end.reason is FinishReason.COMPLETED, end.error
    return end.result.value


def test_maps_have_the_labels_of_the_atoms_and_all_quantities() -> None:
    table = honeycombs(*TURNS)
    table.index = np.random.default_rng(0).permutation(len(table))
    found = mapped(table, image=drawn())
    assert sorted(found.frame.maps.index) == sorted(table.index)
    assert list(found.frame.quantities) == [
        *("displacement", "exx", "eyy", "exy", "rotation", "stacking", "stacking vector"),
        *("nearest", "bond", "intensity", "residual"),
    ]
    assert found.frame.maps["nearest"].to_numpy() == pytest.approx(BOND)
    assert np.abs(found.frame.maps["residual_x"]).max() < 1e-6
    assert found.fourier is not None and found.fourier.twists[0].angle == pytest.approx(28.9, abs=0.3)
    assert found.gaps == ()


def test_one_layer_without_an_image_has_no_stacking_and_no_intensity() -> None:
    found = mapped(honeycombs(4.0))
    assert {"stacking", "stacking vector", "intensity"} & set(found.frame.quantities) == set()
    assert any("one layer" in gap for gap in found.gaps)


def test_a_brighter_column_is_brighter() -> None:
    y, x = np.mgrid[:128, :128] * PIXEL
    table = layer_table(atoms(cell(3.0, gamma=90), EXTENT, sites=ONE)[0], 0)
    inner = table[table[["y_A", "x_A"]].sub(EXTENT / 2).abs().max(axis=1) < 8].index
    pixels = sum(
        (2.0 if row == inner[0] else 1.0) * np.exp(-((y - a) ** 2 + (x - b) ** 2) / 0.32)
        for row, a, b in table[["y_A", "x_A"]].itertuples()
    )
    found = mapped(table, image=ImageStack(pixels[None], PIXEL, "moire"), fourier=False)
    bright = found.frame.maps["intensity"]
    assert bright[inner[0]] == pytest.approx(2 * bright[inner[1:]].median(), rel=0.05)
    assert found.frame.quantities["intensity"].label == "Column intensity [counts]"


def test_fitted_peaks_give_the_intensity_where_there_are_some() -> None:
    table = honeycombs(4.0).assign(amplitude=10.0, width=0.4)
    found = mapped(table)
    assert found.frame.maps["intensity"].to_numpy() == pytest.approx(2 * np.pi * 10 * 0.16)
    assert found.frame.quantities["intensity"].unit == "counts Å²"


def test_a_cluster_of_dopants_is_told_with_its_fraction() -> None:
    positions = atoms(cell(2.46, angle=4), EXTENT)[0]
    near = np.hypot(*(positions - EXTENT / 2).T) < 3.5
    found = mapped(layer_table(positions, 0, np.where(near, "Si", "C")), fourier=False)
    [dopant] = found.dopants
    assert (dopant.species, dopant.fraction.count, dopant.fraction.total) == ("Si", near.sum(), len(positions))
    assert dopant.test is not None and dopant.test.p_clustered == pytest.approx(0.001)
    around = found.frame.maps["fraction of Si"]
    assert around[near].min() > 0.3 and around[np.hypot(*(positions - EXTENT / 2).T) > 10].max() == 0
    assert found.frame.quantities["fraction of Si"].label == "Fraction of Si around [%]"


def test_the_usual_species_of_a_site_is_no_dopant() -> None:
    positions, site = atoms(cell(3.15, angle=4), EXTENT)
    [dopant] = mapped(layer_table(positions, 0, np.where(site == 0, "W", "S")), fourier=False).dopants
    assert (dopant.is_usual, dopant.test) == (True, None)


def test_a_canceled_measurement_leaves_nothing() -> None:
    control = JobControl()
    end = None
    for event in map_lattice(control, honeycombs(*TURNS), image=drawn()):
        if isinstance(event, Progress):
            control.request_stop()
        end = event
    assert isinstance(end, JobEnded)
    assert (end.reason, end.result) == (FinishReason.CANCELED, None)


def test_what_has_no_lattice_fails_in_words() -> None:
    table = honeycombs(4.0)
    noise = layer_table(np.random.default_rng(0).uniform(0, EXTENT, (200, 2)), 0)
    for bad, kind in (
        (table.iloc[:0], TableError),
        (table.iloc[:5], LatticeError),
        (noise, LatticeError),
        (table.assign(y_A=np.nan), CalibrationError),
        (pd.concat([table, table.assign(frame=1)], ignore_index=True), TableError),
    ):
        assert isinstance(ended(map_lattice(JobControl(), bad)).error, kind)


def test_an_image_without_spots_is_a_gap() -> None:
    noise = ImageStack(np.random.default_rng(0).normal(size=(1, 128, 128)), PIXEL, "moire")
    assert any(gap.startswith("Fourier transform:") for gap in mapped(honeycombs(*TURNS), image=noise).gaps)


def test_a_smooth_map_is_the_mean_of_the_layers() -> None:
    places = np.array([[y, x] for y in range(0, 20, 4) for x in range(0, 20, 4)], dtype=float)
    layers = [(places, np.full(25, value)) for value in (1.0, 3.0)]
    end = ended(grid_map(JobControl(), layers, (18, 18)))
    assert end.result.value.values[:17, :17] == pytest.approx(2.0)


def test_pairs_bear_the_labels_of_their_atoms() -> None:
    table = honeycombs(*TURNS)
    table.index = np.random.default_rng(0).permutation(len(table))
    pairs: Pairs = ended(plot_pairs(JobControl(), table)).result.value
    assert [one.layer for one in pairs.layers] == [0, 1]
    for one, turn in zip(pairs.layers, TURNS, strict=True):
        ends = table.loc[one.pairs.ravel(), ["y_A", "x_A"]].to_numpy().reshape(-1, 2, 2)
        assert np.hypot(*(ends[:, 1] - ends[:, 0]).T) == pytest.approx(one.distances)
        assert set(table.loc[one.pairs.ravel(), "layer"]) == {one.layer}
        assert one.expected == pytest.approx([BOND, 2.46, 2 * BOND], abs=1e-3)
        assert sorted(set(np.round(one.angles, 3))) == pytest.approx(
            sorted((turn + a) % 180 for a in (30, 90, 150))
        )


def test_atoms_without_a_lattice_have_pairs_but_nothing_is_expected() -> None:
    noise = layer_table(np.random.default_rng(0).uniform(0, EXTENT, (80, 2)), 0)
    pairs: Pairs = ended(plot_pairs(JobControl(), noise)).result.value
    assert len(pairs.layers[0].distances) and not len(pairs.layers[0].expected)
    assert pairs.gaps[0].startswith("Layer 0:")
    two = layer_table(np.array([[1.0, 1.0], [1.0, 2.0]]), 0)
    assert ended(plot_pairs(JobControl(), two)).result.value.layers[0].distances.tolist() == [1.0]
    assert isinstance(ended(plot_pairs(JobControl(), two.iloc[:1])).error, TableError)


def test_spots_are_indexed_for_every_layer() -> None:
    vectors = {i: cell(2.46, angle=t) for i, t in enumerate(TURNS)}
    seen: Spectrum = ended(plot_spectrum(JobControl(), drawn(), vectors)).result.value
    assert list(seen.lattices) == [0, 1]
    star = np.linalg.inv(vectors[0]).T
    spots = seen.lattices[0]
    assert spots.spots.frequency == pytest.approx(spots.orders @ star, abs=0.01)
    ky, kx = (side // 2 for side in seen.power.shape)
    at = np.rint(star[0] / seen.step).astype(int)
    around = seen.power[ky + at[0] - 1 : ky + at[0] + 2, kx + at[1] - 1 : kx + at[1] + 2]
    assert around.max() > 0.9


def test_a_transform_without_atoms_is_shown_without_spots() -> None:
    seen: Spectrum = ended(plot_spectrum(JobControl(), drawn(), {})).result.value
    assert (seen.lattices, len(seen.gaps)) == ({}, 1)
    assert seen.power.min() >= 0 and seen.power.max() <= 1
    unknown = ImageStack(np.zeros((1, 64, 64)), None, "moire")
    assert isinstance(ended(plot_spectrum(JobControl(), unknown, {})).error, CalibrationError)
