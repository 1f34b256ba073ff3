"""The steps of matching, each against numbers known by hand."""

import numpy as np
import pytest

from napari_strata.config import SimulationConfig
from napari_strata.lattice.spectrum import Spots
from napari_strata.matching.counting import Noise, find_gain, noise_of
from napari_strata.matching.orientation import Expected, recognise
from napari_strata.matching.reflections import reflections_of
from napari_strata.matching.spectrum import Power
from napari_strata.simulate.crystals import CRYSTALS


def test_a_honeycomb_shows_half_of_its_atoms_in_the_first_ring_and_all_in_the_second():
    graphene = reflections_of(CRYSTALS["graphene"], SimulationConfig())
    assert graphene.length[:6] == pytest.approx(3 * [2 / (np.sqrt(3) * 2.46)] + 3 * [2 / 2.46])
    assert graphene.strength[:6] == pytest.approx(3 * [0.5] + 3 * [1.0])


def test_a_heavy_column_outshines_a_light_one_by_the_exponent():
    settings = SimulationConfig.parse({"material": "hBN", "crystal": {"z_exponent": (2, 2)}})
    nitrogen, boron = 49.0, 25.0
    both = np.abs(nitrogen + boron * np.exp(2j * np.pi / 3)) / (nitrogen + boron)
    assert reflections_of(CRYSTALS["hBN"], settings).strength[0] == pytest.approx(both)


def test_reflections_that_cancel_are_left_out():
    silicon = reflections_of(CRYSTALS["Si-110"], SimulationConfig())
    assert not np.isclose(silicon.length, 2 / 5.431).any()  # 002 of diamond


def test_the_place_of_a_crystal_is_found_from_its_spots():
    graphene = reflections_of(CRYSTALS["graphene"], SimulationConfig())
    turn = np.deg2rad(17)
    stretched = np.diag([1.03, 0.98]) @ [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]] * 0.1
    place = graphene.frequency[:6] @ stretched.T
    amplitude = graphene.strength[:6] * np.exp(-2 * np.pi**2 * 0.25 * graphene.length[:6] ** 2)
    spots = Spots(place, np.full_like(place, 1e-5), amplitude, np.full(6, 100.0))
    (found,) = recognise(spots, [graphene], Expected(0.5))
    assert found.pixel_size == pytest.approx(0.1 * np.sqrt(1.03 * 0.98), rel=1e-6)
    assert found.likeness == pytest.approx(1, abs=0.01)


def test_white_noise_has_its_variance_at_every_frequency():
    image = np.random.default_rng(0).normal(7, 3, (200, 240))
    power = Power.of(image)
    noise = noise_of(power, 0.1)
    assert noise is not None and not noise.is_smoothed
    assert noise.variance == pytest.approx(9, rel=0.1)
    assert power.values.mean() == pytest.approx(9, rel=0.05)


def test_no_noise_is_seen_where_the_lattice_fills_the_spectrum():
    assert noise_of(Power.of(np.random.default_rng(0).normal(size=(64, 64))), 0.68) is None


@pytest.mark.parametrize("mean", [1.5, 40.0])
def test_the_gain_is_the_growth_of_the_noise_with_the_brightness(mean: float):
    y, x = np.mgrid[:400, :400]
    wave = mean * (1 + 0.5 * np.cos(2 * np.pi * (0.06 * y + 0.03 * x)))
    image = 12.0 * np.random.default_rng(0).poisson(wave) + 300
    gain = find_gain(image, Noise(144 * mean, False, 0.12))
    assert gain.is_clear
    assert gain.value == pytest.approx(12, rel=0.1)
