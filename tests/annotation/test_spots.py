import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_strata.annotation.spots import draw_atoms
from napari_strata.config import SpotConfig


def draw(positions, codes=(2,), *, shape=(9, 9), radius=1.0, pixel_size=1.0, **settings):
    config = SpotConfig(radius=radius, **settings)
    return draw_atoms(np.array(positions, float), np.array(codes, np.uint8), shape, config, pixel_size=pixel_size)


def test_a_disk_has_the_pixels_whose_centre_is_within_the_radius():
    assert np.argwhere(draw([(4, 4)]) == 2).tolist() == [[3, 4], [4, 3], [4, 4], [4, 5], [5, 4]]
    assert (draw([(4, 4)], radius=0.99) == 2).sum() == 1
    assert (draw([(4, 4)], radius=1.5) == 2).sum() == 9


def test_a_disk_between_pixels_is_not_moved_onto_them():
    assert np.argwhere(draw([(4.5, 4.5)], radius=0.75) == 2).tolist() == [[4, 4], [4, 5], [5, 4], [5, 5]]


def test_the_radius_is_in_angstrom():
    assert (draw([(4, 4)], radius=0.3, pixel_size=0.1) == draw([(4, 4)], radius=3.0)).all()
    assert (draw([(4, 4)], radius=3.0) == 2).sum() == 29


def test_beyond_the_atoms_is_background_or_not_labelled():
    assert (draw([(4, 4)]) == 1).sum() == 76
    assert (draw([(4, 4)], background=False) == 0).sum() == 76


def test_the_rim_of_a_gaussian_spot_counts_nowhere():
    row = draw([(4, 10)], shape=(9, 21), radius=2.0, spot="gaussian")[4]
    # 2 ** -(d / 2) ** 2 is 1/2 at 2 px, 0.21 at 3 px and 1/16 at 4 px
    assert row[10:16].tolist() == [2, 2, 2, 0, 1, 1]


def test_where_spots_overlap_the_nearer_atom_counts_and_of_two_the_first():
    row = draw([(4, 2), (4, 6)], (2, 3), radius=3.0)[4]
    assert row.tolist() == [2, 2, 2, 2, 2, 3, 3, 3, 3]


def test_atoms_outside_the_image_reach_into_it_but_not_round_it():
    drawn = draw([(-1, 4), (40, 40)], (2, 3))
    assert np.argwhere(drawn != 1).tolist() == [[0, 4]]


def test_no_atoms_leave_background():
    assert (draw(np.empty((0, 2)), ()) == 1).all()


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.floats(-3, 12), st.floats(-3, 12)), min_size=1, max_size=6),
    st.floats(0.3, 4),
    st.sampled_from(["disk", "gaussian"]),
)
def test_every_pixel_agrees_with_the_formula(positions, radius, spot):
    drawn = draw(positions, [2] * len(positions), shape=(9, 10), radius=radius, spot=spot)
    y, x = np.mgrid[:9, :10]
    squared = np.min([(y - py) ** 2 + (x - px) ** 2 for py, px in positions], axis=0)
    weight = 2.0 ** -(squared / radius**2)
    clear = (np.abs(weight - 0.5) > 1e-9) & (np.abs(weight - 0.1) > 1e-9)
    rim = 1 if spot == "disk" else 0
    expected = np.where(weight >= 0.5, 2, np.where(weight >= 0.1, rim, 1))
    assert (drawn == expected)[clear].all()


def test_many_atoms_are_drawn_in_parts_as_if_at_once(monkeypatch):
    rng = np.random.default_rng(0)
    positions, codes = rng.uniform(0, 60, (300, 2)), rng.integers(2, 6, 300)
    whole = draw(positions, codes, shape=(60, 60), radius=3.0)
    monkeypatch.setattr("napari_strata.annotation.spots._AT_ONCE", 1000)
    assert (draw(positions, codes, shape=(60, 60), radius=3.0) == whole).all()


@pytest.mark.parametrize("radius", [0, -1, 11])
def test_a_radius_that_no_atom_has_is_refused(radius):
    with pytest.raises(ValueError, match="radius"):
        SpotConfig(radius=radius)
