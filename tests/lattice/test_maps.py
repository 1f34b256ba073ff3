import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lattices import HONEYCOMB, atoms, cell, rotation
from napari_strata.errors import LatticeError, TableError
from napari_strata.lattice.cells import UnitCell
from napari_strata.lattice.dopants import fraction, join_count, species_fractions
from napari_strata.lattice.figures import frame_figures
from napari_strata.lattice.fit import LatticeFit, fit_lattice
from napari_strata.lattice.frame import describe_frame
from napari_strata.lattice.frame_maps import Intensities, map_frame
from napari_strata.lattice.indexing import LatticeIndex, index_atoms
from napari_strata.lattice.maps import MAP_UNITS, atom_maps
from napari_strata.lattice.neighbours import bonds, mean_bonds
from napari_strata.lattice.stacking import measure_stacking
from napari_strata.lattice.statistics import summarise
from napari_strata.lattice.strain import displacements, measure_strain
from napari_strata.lattice.translations import find_cell

EXTENT = 25.0
BOND = 2.46 / np.sqrt(3)
PLAIN, _ = atoms(cell(2.46, angle=7), EXTENT)
IDEAL = UnitCell(cell(2.46, angle=7), np.array(HONEYCOMB), "hexagonal")
INDEX = index_atoms(PLAIN, IDEAL)
INSIDE = ((PLAIN > 4) & (PLAIN < EXTENT - 4)).all(axis=1)


def fitted(positions: np.ndarray) -> LatticeFit:
    return fit_lattice(positions, index_atoms(positions, find_cell(positions)))


@settings(max_examples=20)
@given(exx=st.floats(-0.05, 0.05), eyy=st.floats(-0.05, 0.05), exy=st.floats(-0.05, 0.05), turn=st.floats(-40, 40))
def test_stretch_shear_and_rotation_are_recovered(exx: float, eyy: float, exy: float, turn: float) -> None:
    stretch = np.array([[1 + eyy, exy], [exy, 1 + exx]])
    moved = PLAIN @ (stretch @ rotation(turn)).T
    strain = measure_strain(moved, INDEX, IDEAL)
    for found, true in ((strain.exx, exx), (strain.eyy, eyy), (strain.exy, exy), (strain.rotation, turn)):
        assert np.nanmax(np.abs(found - true)) < 1e-9
        assert np.isfinite(found)[INSIDE].all()


def test_strain_varies_from_atom_to_atom() -> None:
    # u_x = 0.001 x^2, so exx = 0.002 x
    moved = PLAIN + np.c_[np.zeros(len(PLAIN)), 0.001 * PLAIN[:, 1] ** 2]
    strain = measure_strain(moved, INDEX, IDEAL, radius=1.1 * BOND)
    inside = strain.neighbours == 3
    assert np.abs(strain.exx - 0.002 * PLAIN[:, 1])[inside].max() < 0.0021
    assert np.abs(strain.eyy[inside]).max() < 1e-6


def test_atoms_with_too_few_neighbours_have_no_strain() -> None:
    strain = measure_strain(PLAIN, INDEX, IDEAL, radius=1.1 * BOND)
    few = strain.neighbours < 3
    assert few.any()
    assert np.isnan(strain.exx[few]).all() and np.isfinite(strain.exx[~few]).all()


def test_scatter_at_the_border_does_not_look_like_strain() -> None:
    spread = []
    for seed in range(4):
        moved = PLAIN + np.random.default_rng(seed).normal(0, 0.05, PLAIN.shape)
        exx = measure_strain(moved, INDEX, IDEAL).exx
        near = ((PLAIN < 2.5) | (PLAIN > EXTENT - 2.5)).any(axis=1) & np.isfinite(exx)
        spread.append((exx[near].std(), exx[INSIDE].std()))
        assert np.isnan(exx[(PLAIN < 1).any(axis=1)]).all()
    at_border, inside = np.mean(spread, axis=0)
    assert at_border < 1.6 * inside


def table_of(positions: np.ndarray, flag: np.ndarray) -> pd.DataFrame:
    y, x = positions.T
    return pd.DataFrame({"layer": 0, "species": "C", "y_A": y, "x_A": x, "flag": flag})


def test_atoms_that_the_border_cuts_count_in_no_lattice_and_no_map() -> None:
    is_cut = (PLAIN < 0.5).any(axis=1)
    pulled = PLAIN + 0.15 * is_cut[:, None]  # what is left of their footprints lies inside
    told = table_of(pulled, np.where(is_cut, "border unsure", ""))
    frame = describe_frame(told)
    [layer] = frame.layers
    assert layer.fit.scatter < 1e-9
    assert layer.bond == pytest.approx(BOND)
    maps = map_frame(frame, told, Intensities(np.ones(len(told)), "counts")).maps
    assert maps.loc[is_cut, list(MAP_UNITS)].drop(columns=["bonds", "stacking"]).isna().all(axis=None)
    assert maps.loc[is_cut, ["nearest", "intensity", "residual_y"]].isna().all(axis=None)
    assert maps.loc[~is_cut, ["displacement_y", "nearest", "intensity"]].notna().all(axis=None)
    [figures] = frame_figures(frame)["layers"]
    assert (figures["atoms"], figures["atoms_at_border"]) == (len(PLAIN), is_cut.sum())
    assert atom_maps(describe_frame(told.drop(columns="flag")))["displacement_y"].notna().all()


def test_a_displaced_atom_is_displaced_by_so_much() -> None:
    moved, middle = PLAIN.copy(), int(np.hypot(*(PLAIN - EXTENT / 2).T).argmin())
    moved[middle] += [0.05, -0.1]
    shift = displacements(fitted(moved))
    assert shift[middle] == pytest.approx([0.05, -0.1], abs=1e-3)
    assert displacements(fitted(moved), shift) == pytest.approx(np.zeros_like(shift))


def test_an_atom_has_three_bonds_of_their_length() -> None:
    found = bonds(PLAIN, INDEX)
    assert found.lengths == pytest.approx(BOND)
    assert sorted(set(np.round(found.angles, 6))) == pytest.approx([37, 97, 157])
    mean, number = mean_bonds(PLAIN, INDEX)
    assert number.max() == 3
    assert mean[number > 0] == pytest.approx(BOND)
    assert np.isnan(mean[number == 0]).all()


@pytest.mark.parametrize(
    ("place", "name"),
    [((0, 0), "AA"), ((1 / 3, 2 / 3), "AB"), ((2 / 3, 1 / 3), "BA"), ((0.5, 0), "SP"), ((0.5, 0.5), "SP")],
)
def test_high_symmetry_stackings_have_their_names(place: tuple[float, float], name: str) -> None:
    vectors = cell(2.46, angle=7)
    upper, _ = atoms(vectors, EXTENT, origin=np.add((0.3, 0.7), place @ vectors + [0.02, 0.0]))
    stacking = measure_stacking(PLAIN, fitted(PLAIN), upper, fitted(upper))
    assert set(stacking.names) == {name}
    assert stacking.distances == pytest.approx(0.02, abs=1e-6)
    apart = (stacking.fractions - place - [0.02, 0] @ np.linalg.inv(vectors) + 0.5) % 1 - 0.5
    assert np.abs(apart).max() < 1e-6


def test_a_small_twist_runs_through_all_stackings() -> None:
    lower, _ = atoms(cell(2.46, angle=7), 60.0)
    upper, _ = atoms(cell(2.46, angle=11), 60.0)
    stacking = measure_stacking(lower, fitted(lower), upper, fitted(upper))
    parts = {name: (stacking.names == name).mean() for name in ("AA", "AB", "BA", "SP")}
    assert min(parts.values()) > 0.1
    assert np.hypot(*stacking.vectors.T).max() <= BOND + 0.1


def test_layers_of_other_families_have_no_stacking() -> None:
    square, _ = atoms(cell(2.5, gamma=90), EXTENT, sites=[(0, 0)])
    with pytest.raises(LatticeError, match="no stacking"):
        measure_stacking(PLAIN, fitted(PLAIN), square, fitted(square))


def test_a_fraction_has_the_wilson_interval() -> None:
    found = fraction(10, 100)
    # (p + z^2 / 2n -+ z sqrt(p (1 - p) / n + z^2 / 4 n^2)) / (1 + z^2 / n) with z = 1.959964
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.055229, 0.174366), abs=1e-6)
    nothing = fraction(0, 0)
    assert np.isnan(nothing.value) and (nothing.low, nothing.high) == (0, 1)
    with pytest.raises(TableError, match="3 of 2"):
        fraction(3, 2)


def test_species_are_told_by_frequency() -> None:
    found = species_fractions(["S"] * 6 + ["Se"] * 2 + ["W"] * 8)
    assert {name: part.value for name, part in found.items()} == {"W": 0.5, "S": 0.375, "Se": 0.125}
    assert list(found) == ["W", "S", "Se"]


def test_a_cluster_of_dopants_is_told_from_chance() -> None:
    near = np.hypot(*(PLAIN - EXTENT / 2).T) < 4
    random = np.zeros(len(PLAIN), dtype=bool)
    random[np.random.default_rng(2).choice(len(PLAIN), near.sum(), replace=False)] = True
    clustered, chance = (join_count(INDEX, who, neighbours=1.1 * BOND) for who in (near, random))
    assert clustered.p_clustered == 1 / 1000
    assert clustered.joins > clustered.expected + 5 * clustered.spread
    assert 0.05 < chance.p_clustered < 0.95
    assert chance == join_count(INDEX, random, neighbours=1.1 * BOND)


def test_dopants_of_one_sublattice_are_no_cluster_of_it() -> None:
    dopant = (INDEX.site == 1) & (np.random.default_rng(0).random(len(PLAIN)) < 0.5)
    found = join_count(INDEX, dopant, neighbours=1.1 * 2.46)
    assert 0.02 < found.p_clustered < 0.98
    assert 0.02 < found.p_dispersed < 0.98


def test_joins_are_counted() -> None:
    pair = bonds(PLAIN, INDEX).pairs[0]
    dopant = np.zeros(len(PLAIN), dtype=bool)
    dopant[pair] = True
    assert join_count(INDEX, dopant, neighbours=1.1 * BOND, permutations=9).joins == 1


def test_a_test_needs_dopants_and_others() -> None:
    for who in (np.zeros(len(PLAIN), bool), np.ones(len(PLAIN), bool)):
        with pytest.raises(TableError, match="dopant"):
            join_count(INDEX, who, neighbours=2)


def test_a_summary_leaves_out_what_is_unknown() -> None:
    values = np.array([1.0, 2.0, 3.0, np.nan, 100.0])
    found = summarise(values, np.array([True, True, True, True, False]))
    assert (found.count, found.mean, found.median, found.deviation) == (3, 2, 2, 1)
    assert found.standard_error == pytest.approx(1 / np.sqrt(3))
    assert summarise(np.array([np.nan])).count == 0


def test_an_index_without_atoms_has_no_bonds() -> None:
    nowhere = LatticeIndex(IDEAL, np.zeros((3, 2), dtype=int), np.full(3, -1))
    assert len(bonds(PLAIN[:3], nowhere).pairs) == 0


def test_all_maps_stand_beside_the_atoms() -> None:
    upper, _ = atoms(cell(2.46, angle=35), EXTENT)
    rows = [pd.DataFrame({"layer": i, "y_A": p[:, 0], "x_A": p[:, 1]}) for i, p in enumerate((PLAIN, upper))]
    table = pd.concat(rows).assign(image="a", frame=0)
    table.index = np.random.default_rng(0).permutation(len(table))
    maps = atom_maps(describe_frame(table))
    assert list(maps) == list(MAP_UNITS)
    assert sorted(maps.index) == sorted(table.index)
    assert np.abs(maps[["displacement_y", "displacement_x", "exx", "eyy", "exy"]]).max(axis=None) < 1e-6
    assert maps["bond"].median() == pytest.approx(BOND)
    layer = table.loc[maps.index, "layer"]
    assert set(maps.loc[layer == 0, "stacking"]) == {""}
    assert set(maps.loc[layer == 1, "stacking"]) == {"AA", "AB", "BA", "SP"}


def test_maps_can_be_freed_of_the_smooth_field() -> None:
    layers = [p + 0.3 * np.sin(p[:, ::-1] / 4) for p in (PLAIN, atoms(cell(2.46, angle=35), EXTENT)[0])]
    rows = [pd.DataFrame({"layer": i, "y_A": p[:, 0], "x_A": p[:, 1]}) for i, p in enumerate(layers)]
    frame = describe_frame(pd.concat(rows, ignore_index=True).assign(image="a", frame=0))
    with_field, without = (atom_maps(frame, without_field=w) for w in (False, True))
    assert without["exy"].std() < with_field["exy"].std() / 3
    assert without["displacement_y"].std() < with_field["displacement_y"].std() / 3
