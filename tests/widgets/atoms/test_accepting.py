import numpy as np
import pytest
from napari.layers import Points

from napari_strata.widgets.atoms.accepting import accept


def counts(accepted):
    return accepted.added, accepted.deleted


@pytest.fixture
def points():
    features = {"layer": [0, 1, 0], "species": ["C", "C", "C"], "atom": [0, 1, 2]}
    return Points(np.array([[5.0, 5], [5, 5], [9, 9]]), features=features)


@pytest.fixture
def candidates():
    features = {"kind": ["missing", "extra"], "layer": [1, 1], "species": ["Si", "C"], "score": [1.0, 1.0]}
    return Points(np.array([[20.0, 20], [5, 5]]), features=features)


def test_missing_atoms_are_added_and_extra_ones_removed_from_their_layer(points, candidates):
    assert counts(accept(points, candidates)) == (1, 1)
    assert points.data.tolist() == [[5, 5], [9, 9], [20, 20]]
    assert points.features[["layer", "species", "atom"]].to_numpy().tolist() == [
        [0, "C", 0],
        [0, "C", 2],
        [1, "Si", -1],
    ]
    assert len(candidates.data) == 0


def test_atoms_that_the_image_does_not_show_are_removed_where_that_is_accepted(points, candidates):
    candidates.features = candidates.features.assign(kind=["missing", "empty"])
    candidates.selected_data = {1}
    assert counts(accept(points, candidates)) == (0, 1)
    assert points.data.tolist() == [[5, 5], [9, 9]]


def test_of_selected_candidates_only_those_are_accepted(points, candidates):
    candidates.selected_data = {0}
    assert counts(accept(points, candidates)) == (1, 0)
    assert len(points.data) == 4
    assert candidates.features["kind"].tolist() == ["extra"]


def test_a_place_that_a_person_has_filled_since_gets_no_second_atom(points, candidates):
    points.add([20.5, 20])
    features = points.features.copy()
    features.loc[3, ["layer", "species", "atom"]] = [1, "Si", -1]
    points.features = features
    candidates.selected_data = {0}
    assert counts(accept(points, candidates)) == (0, 0)
    assert len(points.data) == 4
    assert candidates.features["kind"].tolist() == ["extra"]


def test_candidates_that_are_taken_back_are_as_they_were(points, candidates):
    candidates.symbol = ["ring", "x"]
    candidates.selected_data = {0}
    accepted = accept(points, candidates)
    accepted.take_back()
    assert candidates.data.tolist() == [[5, 5], [20, 20]]
    assert candidates.features["kind"].tolist() == ["extra", "missing"]
    assert candidates.features["layer"].tolist() == [1, 1]
    assert [str(symbol) for symbol in candidates.symbol] == ["x", "ring"]
    assert candidates.selected_data == set()
