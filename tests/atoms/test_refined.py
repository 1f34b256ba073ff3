import numpy as np
import pandas as pd
import pytest

from napari_strata.atoms.locate import locate_atoms
from napari_strata.config import AtomsConfig
from napari_strata.io.atom_tables import read_atoms, write_atoms
from napari_strata.types import ATOM_COLUMNS, Prediction

PIXEL, SIDE = 0.1, 120
WIDTH = 0.35
"""Standard deviation of the peaks [Å]."""
FITTED = ["sigma_y", "sigma_x", "amplitude", "background", "width", "chi2"]


def lattice(shift):
    row = np.arange(1, 7) * 1.7
    return np.stack(np.meshgrid(row + shift[0], row + shift[1], indexing="ij"), axis=-1).reshape(-1, 2)


LAYERS = (lattice((0.0, 0.0)), lattice((0.62, 0.71)))
"""Atoms (y, x) of two layers, 0.94 Å from each other [Å]."""


def peaks(atoms, width):
    y, x = np.mgrid[:SIDE, :SIDE] * PIXEL
    return sum(np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * width**2)) for row, column in atoms)


def prediction():
    """Maps whose footprints lie 0.05 Å off the atoms, as those of a network might."""
    maps = np.stack([np.minimum(peaks(atoms + np.array([0.04, -0.03]), 0.25), 1) for atoms in LAYERS]).astype(
        np.float32
    )
    return Prediction(np.stack([1 - maps, maps], axis=1)[None], ("C",), PIXEL, "bilayer")


def image(seed=0):
    mean = 200 * sum(peaks(atoms, WIDTH) for atoms in LAYERS) + 20
    return np.random.default_rng(seed).poisson(mean).astype(np.uint16)[None]


def errors(table):
    """Distances from the true atoms, each layer by itself [Å]."""
    off = []
    for layer, atoms in enumerate(LAYERS):
        found = table.loc[table["layer"] == layer, ["y_A", "x_A"]].to_numpy()
        off.append(np.linalg.norm(found[:, None] - atoms, axis=-1).min(axis=1))
    return np.concatenate(off)


def located(refine, of=image):
    return locate_atoms(prediction(), AtomsConfig(refine=refine), None if of is None else of())


def test_on_the_image_both_layers_are_fitted_together():
    table = located("image")
    assert len(table) == 72
    assert np.sqrt((errors(located("centroid")) ** 2).mean()) == pytest.approx(0.05, abs=0.01)
    assert np.sqrt((errors(table) ** 2).mean()) < 0.02
    assert table["width"].to_numpy() == pytest.approx(WIDTH, rel=0.05)
    assert table["amplitude"].median() == pytest.approx(200, rel=0.05)
    assert table["background"].median() == pytest.approx(20, abs=8)
    assert table["chi2"].median() == pytest.approx(1, abs=0.1)


def test_errors_on_the_image_are_as_large_as_reported():
    table = located("image")
    sigma = np.hypot(table["sigma_y"], table["sigma_x"])
    assert np.sqrt((errors(table) ** 2).mean() / (sigma**2).mean()) == pytest.approx(1, abs=0.25)


def test_pixels_and_angstroms_tell_the_same():
    table = located("image")
    np.testing.assert_allclose(table["y_A"], table["y_px"] * PIXEL)
    np.testing.assert_allclose(table["x_A"], table["x_px"] * PIXEL)


def test_on_the_probability_maps_the_shape_of_the_footprint_is_fitted():
    table = located("probability")
    assert np.sqrt((errors(table) ** 2).mean()) == pytest.approx(0.05, abs=0.005)
    assert table["width"].median() == pytest.approx(0.25, rel=0.05)


def test_the_centroid_adds_no_columns():
    assert list(located("centroid").columns) == [*ATOM_COLUMNS, "flag"]


def test_without_an_image_the_centroid_stays():
    pd.testing.assert_frame_equal(located("image", of=None), located("centroid"))


def test_flags_of_location_stay_beside_those_of_the_fit():
    flags = located("image")["flag"]
    assert set(flags[flags.str.contains("border")]) <= {"border", "border crowded", "border failed"}
    assert set(" ".join(flags).split()) <= {"border", "failed", "crowded"}


def test_a_fitted_table_survives_the_disk(tmp_path):
    table = located("image")
    write_atoms(table, tmp_path / "atoms.csv")
    again = read_atoms(tmp_path / "atoms.csv")
    assert list(again.columns) == [*ATOM_COLUMNS, *FITTED, "flag"]
    np.testing.assert_allclose(again["sigma_y"], table["sigma_y"], atol=1e-6)


def test_a_map_without_atoms_is_no_failure():
    empty = np.zeros((1, 1, 2, 40, 40), np.float32)
    empty[:, :, 0] = 1
    nothing = locate_atoms(
        Prediction(empty, ("C",), PIXEL, "empty"), AtomsConfig(refine="image"), np.zeros((1, 40, 40))
    )
    assert nothing.empty


def test_an_image_that_tells_nothing_leaves_centroids_without_uncertainties():
    """Where the peaks are not in the image, what is known beforehand must not come back as a measurement."""
    noise = np.random.default_rng(0).poisson(20, (1, SIDE, SIDE)).astype(np.uint16)
    fitted, centroids = located("image", lambda: noise), located("centroid")
    assert fitted["flag"].str.contains("failed").mean() > 0.8
    failed = fitted[fitted["flag"].str.contains("failed")]
    assert failed[["sigma_y", "sigma_x"]].isna().all(axis=None)
    places = ["y_px", "x_px"]
    np.testing.assert_allclose(failed[places], centroids.loc[failed.index, places])


def test_peaks_of_an_astigmatic_probe_are_fitted_as_ellipses_where_that_is_asked_for():
    y, x = np.mgrid[:SIDE, :SIDE] * PIXEL
    mean = np.full((SIDE, SIDE), 5.0)
    for row, column in np.concatenate(LAYERS):
        down, along = ((y - row) + (x - column)) / np.sqrt(2), ((y - row) - (x - column)) / np.sqrt(2)
        mean += 200 * np.exp(-(down**2) / (2 * 0.42**2) - along**2 / (2 * 0.34**2))
    astigmatic = np.random.default_rng(0).poisson(mean).astype(np.uint16)[None]
    fits = {
        peaks: locate_atoms(prediction(), AtomsConfig(refine="image", peaks=peaks), astigmatic)
        for peaks in ("round", "elliptical")
    }
    sigma = np.hypot(fits["elliptical"]["sigma_y"], fits["elliptical"]["sigma_x"])
    assert np.sqrt((errors(fits["elliptical"]) ** 2).mean() / (sigma**2).mean()) == pytest.approx(1, abs=0.3)
    assert fits["elliptical"]["width"].to_numpy() == pytest.approx(np.sqrt(0.42 * 0.34), rel=0.03)
    assert np.sqrt((errors(fits["round"]) ** 2).mean()) > 1.5 * np.sqrt((errors(fits["elliptical"]) ** 2).mean())


@pytest.mark.parametrize("refine", ["image", "probability"])
def test_a_fit_tells_how_far_it_has_come_and_is_ended_by_whoever_is_told(refine):
    told = []
    config = AtomsConfig(refine=refine)
    locate_atoms(prediction(), config, image(), tell=told.append)
    assert len({round(part, 1) for part in told}) > 5
    assert min(told) == 0
    assert 0.85 < max(told) < 1

    class EnoughError(Exception):
        pass

    def enough(part):
        if part > 0.3:
            raise EnoughError

    with pytest.raises(EnoughError):
        locate_atoms(prediction(), config, image(), tell=enough)
