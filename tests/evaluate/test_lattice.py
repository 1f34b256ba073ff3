import math

import numpy as np
import pandas as pd
import pytest

from honeycomb import BOND, honeycomb
from napari_strata.errors import CalibrationError, TableError
from napari_strata.evaluate.lattice import LayerLattice, describe_layers, twist

EXTENT = 40.0
PIXEL_SIZE = 0.2
SHAPE = (200, 200)


def crystal(angle=0.0, **options):
    """Return the positions of a honeycomb in the field of view."""
    positions = honeycomb(EXTENT, angle=angle, **options)
    inside = ((positions >= -PIXEL_SIZE / 2) & (positions < EXTENT - PIXEL_SIZE / 2)).all(axis=1)
    return positions[inside]


def table(*layers):
    frames = [
        pd.DataFrame({"image": "a", "frame": 0, "layer": i, "y_px": p[:, 0] / 0.2, "x_px": p[:, 1] / 0.2})
        for i, p in enumerate(layers)
    ]
    return pd.concat(frames, ignore_index=True)


def describe(*layers, **options):
    return describe_layers(table(*layers), pixel_size=PIXEL_SIZE, shape=SHAPE, **options)


def test_an_exact_honeycomb_is_fully_coherent_and_has_its_bond_length():
    (found,) = describe(crystal(angle=7.3))
    assert found.coherence == pytest.approx(1, abs=1e-9)
    assert found.mean_bond == pytest.approx(BOND, abs=1e-9)
    assert found.atoms == len(crystal(angle=7.3))


def test_interior_atoms_are_those_far_enough_from_the_border():
    (found,) = describe(crystal())
    margin = 1.5 * BOND
    expected = ((crystal() > margin - 0.1) & (crystal() < EXTENT - 0.1 - margin)).all(axis=1).sum()
    assert found.interior == expected
    assert 0 < expected < found.atoms


def test_a_bond_is_counted_once():
    triangle = np.array([[10.0, 10.0], [10.0, 11.42], [11.3, 10.7], [30.0, 30.0]])
    (found,) = describe(triangle, cutoff=2.0)
    assert found.bonds == 3


@pytest.mark.parametrize("angles", [(0, 28.9), (0, 31.1), (12.3, 41.2), (-20, 8.9), (3.0, 3.0 + 60 * 4 + 28.9)])
def test_the_twist_is_folded_to_thirty_degrees(angles):
    first, second = describe(*[crystal(angle=angle) for angle in angles])
    assert twist(first, second) == pytest.approx(28.9, abs=1e-6)
    assert twist(second, first) == pytest.approx(28.9, abs=1e-6)


@pytest.mark.parametrize(("angle", "expected"), [(0.0, 0.0), (30.0, 30.0), (60.0, 0.0), (4.0, 4.0), (57.0, 3.0)])
def test_twists_at_the_ends_of_the_range(angle, expected):
    assert twist(*describe(crystal(), crystal(angle=angle))) == pytest.approx(expected, abs=1e-6)


def test_the_orientation_turns_with_the_crystal():
    # angles of `honeycomb` turn y towards x, anticlockwise ones the other way
    first, second = (describe(crystal(angle=angle))[0].orientation for angle in (5.0, 8.0))
    assert abs(first - second) == pytest.approx(3.0, abs=1e-6)


def test_an_atom_without_its_neighbour_lowers_the_coherence_but_not_the_bond_length():
    whole = crystal()
    hole = np.argmin(np.hypot(*(whole - EXTENT / 2).T))
    (found,) = describe(np.delete(whole, hole, axis=0))
    # each of the three neighbours now counts a second neighbour, turned by 30 degrees: exp(6 i 30°) = -1
    assert found.coherence == pytest.approx((3 * found.interior - 2 * 3) / (3 * found.interior), abs=1e-9)
    assert found.mean_bond == pytest.approx(BOND, abs=1e-9)


def test_random_atoms_are_not_coherent():
    positions = np.random.default_rng(0).uniform(0, EXTENT, (600, 2))
    (found,) = describe(positions)
    assert found.coherence < 0.1


def test_a_stretch_of_the_scan_leaves_the_mean_bond():
    stretch = np.diag([1.03, 1 / 1.03])
    centre = EXTENT / 2
    (found,) = describe((crystal(angle=11.0) - centre) @ stretch + centre)
    # (1.03² + 1.03⁻²) / 2 - 1 = 0.0018: only the second order is left
    assert found.mean_bond == pytest.approx(BOND, rel=1e-3)


def test_a_stated_cutoff_decides_what_a_bond_is():
    (found,) = describe(crystal(), cutoff=2.6)
    assert found.mean_bond > 1.8
    assert found.bonds > 4 * found.interior


def test_too_few_atoms_have_no_lattice():
    (found,) = describe(np.array([[10.0, 10.0], [20.0, 20.0]]))
    assert found.atoms == 2
    assert math.isnan(found.coherence)
    assert math.isnan(found.mean_bond)
    assert math.isnan(twist(found, LayerLattice(1, 9, 9, 9, 1.4, 1.0, 10.0)))


def test_atoms_without_any_bond_have_no_mean_bond():
    (found,) = describe(crystal(), cutoff=0.5)
    assert found.bonds == 0
    assert math.isnan(found.mean_bond)
    assert found.coherence == pytest.approx(1)


def test_layers_are_described_in_their_order():
    found = describe(crystal(), crystal(angle=9.0), crystal(angle=20.0))
    assert [layer.layer for layer in found] == [0, 1, 2]


def test_several_frames_are_refused():
    atoms = table(crystal())
    atoms.loc[0, "frame"] = 1
    with pytest.raises(TableError, match="several"):
        describe_layers(atoms, pixel_size=PIXEL_SIZE, shape=SHAPE)


@pytest.mark.parametrize("pixel_size", [0.0, -1.0, math.nan])
def test_a_pixel_size_that_cannot_be_is_refused(pixel_size):
    with pytest.raises(CalibrationError, match="not positive"):
        describe_layers(table(crystal()), pixel_size=pixel_size, shape=SHAPE)
