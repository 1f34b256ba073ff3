import numpy as np
import pytest

from napari_strata.atoms.fit.heights import measured_heights

WEAK = 100.0


def fitted(true, noise, seed=3):
    """Return heights and variances of a fit that knew only that heights are `WEAK` give or take `WEAK`."""
    noise = np.broadcast_to(noise, len(true))
    seen = np.random.default_rng(seed).normal(true, noise)
    kept = noise**2 / (noise**2 + WEAK**2)
    return WEAK + (1 - kept) * (seen - WEAK), kept * WEAK**2


def test_mean_and_spread_are_those_of_atoms_that_stand_clear():
    true = np.random.default_rng(1).normal(60, 6, 400)
    noise = np.where(np.arange(400) < 200, 2.0, 80.0)
    mean, spread = measured_heights(*fitted(true, noise), np.zeros(400, int), WEAK)
    assert mean[0] == pytest.approx(60, abs=1.2)
    assert spread[0] == pytest.approx(6, rel=0.15)
    assert (spread == spread[0]).mean() > 0.98


def test_each_kind_has_its_own_mean_and_a_rare_one_none():
    true = np.concatenate([np.full(100, 40.0), np.full(100, 90.0), np.full(5, 60.0)])
    mean, spread = measured_heights(*fitted(true, 3.0), np.repeat([0, 1, 2], [100, 100, 5]), WEAK)
    assert mean[0] == pytest.approx(40, abs=1)
    assert mean[100] == pytest.approx(90, abs=1)
    assert mean[204] == spread[204] == WEAK


def test_a_dopant_stays_free_and_does_not_widen_the_spread():
    true = np.random.default_rng(1).normal(60, 4, 300)
    true[::20] = 150
    mean, spread = measured_heights(*fitted(true, 2.0), np.zeros(300, int), WEAK)
    assert (spread[::20] == WEAK).all()
    assert mean[1] == pytest.approx(60, abs=1)
    assert spread[1] == pytest.approx(4, rel=0.15)


def test_atoms_that_tell_nothing_expect_what_the_others_of_their_kind_are():
    heights, variance = fitted(np.full(50, 60.0), 2.0)
    variance[:10] = np.nan
    mean, _ = measured_heights(heights, variance, np.zeros(50, int), WEAK)
    assert mean[0] == mean[-1] == pytest.approx(60, abs=1)
