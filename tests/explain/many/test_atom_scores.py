"""Scores of maps whose mass lies on known pixels only."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.explain.many.atom_scores import Disks, score_columns

SHAPE = (12, 20)
PIXEL_SIZE = 0.5
WHOLE = (slice(0, 12), slice(0, 20))
OWN, NEIGHBOUR, OTHER = (5, 5), (5, 9), (5, 15)


def disks(*atoms, radius=0.5, layers=2):
    """Return disks of atoms given as (layer, y, x); a radius of 0.5 Å is that of 1 px."""
    table = pd.DataFrame(atoms, columns=["layer", "y_px", "x_px"])
    return Disks(table, SHAPE, layers=layers, pixel_size=PIXEL_SIZE, radius=radius)


def bilayer(**settings):
    return disks((0, *OWN), (0, *NEIGHBOUR), (1, *OTHER), **settings)


def scores(over, pixels, *, signed=False, at=OWN, layer=0, window=WHOLE):
    """Return the scores of a map with these values at these pixels."""
    map_ = np.zeros(SHAPE, np.float32)
    for (y, x), value in pixels.items():
        map_[y, x] = value
    return over.score(map_[window], window, y=at[0], x=at[1], layer=layer, signed=signed)


def test_mass_is_shared_out_by_the_disks_it_lies_in():
    # 5 px in the atom's disk, one of its neighbour, one of the other layer, and the background
    found = scores(bilayer(), {(5, 5): 4, (5, 6): 1, (6, 9): 2, (5, 15): 2, (0, 0): 1})
    assert found["why_itself"] == pytest.approx(0.5)
    assert found["why_neighbours"] == pytest.approx(0.2)
    assert found["why_own"] == pytest.approx(0.7)
    assert found["why_other"] == pytest.approx(0.2)
    assert found["why_background"] == pytest.approx(0.1)
    assert set(found) == set(score_columns(signed=False))


def test_a_disk_holds_the_pixels_whose_centres_lie_within_its_radius():
    for pixel, own in {(5, 6): 1, (6, 5): 1, (6, 6): 0, (5, 7): 0}.items():
        assert scores(bilayer(), {pixel: 1})["why_own"] == own


def test_an_atom_between_pixels_has_the_nearest_one_however_small_its_disk():
    tiny = disks((0, 5.4, 5.4), radius=0.01)
    assert scores(tiny, {(5, 5): 1}, at=(5.4, 5.4))["why_itself"] == 1
    assert scores(tiny, {(5, 6): 1}, at=(5.4, 5.4))["why_own"] == 0


def test_a_pixel_under_two_layers_counts_half_to_each():
    found = scores(disks((0, *OWN), (1, *OWN)), {OWN: 3, (0, 0): 1})
    assert (found["why_own"], found["why_other"], found["why_background"]) == pytest.approx((3 / 8, 3 / 8, 1 / 4))


def test_a_pixel_under_three_layers_counts_a_third_to_its_own():
    found = scores(disks((0, *OWN), (1, *OWN), (2, *OWN), layers=3), {OWN: 1})
    assert (found["why_own"], found["why_other"]) == pytest.approx((1 / 3, 2 / 3))


def test_a_pixel_under_two_atoms_of_the_layer_counts_half_to_the_atom_itself():
    found = scores(disks((0, 5, 5), (0, 5, 7)), {(5, 6): 1})  # 1 px from either
    assert (found["why_itself"], found["why_neighbours"], found["why_own"]) == pytest.approx((0.5, 0.5, 1))


def test_negative_values_weigh_as_much_and_are_told_by_the_net_sums():
    found = scores(bilayer(), {(5, 5): 4, (5, 15): -5, (0, 0): 1}, signed=True)
    assert (found["why_own"], found["why_other"], found["why_background"]) == pytest.approx((0.4, 0.5, 0.1))
    nets = [found[f"why_net_{part}"] for part in ("own", "other", "background")]
    assert nets == pytest.approx([0.4, -0.5, 0.1])


def test_the_half_distance_is_that_of_the_pixel_at_which_half_of_the_mass_is_reached():
    assert scores(bilayer(), {(5, 5): 2, (5, 9): 2})["why_half_A"] == 0  # exactly half at the atom itself
    assert scores(bilayer(), {(5, 5): 1, (5, 9): 2})["why_half_A"] == pytest.approx(4 * PIXEL_SIZE)
    assert scores(bilayer(), {(8, 9): -1})["why_half_A"] == pytest.approx(5 * PIXEL_SIZE)  # 3, 4, 5


def test_a_window_of_the_map_has_the_scores_of_the_whole():
    pixels = {(5, 5): 4, (5, 6): 1, (6, 9): 2, (4, 8): 1}
    window = (slice(4, 7), slice(5, 10))
    assert scores(bilayer(), pixels, window=window) == pytest.approx(scores(bilayer(), pixels))


def test_a_map_that_is_zero_has_no_scores():
    assert all(np.isnan(value) for value in scores(bilayer(), {}, signed=True).values())


@given(seed=st.integers(0, 10**6), layers=st.integers(1, 3), radius=st.floats(0.01, 4.0), at=st.integers(0, 7))
def test_the_parts_sum_to_one_wherever_atoms_and_mass_lie(seed, layers, radius, at):
    rng = np.random.default_rng(seed)
    atoms = [(i % layers, rng.uniform(-0.5, 11.4), rng.uniform(-0.5, 19.4)) for i in range(8)]
    layer, y, x = atoms[at]
    over = disks(*atoms, radius=radius, layers=layers)
    map_ = rng.normal(size=SHAPE).astype(np.float32)
    found = over.score(map_, WHOLE, y=y, x=x, layer=layer, signed=True)
    assert found["why_own"] + found["why_other"] + found["why_background"] == pytest.approx(1)
    assert -1e-9 <= found["why_itself"] <= found["why_own"] + 1e-9
    for part in ("own", "other", "background"):
        assert abs(found[f"why_net_{part}"]) <= found[f"why_{part}"] + 1e-9
