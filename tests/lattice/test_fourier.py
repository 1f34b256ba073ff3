import numpy as np
import pytest
from scipy.linalg import block_diag

from lattices import atoms, cell, image
from napari_strata.errors import CalibrationError, ImageError, LatticeError
from napari_strata.lattice.affine import fit_shared_affine, symmetric_stretch
from napari_strata.lattice.moire import predict_moire, see_moire
from napari_strata.lattice.reciprocal import lattices_of_image, match_lattices, reciprocal
from napari_strata.lattice.spectrum import find_spots, sixfold_share
from napari_strata.lattice.twist import twist_of_affine

PIXEL = 0.2
EXTENT = 51.2


def bilayer_image(*turns: float, affine: np.ndarray | None = None, noise: float = 0.05) -> np.ndarray:
    layers = [atoms(cell(2.46, angle=t, affine=affine), EXTENT + 8)[0] - 4 for t in turns]
    return image(layers, EXTENT, PIXEL, noise=noise)


def wave(k: tuple[float, float], shape: tuple[int, int] = (150, 200)) -> np.ndarray:
    y, x = (np.arange(side) * PIXEL for side in shape)
    return np.cos(2 * np.pi * (k[0] * y[:, None] + k[1] * x) + 0.4)


def test_a_wave_is_one_spot_at_its_frequency() -> None:
    spots = find_spots(3 * wave((0.3123, 0.2217)) + 7, PIXEL)
    assert spots.frequency[0] == pytest.approx([0.3123, 0.2217], abs=1e-7)
    assert spots.amplitude[0] == pytest.approx(3, rel=1e-5)


def test_uncertainties_of_spots_cover_their_errors() -> None:
    clean, errors = wave((-0.3123, 0.2217)), []
    for seed in range(40):
        noisy = clean + np.random.default_rng(seed).normal(0, 2, clean.shape)
        spots = find_spots(noisy, PIXEL, most=1)
        errors.append((spots.frequency[0] - [-0.3123, 0.2217]) / spots.sigma[0])
    assert np.std(errors) == pytest.approx(1, abs=0.25)


def test_noise_has_no_spots() -> None:
    assert len(find_spots(np.random.default_rng(0).normal(size=(256, 256)), PIXEL)) == 0


def test_the_lattices_of_both_layers_are_seen_in_the_image() -> None:
    stretch = symmetric_stretch(0.015, 0.02)
    found = lattices_of_image(bilayer_image(4.0, 32.9, affine=stretch), PIXEL)
    both = fit_shared_affine(
        [one.vectors for one in found], block_diag(*(one.covariance for one in found)), ["hexagonal"] * 2
    )
    assert [layer.a.value for layer in both.layers] == pytest.approx([2.46, 2.46], abs=2e-3)
    assert both.matrix == pytest.approx(stretch, abs=1e-3)
    assert twist_of_affine(both, 0, 1, "hexagonal").angle == pytest.approx(28.9, abs=0.05)
    for lattice in found:
        assert {tuple(np.abs(order)) for order in lattice.orders} >= {(0, 1), (1, 0)}
        assert np.abs(lattice.residuals / lattice.spots.sigma).max() < 6


def test_lattices_are_matched_with_layers() -> None:
    found = lattices_of_image(bilayer_image(4.0, 32.9), PIXEL)
    matched = match_lattices(found, [cell(2.46, angle=32.9), cell(2.46, angle=4.0)])
    turns = [one.parameters.orientation.value for one in matched]
    assert turns == pytest.approx([32.9 - 60, 4.0], abs=0.1)
    assert match_lattices(found[:1], [cell(2.46, angle=32.9), cell(2.46, angle=4.0)]).count(None) == 1


def test_a_square_lattice_is_seen() -> None:
    positions, _ = atoms(cell(3.9, gamma=90, angle=12), EXTENT + 8, sites=[(0, 0)])
    [found] = lattices_of_image(image([positions - 4], EXTENT, PIXEL), PIXEL, layers=1, family="square")
    assert found.parameters.a.value == pytest.approx(3.9, abs=1e-3)
    assert found.parameters.gamma.value == pytest.approx(90, abs=0.02)
    assert found.parameters.orientation.value == pytest.approx(12, abs=0.02)


@pytest.mark.parametrize(
    ("gamma", "turns", "share"), [(120, (7,), 1), (120, (0, 30), 1), (120, (3, 15), 1), (90, (7,), 0)]
)
def test_only_spots_of_hexagonal_lattices_have_partners_sixty_degrees_on(gamma, turns, share) -> None:
    strained = np.array([[1.03, 0.01], [0.01, 0.97]])
    cells = [cell(2.8, gamma=gamma, angle=turn, affine=strained) for turn in turns]
    layers = [atoms(one, EXTENT + 8, sites=[(0, 0)])[0] - 4 for one in cells]
    assert sixfold_share(find_spots(image(layers, EXTENT, PIXEL), PIXEL)) == pytest.approx(share, abs=0.06)


def test_missing_lattices_are_an_error_in_words() -> None:
    with pytest.raises(LatticeError, match="1 of 2 hexagonal lattices"):
        lattices_of_image(bilayer_image(4.0), PIXEL)


@pytest.mark.parametrize(
    ("pixels", "pixel_size", "error"),
    [
        (np.zeros((2, 64, 64)), 0.1, ImageError),
        (np.zeros((8, 64)), 0.1, ImageError),
        (np.full((64, 64), np.nan), 0.1, ImageError),
        (np.zeros((64, 64)), 0.0, CalibrationError),
    ],
)
def test_what_is_no_image_is_refused(pixels: np.ndarray, pixel_size: float, error: type) -> None:
    with pytest.raises(error):
        find_spots(pixels, pixel_size)


def test_reciprocal_vectors_are_dual() -> None:
    vectors = cell(3.0, 4.2, 100, angle=20)
    assert vectors @ reciprocal(vectors).T == pytest.approx(np.eye(2), abs=1e-12)


@pytest.mark.parametrize("twist", [3.0, 8.0, 28.9])
def test_the_period_of_a_moire_is_that_of_the_formula(twist: float) -> None:
    moire = predict_moire(cell(2.46, angle=25), cell(2.46, angle=25 + twist), 1e-8 * np.eye(8), "hexagonal")
    assert moire.period == pytest.approx(2.46 / (2 * np.sin(np.deg2rad(twist / 2))), rel=1e-9)
    assert moire.parameters.gamma.value == pytest.approx(120, abs=1e-6)


def test_a_mismatch_alone_makes_a_moire() -> None:
    moire = predict_moire(cell(2.46), cell(2.504), 1e-8 * np.eye(8), "hexagonal")
    assert moire.period == pytest.approx(1 / (1 / 2.46 - 1 / 2.504), rel=1e-9)


def test_equal_lattices_have_no_moire() -> None:
    with pytest.raises(LatticeError, match="coincide"):
        predict_moire(cell(2.46), cell(2.46, angle=60), 1e-8 * np.eye(8), "hexagonal")


def test_the_moire_of_layers_whose_contrasts_add_is_seen_in_the_square() -> None:
    predicted = predict_moire(cell(2.46, angle=4), cell(2.46, angle=18), 1e-8 * np.eye(8), "hexagonal")
    seen = see_moire(bilayer_image(4.0, 18.0), PIXEL, predicted)
    assert seen.source == "square of the image"
    assert seen.moire.period == pytest.approx(predicted.period, rel=0.01)


def test_a_moire_that_is_not_there_is_an_error() -> None:
    predicted = predict_moire(cell(2.46, angle=4), cell(2.46, angle=18), 1e-8 * np.eye(8), "hexagonal")
    with pytest.raises(LatticeError, match="No spots of a moiré"):
        see_moire(np.random.default_rng(0).normal(size=(256, 256)), PIXEL, predicted)
