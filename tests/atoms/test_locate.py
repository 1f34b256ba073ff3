import numpy as np
import pandas as pd
import pytest

from honeycomb import distances, footprints, honeycomb, inside, maps
from napari_strata.atoms.locate import locate_atoms
from napari_strata.config import AtomsConfig
from napari_strata.errors import CalibrationError
from napari_strata.types import ATOM_COLUMNS, Prediction

EXTENT = 16.0


def prediction(*frames, pixel_size, classes=("C",)):
    return Prediction(np.stack(frames), classes, pixel_size, "specimen")


@pytest.mark.parametrize(("pixel_size", "bound"), [(0.03, 0.01), (0.1, 0.01), (0.2, 0.015), (0.4, 0.08)])
def test_atoms_of_both_layers_lie_at_their_places_in_angstrom(pixel_size, bound):
    crystals = [honeycomb(EXTENT, angle=angle, jitter=0.05) for angle in (8.0, 30.0)]
    table = locate_atoms(prediction(maps(crystals, EXTENT, pixel_size), pixel_size=pixel_size), AtomsConfig())
    for layer, crystal in enumerate(crystals):
        truth = inside(crystal, EXTENT, pixel_size)
        found = table.loc[table["layer"] == layer, ["y_A", "x_A"]].to_numpy()
        distance = distances(found, truth)
        assert len(found) == pytest.approx(len(truth), abs=2)
        assert (distance < 0.3).mean() > 0.99
        assert np.sqrt(np.mean(distance[distance < 0.3] ** 2)) < bound


def test_the_table_has_the_agreed_columns_and_conventions():
    crystal = honeycomb(EXTENT, angle=8.0)
    layers = maps([crystal, crystal], EXTENT, 0.2)
    table = locate_atoms(prediction(layers, layers, pixel_size=0.2), AtomsConfig())
    assert tuple(table.columns) == (*ATOM_COLUMNS, "flag")
    assert set(table["image"]) == {"specimen"}
    assert set(table["species"]) == {"C"}
    assert set(zip(table["frame"], table["layer"], strict=True)) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    np.testing.assert_allclose(table["y_A"], table["y_px"] * 0.2)
    np.testing.assert_allclose(table["x_A"], table["x_px"] * 0.2)
    assert table["probability"].between(0.4, 1).all()


def test_the_centre_of_the_first_pixel_is_zero():
    """A footprint that is symmetric about pixel (10, 15) is found at exactly (10, 15)."""
    image = footprints(np.array([[2.0, 3.0]]), 6.0, 0.2)
    table = locate_atoms(prediction(np.stack([1 - image, image])[None], pixel_size=0.2), AtomsConfig())
    np.testing.assert_allclose(table[["y_px", "x_px"]], [[10, 15]], atol=1e-3)
    np.testing.assert_allclose(table[["y_A", "x_A"]], [[2, 3]], atol=1e-3)


def test_the_species_is_the_class_that_prevails_in_the_footprint():
    first, second = np.array([[2.0, 2.0], [2.0, 6.0]]), np.array([[6.0, 2.0], [6.0, 6.0]])
    both = footprints(np.vstack([first, second]), 8.0, 0.1)
    share = np.full_like(both, 0.9)
    share[40:] = 0.2
    share[55:65, 19:21] = 0.95  # a stray streak of the other class
    layers = np.stack([1 - both, both * share, both * (1 - share)])[None]
    table = locate_atoms(prediction(layers, pixel_size=0.1, classes=("W", "S")), AtomsConfig())
    assert dict(zip(table["y_A"].round(), table["species"], strict=True)) == {2.0: "W", 6.0: "S"}
    assert len(table) == 4


def test_an_atom_centred_outside_the_image_is_left_out():
    atoms = np.vstack([honeycomb(EXTENT, angle=8.0)[:0], [[-0.3, 8.0], [0.1, 4.0]]])
    middle = np.stack(np.meshgrid(np.arange(3, 14, 2.0), np.arange(3, 14, 2.0)), axis=-1).reshape(-1, 2)
    layers = maps([np.vstack([middle, atoms])], EXTENT, 0.1)
    table = locate_atoms(prediction(layers, pixel_size=0.1), AtomsConfig())
    assert len(table) == len(middle) + 1
    assert table["y_A"].min() == pytest.approx(0.1, abs=0.03)


def test_background_alone_gives_an_empty_table_with_all_columns():
    empty = maps([np.empty((0, 2))], EXTENT, 0.2)
    table = locate_atoms(prediction(empty, pixel_size=0.2), AtomsConfig())
    assert tuple(table.columns) == (*ATOM_COLUMNS, "flag")
    assert len(table) == 0
    assert pd.api.types.is_integer_dtype(table["layer"])


def test_a_layer_without_atoms_is_no_trouble_beside_one_with_atoms():
    layers = maps([honeycomb(EXTENT), np.empty((0, 2))], EXTENT, 0.2)
    table = locate_atoms(prediction(layers, pixel_size=0.2), AtomsConfig())
    assert set(table["layer"]) == {0}


def test_two_atoms_are_never_closer_than_the_smallest_distance():
    blurred = maps([honeycomb(EXTENT, jitter=0.4)], EXTENT, 0.1, noise=2.0, edge=0.3)
    table = locate_atoms(prediction(blurred, pixel_size=0.1), AtomsConfig(min_distance=1.3))
    positions = table[["y_A", "x_A"]].to_numpy()
    gaps = np.hypot(*(positions[:, None] - positions).transpose(2, 0, 1)) + 100 * np.eye(len(positions))
    assert gaps.min() > 1.3


def test_an_image_without_a_pixel_size_is_refused_with_a_remedy():
    layers = maps([honeycomb(EXTENT)], EXTENT, 0.2)
    with pytest.raises(CalibrationError) as caught:
        locate_atoms(prediction(layers, pixel_size=None), AtomsConfig())
    assert "specimen" in caught.value.message
    assert caught.value.remedy


def two_brightnesses(noise=0.0):
    """Return a prediction that cannot tell two species apart, the image that can, and which atoms are bright."""
    crystal = honeycomb(EXTENT, angle=8.0, jitter=0.03)
    bright = np.arange(len(crystal)) % 2 == 0
    flat = footprints(crystal, EXTENT, 0.1)
    picture = flat + footprints(crystal[bright], EXTENT, 0.1)
    picture = picture + np.random.default_rng(0).normal(0, noise, flat.shape)
    # of a bright atom the network says W a little more often, and S of the others
    lean = np.where(footprints(crystal[bright], EXTENT, 0.1) > 0.5, 0.55, 0.45) * flat
    maps_ = np.stack([1 - flat, lean, flat - lean])[None, None].astype(np.float32)
    return Prediction(maps_, ("W", "S"), 0.1, "specimen"), picture[None], crystal, bright


@pytest.mark.parametrize("species", ["class", "intensity", "both"])
def test_species_are_named_by_the_classes_that_prevail_among_them(species):
    maps_, picture, crystal, bright = two_brightnesses()
    table = locate_atoms(maps_, AtomsConfig(species=species), picture)
    nearest = np.argmin(
        np.hypot(*(table[["y_A", "x_A"]].to_numpy()[:, None] - crystal).transpose(2, 0, 1)), axis=1
    )
    assert (table["species"] == np.where(bright[nearest], "W", "S")).all()
    unsure = table["flag"].str.contains("unsure").mean()
    assert unsure > 0.9 if species == "class" else unsure < 0.05


def test_only_atoms_that_the_border_cuts_bear_its_flag():
    crystal = honeycomb(EXTENT, angle=8.0)
    table = locate_atoms(prediction(maps([crystal], EXTENT, 0.1), pixel_size=0.1), AtomsConfig())
    positions = table[["y_A", "x_A"]].to_numpy()
    near = ((positions < 0.5) | (positions > EXTENT - 0.1 - 0.5)).any(axis=1)
    assert near.any()
    assert (table["flag"] == np.where(near, "border", "")).all()


def test_of_one_species_two_atoms_at_half_their_distance_are_one():
    places = np.stack(np.meshgrid(np.arange(2, 30, 3.0), np.arange(2, 30, 3.0)), axis=-1).reshape(-1, 2)
    ghost = np.vstack([places, places[44] + (1.3, 0)])
    flat = footprints(ghost, 32.0, 0.1)
    flat[..., :] *= np.where(footprints(ghost[-1:], 32.0, 0.1) > 0.1, 0.7, 1)
    maps_ = prediction(np.stack([1 - flat, flat])[None], pixel_size=0.1)
    assert len(locate_atoms(maps_, AtomsConfig())) == len(places)
    assert len(locate_atoms(maps_, AtomsConfig(), None)) == len(places)
