import numpy as np
import pytest
from scipy.spatial import KDTree

from napari_strata.simulate.crystals import CRYSTALS
from napari_strata.simulate.fields import draw_strain_field
from napari_strata.simulate.layers import CLOSEST, Grain, Layer, fill_grains, rotation_matrix, strain_tensor
from napari_strata.simulate.regions import Disk, HalfPlane
from napari_strata.simulate.relaxation import stacking

NO_STRAIN, NO_SHIFT = np.zeros((2, 2)), np.zeros(2)


def layer(rotation: float = 0, *, strain=NO_STRAIN, material="graphene", shift=NO_SHIFT) -> Layer:
    return Layer(CRYSTALS[material], rotation, shift, strain)


def orientation(positions) -> float:
    """Return the direction of the bonds modulo 60 degrees, from each atom's nearest neighbour."""
    _, nearest = KDTree(positions).query(positions, k=2)
    bonds = positions[nearest[:, 1]] - positions
    return float(np.rad2deg(np.angle(np.exp(6j * np.arctan2(bonds[:, 0], bonds[:, 1])).mean()) / 6))


def test_a_strained_lattice_is_longer_along_its_axis_alone():
    strained = layer(strain=strain_tensor((0.02, 0.0), 0))
    x, y = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    assert strained.lattice[0] @ x == pytest.approx(2.46 * 1.02)
    assert strained.lattice[1] @ y == pytest.approx(2.46 * np.sqrt(3) / 2)


def test_principal_strains_turn_with_their_direction():
    assert strain_tensor((0.02, -0.01), 90) == pytest.approx(np.diag([0.02, -0.01]), abs=1e-12)
    assert np.linalg.eigvalsh(strain_tensor((0.02, -0.01), 33)) == pytest.approx([-0.01, 0.02])


def test_a_strain_field_has_the_gradient_that_was_asked_for():
    rng = np.random.default_rng(0)
    points = rng.uniform(-500, 500, (4000, 2))
    squares = []
    for _ in range(30):
        field = draw_strain_field(0.01, 60, rng)
        step = 1e-3
        gradient = [(field(points + step * axis) - field(points)) / step for axis in np.eye(2)]
        squares.append(np.square(gradient).sum(axis=0).mean(axis=0))
    assert np.sqrt(np.mean(squares)) == pytest.approx(0.01, rel=0.03)


def test_grains_are_turned_against_each_other_and_keep_apart():
    grain = Grain(HalfPlane(0, 3.0), 17, np.array([0.2, 0.4]))
    both = fill_grains(layer(5), grain, 40).positions
    left, right = both[both[:, 1] < 0], both[both[:, 1] > 6]
    assert (orientation(right) - orientation(left)) % 60 == pytest.approx(17, abs=0.5)
    distance, _ = KDTree(both).query(both, k=2)
    assert distance[:, 1].min() > CLOSEST * 1.4203
    assert len(both) == pytest.approx(80**2 / 5.2408 * 2, rel=0.03)


def test_a_half_plane_and_a_disk_contain_what_lies_in_them():
    points = np.array([[0.0, 2.0], [2.0, 0.0], [0.0, 0.5]])
    assert HalfPlane(0, 1).contains(points).tolist() == [True, False, False]
    assert HalfPlane(90, 1).contains(points).tolist() == [False, True, False]
    assert Disk((2, 0), 1).contains(points).tolist() == [False, True, False]


def test_the_moire_of_two_lattices_has_the_period_of_their_twist():
    found = stacking(layer(0), layer(3))
    length = np.linalg.norm(found.moire, axis=1)
    period = 2.46 / (2 * np.sin(np.deg2rad(1.5)))
    assert len(length) == 3
    assert 4 * np.pi / np.sqrt(3) / length == pytest.approx(np.full(3, period))


@pytest.mark.parametrize("twist", [3, 57, 63])
def test_where_columns_lie_on_columns_the_phases_are_whole_turns(twist: float):
    lower, upper = layer(10), layer(10 + twist)
    phases = stacking(lower, upper).phases
    points = np.stack(np.meshgrid(*[np.linspace(-40, 40, 161)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    best = points[np.cos(phases(points)).sum(axis=1).argmax()]
    distances = [KDTree(one.fill(60).positions).query(best + _around())[0] for one in (lower, upper)]
    # around such a place both layers have their columns at the same distances
    assert np.abs(distances[0] - distances[1]).max() < 0.25


def _around():
    return np.stack(np.meshgrid(*[np.linspace(-2, 2, 9)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)


def test_relaxation_moves_each_layer_by_the_amplitude_at_most_and_shrinks_aa():
    lower, upper = layer(0), layer(3)
    found = stacking(lower, upper)
    points = np.stack(np.meshgrid(*[np.linspace(-60, 60, 241)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    moved = found.displacement(points, 0.2)
    assert np.linalg.norm(moved, axis=1).max() == pytest.approx(0.2, rel=0.02)
    # a column that came from r lies at r + u; its stacking is then that of the unmoved layers, less G u of both
    reciprocal = found.direction * 4 * np.pi / np.sqrt(3) / 2.46
    relaxed = found.phases(points) - 2 * moved @ reciprocal.T
    energies = [np.cos(phases).sum(axis=1) for phases in (found.phases(points), relaxed)]
    assert energies[1].mean() < energies[0].mean() - 0.1
    assert (energies[1] > 1.5).mean() < 0.75 * (energies[0] > 1.5).mean()


def test_a_rotation_turns_x_towards_y():
    assert rotation_matrix(90) @ [0, 1] == pytest.approx([1, 0])
