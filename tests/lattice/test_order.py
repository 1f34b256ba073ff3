import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from honeycomb import honeycomb
from napari_strata.errors import CalibrationError, TableError
from napari_strata.lattice.cells import fold_twist
from napari_strata.lattice.order import describe_layers

EXTENT = 40.0


def table(*layers: np.ndarray) -> pd.DataFrame:
    rows = [pd.DataFrame({"layer": i, "y_A": p[:, 0], "x_A": p[:, 1]}) for i, p in enumerate(layers)]
    return pd.concat(rows, ignore_index=True).assign(image="a", frame=0)


def test_an_exact_bilayer_has_its_twist_full_coherence_and_its_bond_length() -> None:
    layers = [honeycomb(EXTENT, angle=angle) for angle in (3.0, 31.9)]
    figures = describe_layers(table(*layers))
    assert figures.twists == pytest.approx((28.9,), abs=1e-6)
    for lattice, positions in zip(figures.layers, layers, strict=True):
        assert lattice.atoms == len(positions)
        assert lattice.coherence == pytest.approx(1, abs=1e-9)
        assert lattice.bond_length == pytest.approx(1.42, abs=1e-9)


def test_three_layers_have_two_twists() -> None:
    angles = (0.0, 10.0, 55.0)
    figures = describe_layers(table(*(honeycomb(EXTENT, angle=angle) for angle in angles)))
    assert figures.twists == pytest.approx([fold_twist(b - a) for a, b in pairwise(angles)], abs=1e-6)
    assert figures.twists == pytest.approx((10, 15), abs=1e-6)


@pytest.mark.parametrize(("angle", "twist"), [(28.9, 28.9), (31.1, 28.9), (-31.1, 28.9), (60, 0), (30, 30)])
def test_a_twist_is_folded_to_thirty_degrees(angle: float, twist: float) -> None:
    assert fold_twist(angle) == pytest.approx(twist)


def test_interior_atoms_have_all_their_bonds_in_the_image() -> None:
    positions = honeycomb(EXTENT, angle=12.0)
    [lattice] = describe_layers(table(positions)).layers
    margin = 1.42 * (1 + math.sqrt(3)) / 2
    low, high = positions.min(axis=0) + margin, positions.max(axis=0) - margin
    assert lattice.interior == ((positions > low) & (positions < high)).all(axis=1).sum() > 500


def test_a_vacancy_lowers_the_coherence_and_leaves_the_bond_length() -> None:
    positions = honeycomb(EXTENT)
    middle = np.hypot(*(positions - EXTENT / 2).T).argmin()
    whole = describe_layers(table(positions)).layers[0]
    [damaged] = describe_layers(table(np.delete(positions, middle, axis=0))).layers
    assert damaged.bond_length == pytest.approx(1.42, abs=1e-9)
    # Three atoms lose a bond; each then looks at a second neighbour, whose direction counts -1 instead of 1.
    bonds = 3 * (whole.interior - 1)
    assert damaged.coherence == pytest.approx((bonds - 2 * 3) / bonds, abs=1e-9)


def test_random_atoms_are_not_coherent() -> None:
    [lattice] = describe_layers(table(np.random.default_rng(0).uniform(0, EXTENT, (1000, 2)))).layers
    assert lattice.coherence < 0.1


def test_a_layer_without_interior_atoms_has_counts_only() -> None:
    [lattice] = describe_layers(table(np.array([[0.0, 0.0], [0.0, 1.42]]))).layers
    assert (lattice.atoms, lattice.interior) == (2, 0)
    assert math.isnan(lattice.coherence) and math.isnan(lattice.bond_length) and math.isnan(lattice.orientation)


def test_several_frames_are_refused() -> None:
    atoms = table(honeycomb(EXTENT))
    with pytest.raises(TableError, match="one frame at a time"):
        describe_layers(pd.concat([atoms, atoms.assign(frame=1)]))


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(TableError, match="no atoms"):
        describe_layers(table(np.zeros((0, 2))))


def test_positions_in_pixels_only_are_refused() -> None:
    with pytest.raises(CalibrationError, match="pixel size"):
        describe_layers(table(honeycomb(EXTENT)).assign(y_A=np.nan))
