import numpy as np
import pytest
from scipy.linalg import block_diag

from lattices import HONEYCOMB, atoms, cell, rotation
from napari_strata.errors import LatticeError
from napari_strata.lattice.affine import SharedAffine, fit_shared_affine, symmetric_stretch
from napari_strata.lattice.field import SmoothField, fit_field
from napari_strata.lattice.fit import LatticeFit, fit_lattice
from napari_strata.lattice.indexing import index_atoms
from napari_strata.lattice.translations import find_cell
from napari_strata.lattice.twist import twist_of_affine, twist_of_fits

EXTENT = 40.0
SHEAR = np.array([[1.0, 0.03], [0.0, 1.0]])
"""Of determinant 1, but not symmetric: it turns both layers, too."""


def fitted(positions: np.ndarray) -> LatticeFit:
    return fit_lattice(positions, index_atoms(positions, find_cell(positions)))


def bilayer(
    affine: np.ndarray, *, a: float = 2.46, turns: tuple = (11.0, 39.9), **options: float
) -> list[np.ndarray]:
    return [
        atoms(cell(a, angle=turn, affine=affine), EXTENT, seed=i, **options)[0] for i, turn in enumerate(turns)
    ]


def shared(fits: list[LatticeFit]) -> SharedAffine:
    covariance = block_diag(*(fit.covariance for fit in fits))
    return fit_shared_affine([f.vectors for f in fits], covariance, ["hexagonal"] * len(fits))


def test_stretch_and_twist_come_apart_exactly() -> None:
    stretch = symmetric_stretch(0.02, 0.031)
    fits = [fitted(p) for p in bilayer(stretch)]
    found = shared(fits)
    assert np.linalg.det(found.matrix) == pytest.approx(1, abs=1e-12)
    assert found.matrix == pytest.approx(stretch, abs=1e-9)
    assert [layer.a.value for layer in found.layers] == pytest.approx([2.46, 2.46], abs=1e-9)
    assert twist_of_affine(found, 0, 1, "hexagonal").angle == pytest.approx(28.9, abs=1e-7)
    assert twist_of_fits(fits, 0, 1).angle == pytest.approx(28.9, abs=1e-7)


def test_shear_is_told_as_the_stretch_in_it() -> None:
    found = shared([fitted(p) for p in bilayer(SHEAR)])
    largest, least = np.linalg.svd(SHEAR, compute_uv=False)
    assert [s.value for s in found.stretches] == pytest.approx([largest, least], abs=1e-9)
    assert found.matrix @ found.matrix.T == pytest.approx(SHEAR @ SHEAR.T, abs=1e-9)
    assert twist_of_affine(found, 0, 1, "hexagonal").angle == pytest.approx(28.9, abs=1e-7)


def test_a_change_of_area_goes_into_a() -> None:
    found = shared([fitted(p) for p in bilayer(1.01 * np.eye(2))])
    assert [layer.a.value for layer in found.layers] == pytest.approx([2.46 * 1.01] * 2, abs=1e-9)
    assert found.stretches[0].value == pytest.approx(1, abs=1e-9)


def test_the_direction_is_that_of_the_larger_stretch() -> None:
    turned = rotation(25) @ np.diag([1 / 1.03, 1.03]) @ rotation(25).T
    found = shared([fitted(p) for p in bilayer(turned)])
    assert found.direction.value == pytest.approx(25, abs=1e-6)
    assert found.stretches[0].value == pytest.approx(1.03, abs=1e-9)


def test_layers_without_a_common_distortion_have_a_large_chi_square() -> None:
    layers = [
        atoms(cell(2.46, angle=turn, affine=affine), EXTENT, jitter=0.03, seed=i)[0]
        for i, (turn, affine) in enumerate([(11, np.eye(2)), (39.9, symmetric_stretch(0.01, 0))])
    ]
    found = shared([fitted(p) for p in layers])
    assert found.degrees == 2
    assert found.chi_square > 100
    assert found.p_value < 1e-6
    assert found.does_not_fit
    assert np.isnan([one.sigma for one in (*found.stretches, found.direction)]).all()
    assert all(layer.a.sigma > 0 for layer in found.layers)  # a distortion of determinant 1 leaves the area
    assert [layer.a.value for layer in found.layers] == pytest.approx([2.46, 2.46], abs=2e-3)


def test_chi_square_and_uncertainties_of_layers_that_share_are_as_expected() -> None:
    values, pulls = [], []
    for seed in range(25):
        layers = [
            atoms(cell(2.46, angle=t, affine=SHEAR), 16.0, jitter=0.05, seed=2 * seed + i)[0]
            for i, t in enumerate((4.0, 32.9))
        ]
        found = shared([fitted(p) for p in layers])
        values.append(found.chi_square)
        twist = twist_of_affine(found, 0, 1, "hexagonal")
        pulls.append((twist.angle - 28.9) / twist.sigma)
        pulls.extend((layer.a.value - 2.46) / layer.a.sigma for layer in found.layers)
    assert np.mean(values) == pytest.approx(2, abs=1.2)
    assert np.std(pulls) == pytest.approx(1, abs=0.25)


def test_one_layer_has_nothing_to_test() -> None:
    found = shared([fitted(bilayer(SHEAR)[0])])
    assert found.degrees == 0
    assert np.isnan(found.p_value)


def test_cells_of_any_shape_show_no_distortion() -> None:
    with pytest.raises(LatticeError, match="any shape"):
        fit_shared_affine([cell(3, 4, 90)], 1e-6 * np.eye(4), ["rectangular"])


def test_twists_are_told_modulo_the_symmetry() -> None:
    fits = [fitted(p) for p in bilayer(np.eye(2), turns=(10.0, 75.0))]
    twist = twist_of_fits(fits, 0, 1)
    assert (twist.modulo, twist.angle) == (60, pytest.approx(5, abs=1e-7))
    assert "modulo 60 degrees, folded to 0 to 30" in twist.words
    squares = [fitted(atoms(cell(3.9, gamma=90, angle=t), EXTENT, sites=[(0, 0)])[0]) for t in (0, 80)]
    assert twist_of_fits(squares, 0, 1).angle == pytest.approx(10, abs=1e-7)
    with pytest.raises(LatticeError, match="have no twist"):
        twist_of_fits([fits[0], squares[0]], 0, 1)


Waving = tuple[list[np.ndarray], SmoothField]


def wave(points: np.ndarray) -> np.ndarray:
    """Return a smooth displacement of up to 0.3 Å."""
    y, x = points.T / EXTENT
    return 0.3 * np.stack([np.sin(6 * x + y) * np.cos(3 * y), np.cos(6 * y - 2 * x)], axis=1)


STRETCH = symmetric_stretch(0.02, 0.031)


@pytest.fixture(scope="module")
def waving() -> Waving:
    """Return a stretched bilayer under a smooth displacement, and the field that was fitted to it."""
    layers = [p + wave(p) for p in bilayer(STRETCH, jitter=0.03)]
    return layers, fit_field(layers, [fitted(p) for p in layers])


def test_a_smooth_field_that_layers_share_is_found_by_held_out_atoms(waving: Waving) -> None:
    _, field = waving
    assert field.median_before > 0.15
    # Of normal scatter, the median distance is 1.177 standard deviations.
    assert field.median_after == pytest.approx(1.177 * 0.03, rel=0.12)
    assert field.scatter == pytest.approx(0.03, rel=0.06)
    assert field.degrees_of_freedom == 2 * ((field.splines.spans + 3) ** 2 - 3)
    assert 4 <= field.splines.spans + 3 <= 9


def test_the_field_has_no_affine_part(waving: Waving) -> None:
    layers, field = waving
    points = np.concatenate(layers)
    moved = field(points)
    terms = np.c_[np.ones(len(points)), points]
    assert np.abs(np.linalg.lstsq(terms, moved, rcond=None)[0]).max() < 1e-6
    true = wave(points) - terms @ np.linalg.lstsq(terms, wave(points), rcond=None)[0]
    assert np.sqrt(((moved - true) ** 2).mean()) < 0.015


def test_noise_alone_gets_no_field() -> None:
    layers = bilayer(SHEAR, jitter=0.05)
    field = fit_field(layers, [fitted(p) for p in layers])
    assert field.splines is None
    assert field.degrees_of_freedom == 0
    assert field.median_after == field.median_before
    assert np.abs(field(layers[0])).max() == 0


def test_lattices_fitted_with_a_field_keep_their_shared_distortion(waving: Waving) -> None:
    _, field = waving
    found = fit_shared_affine(field.lattices, field.covariance, ["hexagonal"] * 2)
    sizes = [layer.a.value for layer in found.layers]
    assert sizes[0] / sizes[1] == pytest.approx(1, abs=6e-4)
    twist = twist_of_affine(found, 0, 1, "hexagonal")
    assert twist.angle == pytest.approx(28.9, abs=4 * twist.sigma + 0.005)
    assert twist.sigma < 0.02


def test_the_sites_of_a_honeycomb_keep_their_places() -> None:
    fit = fitted(bilayer(np.eye(2))[0])
    assert fit.cell.sites == pytest.approx(np.array(HONEYCOMB), abs=1e-9)
