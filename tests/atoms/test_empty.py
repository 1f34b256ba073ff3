import numpy as np
import pandas as pd
import pytest

from honeycomb import honeycomb, inside, square
from napari_strata.atoms.candidates import COLUMNS
from napari_strata.atoms.empty import GUESSED, Expected, find_empty, is_empty
from napari_strata.atoms.fit.held import HeldHeights

EXTENT, PIXEL = 24.0, 0.2
WIDTH = 0.4


def picture(positions, heights, *, background=0.1, seed=0):
    """Draw Gaussian peaks of heights [counts] at positions [Å], with the noise of counting."""
    grid = np.arange(round(EXTENT / PIXEL)) * PIXEL
    y, x = (np.exp(-((grid[:, None] - place) ** 2) / (2 * WIDTH**2)) for place in positions.T)
    clean = (y * heights) @ x.T + background * np.max(heights)
    return np.random.default_rng(seed).poisson(clean).astype(np.float32)[None]


def table(positions, layer=0):
    y, x = positions.T / PIXEL
    return pd.DataFrame({"frame": 0, "layer": layer, "species": "C", "y_px": y, "x_px": x})


def crystal(angle=7.0):
    return inside(honeycomb(EXTENT, angle=angle), EXTENT, PIXEL)


def nearest_to(positions, y, x):
    return int(np.argmin(np.hypot(*(positions - (y, x)).T)))


def rows_of(found, positions):
    """Return which positions were proposed."""
    places = found[["y_px", "x_px"]].to_numpy() * PIXEL
    return sorted(nearest_to(positions, *place) for place in places)


@pytest.mark.parametrize("counts", [5, 100])
def test_atoms_whose_places_are_dark_are_proposed_and_no_others(counts):
    positions = crystal()
    gone = sorted(nearest_to(positions, *place) for place in [(6, 6), (12, 15), (18, 9)])
    heights = np.full(len(positions), float(counts))
    heights[gone] = 0.0
    found = find_empty(table(positions), picture(positions, heights), PIXEL)
    assert tuple(found.columns) == COLUMNS
    assert rows_of(found, positions) == gone
    assert set(found["kind"]) == {"empty"}
    assert found["score"].min() > 0.8
    assert found["score"].is_monotonic_decreasing
    assert found["reason"].str.contains(r"^(?:0|-?[1-9]\d*) ± \d+ % of what its like hold$").all()


def test_an_atom_of_half_the_brightness_is_no_vacancy_nor_are_atoms_fainter_than_the_noise():
    positions = crystal()
    half = nearest_to(positions, 12, 12)
    heights = np.full(len(positions), 100.0)
    heights[half] = 50.0
    assert find_empty(table(positions), picture(positions, heights), PIXEL).empty
    assert find_empty(table(positions), picture(positions, heights * 0.003, background=20), PIXEL).empty


def test_faint_columns_among_bright_ones_are_no_vacancies_but_their_own_are_found():
    """On a chessboard of 100 and 10 counts on 10 every faint column is a tenth of its four neighbours."""
    positions = inside(square(EXTENT, side=2.0), EXTENT, PIXEL)
    orders = np.rint((positions - EXTENT / 2) / 2.0).astype(int)
    is_faint = orders.sum(axis=1) % 2 == 1
    heights = np.where(is_faint, 10.0, 100.0)
    assert find_empty(table(positions), picture(positions, heights), PIXEL).empty
    gone = int(np.flatnonzero(is_faint & (np.abs(orders) < 3).all(axis=1))[0])
    heights[gone] = 0.0
    assert rows_of(find_empty(table(positions), picture(positions, heights), PIXEL), positions) == [gone]


def test_of_two_layers_each_is_tested_and_nothing_is_said_of_atoms_on_one_spot():
    lower, upper = crystal(7.0), crystal(19.0)
    both = pd.concat([table(lower), table(upper, layer=1)], ignore_index=True)
    apart = np.array([np.hypot(*(lower - place).T).min() for place in upper])
    is_inner = (np.abs(upper - EXTENT / 2) < EXTENT / 2 - 3).all(axis=1)
    clear, covered = (int(np.flatnonzero(is_inner)[one(apart[is_inner])]) for one in (np.argmax, np.argmin))
    heights = np.full(len(upper), 200.0)
    heights[[clear, covered]] = 0.0
    everything = np.concatenate([lower, upper])
    image = picture(everything, np.concatenate([np.full(len(lower), 200.0), heights]))
    found = find_empty(both, image, PIXEL)
    assert apart[clear] > 0.6
    assert apart[covered] < 0.1
    assert found["layer"].tolist() == [1]
    assert rows_of(found, upper) == [clear]


def test_where_there_is_no_lattice_nothing_is_said_and_nothing_is_fitted(monkeypatch):
    monkeypatch.setattr("napari_strata.atoms.empty.rough_width", None)
    random = np.random.default_rng(1).uniform(1, EXTENT - 1, (60, 2))
    heights = np.full(60, 100.0)
    heights[:5] = 0
    assert find_empty(table(random), picture(random, heights), PIXEL).empty
    assert find_empty(table(random[:1]), picture(random, heights), PIXEL).empty
    assert tuple(find_empty(table(random[:0]), picture(random, heights), PIXEL).columns) == COLUMNS


def test_it_is_told_how_far_the_search_has_come():
    told = []
    positions = crystal()
    find_empty(table(positions), picture(positions, np.full(len(positions), 100.0)), PIXEL, tell=told.append)
    assert told == sorted(told)
    assert (len(told), told[0]) == (5, GUESSED)
    assert told[-1] < 1


def test_of_an_image_of_nothing_nothing_is_said():
    positions = crystal()
    side = round(EXTENT / PIXEL)
    assert find_empty(table(positions), np.full((1, side, side), 7.0, np.float32), PIXEL).empty


@pytest.mark.parametrize(
    ("height", "sigma", "is_said"), [(0, 0.21, 1), (0, 0.22, 0), (-0.4, 0.22, 0), (0.26, 0.01, 0)]
)
def test_a_place_is_empty_where_half_an_atom_would_be_so_dark_once_in_a_hundred(height, sigma, is_said):
    """Of what should hold 1 and holds 0, sigma must be below 0.5 / 2.326 = 0.215; less than 0 counts as 0."""
    one = np.ones(50)
    heights, sigmas = one.copy(), 0.01 * one
    heights[7], sigmas[7] = height, sigma
    found = is_empty(HeldHeights(heights, sigmas), Expected(one, 0 * one, one, np.zeros(50, int)))
    assert np.flatnonzero(found).tolist() == [7] * is_said


def test_where_one_in_ten_would_be_empty_they_are_columns_of_another_kind():
    one = np.ones(100)
    expected = Expected(one, 0 * one, one, np.zeros(100, int))
    for empty, said in ((10, 10), (11, 0)):
        heights = np.where(np.arange(100) < empty, 0.0, 1.0)
        assert is_empty(HeldHeights(heights, 0.01 * one), expected).sum() == said
