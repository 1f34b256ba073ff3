import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.errors import CalibrationError, ConfigError
from napari_strata.evaluate.counts import Counts
from napari_strata.evaluate.detection import match_atoms, pooled_scores, score_atoms, species_scores

POSITIONS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=5).map(
    lambda rows: np.array(rows, dtype=float).reshape(-1, 2) / 2
)


def atoms(*rows: tuple[int, float, float], species: str = "C", image: str = "a", frame: int = 0) -> pd.DataFrame:
    """A table of (layer, y_A, x_A)."""
    table = pd.DataFrame(list(rows), columns=["layer", "y_A", "x_A"]).astype({"layer": int})
    return table.assign(image=image, frame=frame, species=species)


def best_by_hand(found: np.ndarray, truth: np.ndarray, tolerance: float) -> tuple[int, float]:
    """Try every pairing: most pairs, then least sum of distances."""
    best = (0, 0.0)
    swapped = len(found) > len(truth)
    few, many = (truth, found) if swapped else (found, truth)
    for partners in itertools.permutations(range(len(many)), len(few)):
        distances = np.hypot(*(few - many[list(partners)]).T) if len(few) else np.zeros(0)
        kept = distances[distances <= tolerance]
        best = max(best, (len(kept), -float(kept.sum())))
    return best[0], -best[1]


@given(found=POSITIONS, truth=POSITIONS, tolerance=st.sampled_from([0.4, 0.6, 1.2, 5.0]))
def test_the_pairing_is_the_best_of_all(found: np.ndarray, truth: np.ndarray, tolerance: float) -> None:
    i, j, distances = match_atoms(found, truth, tolerance)
    assert len(set(i)) == len(i) == len(set(j)) == len(j)
    assert (distances <= tolerance).all()
    np.testing.assert_allclose(distances, np.hypot(*(found[i] - truth[j]).T))
    assert (len(i), float(distances.sum())) == pytest.approx(best_by_hand(found, truth, tolerance))


def test_nearest_first_would_lose_a_pair_here() -> None:
    found = np.array([[0.0, 0.0], [0.0, 1.0]])
    truth = np.array([[0.0, 0.6], [0.0, 1.5]])
    i, j, _ = match_atoms(found, truth, 0.7)
    assert dict(zip(i.tolist(), j.tolist(), strict=True)) == {0: 0, 1: 1}


def test_twenty_thousand_atoms_are_paired() -> None:
    truth = np.stack(np.meshgrid(np.arange(150.0), np.arange(140.0)), -1).reshape(-1, 2)
    found = truth[::-1] + np.random.default_rng(0).uniform(-0.2, 0.2, truth.shape)
    i, j, _ = match_atoms(found, truth, 0.6)
    np.testing.assert_array_equal(np.sort(i), np.arange(21_000))
    np.testing.assert_array_equal(i + j, np.full(21_000, 20_999))


def test_scores_follow_from_counted_atoms() -> None:
    truth = atoms((0, 0, 0), (0, 0, 2), (0, 0, 4), (0, 0, 6))
    found = atoms((0, 0, 0.3), (0, 0.4, 2), (0, 3, 3))
    (score,) = score_atoms(found, truth, 0.5)
    assert score.counts == Counts(hits=2, extras=1, misses=2)
    assert pooled_scores([score]) == pytest.approx(
        {"precision": 2 / 3, "recall": 0.5, "f1": 4 / 7, "rmse_A": math.sqrt((0.09 + 0.16) / 2)}
    )


def test_a_distance_of_exactly_the_tolerance_counts() -> None:
    assert score_atoms(atoms((0, 0, 0)), atoms((0, 0, 0.5)), 0.5)[0].counts.hits == 1


def test_swapped_layers_cost_nothing_and_each_image_swaps_alone() -> None:
    truth = pd.concat([atoms((0, 0, 0), (1, 5, 5), frame=frame) for frame in (0, 1)])
    found = pd.concat([atoms((0, 0, 0), (1, 5, 5)), atoms((1, 0, 0), (0, 5, 5), frame=1)])
    scores = score_atoms(found, truth, 0.4)
    assert pooled_scores(scores)["f1"] == 1.0
    assert [(s.frame, s.layer, s.found_layer) for s in scores] == [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]


def test_among_equal_numbers_of_pairs_the_nearer_layers_belong_together() -> None:
    truth = atoms((0, 0, 0.0), (1, 0, 0.3))
    found = atoms((0, 0, 0.29), (1, 0, 0.02))
    assert [(s.layer, s.found_layer) for s in score_atoms(found, truth, 1.0)] == [(0, 1), (1, 0)]


def test_a_layer_that_was_not_found_is_missed_and_one_too_many_is_extra() -> None:
    one, two = atoms((0, 0, 0)), atoms((0, 5, 5), (1, 0, 0))
    assert [(s.layer, s.found_layer, s.counts) for s in score_atoms(one, two, 0.4)] == [
        (0, None, Counts(misses=1)),
        (1, 0, Counts(hits=1)),
    ]
    assert {(s.layer, s.found_layer, s.counts) for s in score_atoms(two, one, 0.4)} == {
        (None, 0, Counts(extras=1)),
        (0, 1, Counts(hits=1)),
    }


def test_a_species_is_hit_only_where_both_sides_name_it() -> None:
    truth = pd.concat([atoms((0, 0, 0), (0, 0, 2), species="W"), atoms((0, 0, 4), species="S")])
    found = pd.concat([atoms((0, 0, 0), species="W"), atoms((0, 0, 2), (0, 0, 4), species="S")])
    scores = score_atoms(found, truth, 0.4)
    assert pooled_scores(scores)["f1"] == 1.0
    assert species_scores(scores) == {
        "S": pytest.approx({"precision": 0.5, "recall": 1.0, "f1": 2 / 3}),
        "W": pytest.approx({"precision": 1.0, "recall": 0.5, "f1": 2 / 3}),
    }


def test_an_image_that_the_truth_does_not_know_is_left_out() -> None:
    found = pd.concat([atoms((0, 0, 0)), atoms((0, 9, 9), image="b")])
    assert pooled_scores(score_atoms(found, atoms((0, 0, 0)), 0.4))["precision"] == 1.0


def test_a_frame_without_true_atoms_of_a_known_image_counts() -> None:
    found = pd.concat([atoms((0, 0, 0)), atoms((0, 9, 9), frame=1)])
    assert pooled_scores(score_atoms(found, atoms((0, 0, 0)), 0.4))["precision"] == 0.5


def test_nothing_on_either_side_has_no_score() -> None:
    assert all(math.isnan(value) for value in pooled_scores(score_atoms(atoms(), atoms(), 0.4)).values())


def test_nothing_found_scores_zero_and_has_no_distance() -> None:
    scores = pooled_scores(score_atoms(atoms(), atoms((0, 0, 0)), 0.4))
    assert (scores["precision"], scores["recall"], scores["f1"]) == (0, 0, 0)
    assert math.isnan(scores["rmse_A"])


def test_atoms_where_there_are_none_score_zero() -> None:
    assert pooled_scores(score_atoms(atoms((0, 0, 0)), atoms(), 0.4))["precision"] == 0


@pytest.mark.parametrize("whose", ["found", "truth"])
def test_positions_in_pixels_only_are_refused(whose: str) -> None:
    tables = {"found": atoms((0, 0, 0)), "truth": atoms((0, 0, 0))}
    tables[whose] = atoms((0, np.nan, np.nan))
    with pytest.raises(CalibrationError, match="in px only"):
        score_atoms(tables["found"], tables["truth"], 0.4)


@pytest.mark.parametrize("tolerance", [0.0, -1.0, math.nan, math.inf])
def test_a_tolerance_that_is_not_positive_is_refused(tolerance: float) -> None:
    with pytest.raises(ConfigError, match="not positive"):
        score_atoms(atoms(), atoms(), tolerance)


LAYERED = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=12)


@given(rows=LAYERED, order=st.permutations(range(3)))
def test_the_names_of_layers_never_matter(rows: list[tuple[int, int, int]], order: list[int]) -> None:
    truth = atoms(*rows)
    found = truth.assign(layer=[order[layer] for layer in truth["layer"]])
    assert pooled_scores(score_atoms(found, truth, 0.4)) == {"precision": 1, "recall": 1, "f1": 1, "rmse_A": 0}


@given(rows=LAYERED, others=LAYERED, order=st.permutations(range(3)))
def test_renaming_layers_changes_no_score(rows: list, others: list, order: list[int]) -> None:
    found, truth = atoms(*rows), atoms(*others)
    renamed = found.assign(layer=[order[layer] for layer in found["layer"]])
    assert pooled_scores(score_atoms(renamed, truth, 2.5)) == pytest.approx(
        pooled_scores(score_atoms(found, truth, 2.5)), nan_ok=True
    )
