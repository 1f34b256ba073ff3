import numpy as np
import pandas as pd
import pytest

from napari_strata.atoms.edits import ATOM, COLUMNS, apply_edits, find_edits, layer_order, mark_edits

PLACES = [(10.0, 10.0), (10.0, 30.0), (30.0, 10.0), (30.0, 30.0)]


def table(places=PLACES, *, layer=0, species="C", frame=0):
    y, x = np.array(places, dtype=float).reshape(-1, 2).T
    return pd.DataFrame(
        {
            "frame": frame,
            "layer": layer,
            "species": species,
            "y_px": y,
            "x_px": x,
            "probability": 0.9,
            "sigma_y": 0.01,
            "flag": "border",
        }
    )


def numbered(atoms):
    return atoms.assign(**{ATOM: np.arange(len(atoms))})


@pytest.fixture
def computed():
    return table()


@pytest.fixture
def edited(computed):
    """Return atoms of which one was moved, one changed, one deleted, and to which one was added."""
    atoms = numbered(computed)
    atoms.loc[0, ["y_px", "x_px"]] = (12, 13)
    atoms.loc[1, "species"] = "Si"
    new = {"frame": 0, "layer": 0, "species": "C", "y_px": 20, "x_px": 20, "probability": 0.9, "sigma_y": 0.01}
    return pd.concat([atoms.drop(index=2), pd.DataFrame([new | {"flag": "border", ATOM: -1}])], ignore_index=True)


def test_each_edit_is_told_from_the_numbers_of_the_atoms(computed, edited):
    marked = mark_edits(computed, edited)
    assert marked["edited"].tolist() == ["moved", "changed", "", "added"]
    assert marked["probability"].tolist() == [0.9, 0.9, 0.9, 1.0]
    assert marked["sigma_y"].isna().tolist() == [True, False, False, True]
    assert marked["flag"].tolist() == ["", "border", "border", ""]
    edits = find_edits(computed, edited)
    assert tuple(edits.columns) == COLUMNS
    assert edits["edited"].tolist() == ["moved", "changed", "added", "deleted"]
    assert edits[["from_y_px", "from_x_px"]].to_numpy()[[0, 1, 3]].tolist() == [[10, 10], [10, 30], [30, 10]]


def test_atoms_that_nobody_touched_have_no_edits(computed):
    assert len(find_edits(computed, numbered(computed))) == 0
    assert len(find_edits(computed[:0], numbered(computed[:0]))) == 0


def test_a_copy_of_an_atom_counts_as_added(computed):
    atoms = numbered(computed)
    copied = pd.concat([atoms, atoms.iloc[[1]].assign(y_px=50.0)], ignore_index=True)
    marked = mark_edits(computed, copied)
    assert marked["edited"].tolist() == ["", "", "", "", "added"]
    assert marked[ATOM].tolist() == [0, 1, 2, 3, -1]


def test_edits_are_done_again_to_atoms_that_were_computed_anew(computed, edited):
    again = computed.iloc[::-1].reset_index(drop=True)
    again[["y_px", "x_px"]] += 0.3
    atoms, left = apply_edits(again, find_edits(computed, edited), tolerance=2)
    found = {(row.y_px, row.x_px): (row.species, row.edited) for row in atoms.itertuples()}
    assert found == {
        (12, 13): ("C", "moved"),
        (10.3, 30.3): ("Si", "changed"),  # where it is was not the matter
        (30.3, 30.3): ("C", ""),
        (20, 20): ("C", "added"),
    }
    assert len(left) == 0


def test_edits_stay_the_same_however_often_they_are_done_again(computed, edited):
    first, _ = apply_edits(computed, find_edits(computed, edited), tolerance=2)
    edits = find_edits(computed, first)
    assert edits["edited"].value_counts().to_dict() == {"moved": 1, "changed": 1, "added": 1, "deleted": 1}
    second, _ = apply_edits(computed, edits, tolerance=2)
    pd.testing.assert_frame_equal(second, first)


def test_what_is_not_found_again_is_added_or_remembered(computed, edited):
    nothing = table([(50.0, 50.0)])
    atoms, left = apply_edits(nothing, find_edits(computed, edited), tolerance=2)
    assert sorted(atoms["edited"]) == ["", "added", "added", "added"]
    assert left[["from_y_px", "from_x_px"]].to_numpy().tolist() == [[30, 10]]


def test_an_added_atom_that_is_found_this_time_is_there_once(computed, edited):
    again = table([*PLACES, (20.5, 20.5), (19.0, 19.5)])
    atoms, _ = apply_edits(again, find_edits(computed, edited), tolerance=2)
    near = atoms[np.hypot(atoms["y_px"] - 20, atoms["x_px"] - 20) < 3]
    assert near[["y_px", "x_px"]].to_numpy().tolist() == [[20, 20]]


def test_edits_are_of_their_own_frame_and_layer():
    computed = pd.concat([table(), table(layer=1), table(frame=1)], ignore_index=True)
    atoms = numbered(computed).drop(index=5)
    again, _ = apply_edits(computed, find_edits(computed, atoms), tolerance=2)
    assert again[ATOM].tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]


def test_layers_that_changed_their_order_are_known_by_their_atoms():
    one, other = np.array(PLACES), np.array(PLACES) + 7
    before = pd.concat([table(one), table(other, layer=1)], ignore_index=True)
    after = pd.concat([table(other + 0.2), table(one - 0.2, layer=1)], ignore_index=True)
    assert layer_order(before, after, 2, tolerance=1).tolist() == [1, 0]
    assert layer_order(before, before, 2, tolerance=1).tolist() == [0, 1]
    assert layer_order(before, after[:0], 2, tolerance=1).tolist() == [0, 1]


def test_atoms_that_lie_on_each_other_and_changed_layers_stay_both():
    computed = pd.concat([table(PLACES[:1]), table([(10.2, 10.0)], layer=1)], ignore_index=True)
    swapped = numbered(computed).assign(layer=[1, 0])
    again, left = apply_edits(computed, find_edits(computed, swapped), tolerance=4.5)
    assert again[["layer", "y_px", "edited"]].to_numpy().tolist() == [[1, 10.0, "changed"], [0, 10.2, "changed"]]
    assert left.empty
