import pandas as pd

from napari_strata.atoms.undecided import undecided

NOBODY = pd.DataFrame({"frame": [], "layer": [], "y_px": [], "x_px": []})


def places(*rows, **columns):
    """Return a table of (frame, layer, y, x) with columns of what is known of each."""
    return pd.DataFrame(rows, columns=["frame", "layer", "y_px", "x_px"]).assign(**columns)


def left(candidates, atoms, removed=NOBODY):
    found = undecided(candidates, atoms, removed, tolerance=2.0)
    assert list(found.index) == list(range(len(found)))
    return found["y_px"].tolist()


def test_a_missing_atom_that_was_added_or_removed_there_is_decided():
    missing = places((0, 0, 10, 5), (0, 0, 20, 5), (0, 0, 30, 5), (0, 1, 10, 5), (1, 0, 10, 5), kind="missing")
    atoms = places((0, 0, 11.9, 5), (0, 0, 22.1, 5), edited="added")
    assert left(missing, atoms) == [20, 30, 10, 10]
    assert left(missing, atoms, places((0, 0, 30, 6.5))) == [20, 10, 10]


def test_an_extra_or_empty_atom_that_was_removed_moved_or_changed_is_decided():
    found = places((0, 0, 10, 5), (0, 0, 20, 5), (0, 0, 30, 5), (0, 0, 40, 5), kind=["empty", "extra"] * 2)
    atoms = places((0, 0, 10, 5), (0, 0, 21, 5), (0, 0, 30, 5), edited=["", "moved", "changed"])
    assert left(found, atoms) == [10]
    assert left(found, atoms[:0]) == []


def test_of_no_candidates_none_is_left():
    assert left(places(kind=[]), places((0, 0, 10, 5), edited="")) == []
