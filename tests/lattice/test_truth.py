"""Whole measurements against the truth of the simulator, and of deformations that are known by hand."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from lattices import atoms, cell, rotation
from napari_strata.config import SimulationConfig
from napari_strata.lattice.cells import fold_twist
from napari_strata.lattice.dopants import join_count
from napari_strata.lattice.frame import FrameLattices, describe_frame
from napari_strata.lattice.frame_maps import map_frame
from napari_strata.lattice.indexing import index_atoms
from napari_strata.lattice.translations import find_cell
from napari_strata.simulate.scene import simulate_image

SEEDS, NOISE = 14, 0.05
PERFECT = {
    "scan": {"affine": 0, "distortion": 0, "jitter": 0},
    "defects": {"displacement": (0, 0), "vacancies": (0, 0.02)},
    "stacking": {"strain": (0, 0), "strain_field": (0, 0), "relaxation": (0, 0)},
}


@cache
def simulated(seed: int) -> tuple[FrameLattices, float]:
    """Return the lattices of simulated graphene whose positions have noise, and the true twist."""
    config = SimulationConfig.model_validate({"layers": 2, "twist": (4, 26), **PERFECT})
    rng = np.random.default_rng(seed)
    found = simulate_image(config, size=120, pixel_size=0.2, rng=rng)
    table = found.atoms.assign(image="a", frame=0)
    table[["y_A", "x_A"]] += rng.normal(0, NOISE, (len(table), 2))
    return describe_frame(table), fold_twist(found.parameters["twist"][0], 60.0)


def test_truth_of_the_simulator_lies_within_two_standard_uncertainties_as_often_as_it_should() -> None:
    pulls: dict[str, list[float]] = {name: [] for name in ("a", "b", "gamma", "twist")}
    for seed in range(SEEDS):
        frame, twist = simulated(seed)
        for layer in frame.layers:
            cell_ = layer.fit.parameters
            pulls["a"].append((cell_.a.value - 2.46) / cell_.a.sigma)
            pulls["b"].append((cell_.b.value - 2.46) / cell_.b.sigma)
            pulls["gamma"].append((cell_.gamma.value - 120) / cell_.gamma.sigma)
        pulls["twist"].append((frame.twists[0].angle - twist) / frame.twists[0].sigma)
    # 28 or 14 normal numbers: fewer than 75 % within 2 has a chance below 1 %, a spread beyond 1.6, too
    for name, values in pulls.items():
        assert np.mean(np.abs(values) < 2) >= 0.75, name
        assert 0.5 < np.std(values) < 1.6, name


def test_a_moire_has_the_period_of_the_formula() -> None:
    for seed in range(3):
        frame, twist = simulated(seed)
        [moire] = frame.moires
        expected = 2.46 / (2 * np.sin(np.deg2rad(twist) / 2))
        assert abs(moire.period - expected) < 4 * moire.period_sigma


def test_a_layer_that_bends_has_its_lattice_still() -> None:
    # Columns slide along y by 0.008 x: steps along y stay sharp, all others are blurred by up to 0.25 Å.
    straight, _ = atoms(cell(2.46, angle=90), 25.0)
    bent = straight + np.c_[0.004 * (straight[:, 1] - 12.5) ** 2, np.zeros(len(straight))]
    found = find_cell(bent)
    assert found.family == "hexagonal"
    assert found.area == pytest.approx(2.46**2 * np.sqrt(0.75), rel=0.03)
    assert index_atoms(bent, found).placed.mean() > 0.95


def test_strain_of_one_layer_against_its_mean_has_its_sign() -> None:
    # The right half is 2 % longer along x than the left: exx is -1 % and +1 % of the mean.
    straight, _ = atoms(cell(2.46, angle=7), 40.0)
    x = straight[:, 1] - 20
    bent = straight + np.c_[np.zeros(len(x)), np.where(x > 0, 0.01 * x, -0.01 * x)]
    table = pd.DataFrame(
        {"image": "a", "frame": 0, "layer": 0, "species": "C", "y_A": bent[:, 0], "x_A": bent[:, 1]}
    )
    maps = map_frame(describe_frame(table), table).maps.loc[table.index]
    for side, exx in ((x < -5, -0.01), (x > 5, 0.01)):
        assert maps["exx"][side].median() == pytest.approx(exx, abs=0.001)
    assert np.abs(maps[["eyy", "exy"]][np.abs(x) > 5]).max(axis=None) < 1e-3


def test_a_grain_that_is_turned_is_turned_from_x_towards_y() -> None:
    straight, _ = atoms(cell(2.46, angle=7), 40.0)
    turned = straight.copy()
    right = straight[:, 1] > 20
    turned[right] = straight[right] @ rotation(2.0).T  # the mean lattice lies between both halves
    turned[right] += straight[right].mean(axis=0) - turned[right].mean(axis=0)
    table = pd.DataFrame(
        {"image": "a", "frame": 0, "layer": 0, "species": "C"} | dict(zip(("y_A", "x_A"), turned.T, strict=True))
    )
    maps = map_frame(describe_frame(table), table).maps
    halves = [
        maps["rotation"].loc[table.index[where]].median() for where in (straight[:, 1] < 15, straight[:, 1] > 25)
    ]
    assert halves[1] - halves[0] == pytest.approx(2.0, abs=0.1)


@cache
def _places() -> tuple[np.ndarray, object]:
    positions, _ = atoms(cell(3.15, angle=4), 40.0)
    return positions, index_atoms(positions, find_cell(positions))


def test_dopants_at_random_are_seldom_said_to_be_otherwise() -> None:
    _, index = _places()
    values = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        dopant = (index.site == 0) & (rng.random(len(index.site)) < 0.2)
        values.append(join_count(index, dopant, neighbours=3.5, permutations=99, seed=seed + 500).p_value)
    # counts are whole numbers, so at most 5 %; of 150, 14 or more have a chance of 2 %
    assert np.sum(np.array(values) < 0.05) < 14
    assert np.median(values) > 0.4


def test_dopants_that_cluster_are_found_mostly() -> None:
    positions, index = _places()
    found = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        centre = positions[rng.integers(len(positions))]
        near = np.hypot(*(positions - centre).T) < 10
        chance = np.where(index.site == 0, np.where(near, 0.6, 0.1), 0.0)
        test = join_count(index, rng.random(len(positions)) < chance, neighbours=3.5, permutations=99, seed=seed)
        found += test.p_value < 0.05 and test.p_clustered < test.p_dispersed
    assert found >= 24
