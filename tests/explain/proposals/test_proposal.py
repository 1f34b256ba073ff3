"""Masks made of maps; every number is worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_strata.config import ProposalConfig
from napari_strata.control import JobControl
from napari_strata.errors import TargetError
from napari_strata.events import JobEnded
from napari_strata.explain.proposals.graph_cut import contrast_pairs, energy, least_cut
from napari_strata.explain.proposals.map_lines import lines_at, outline, sides_of
from napari_strata.explain.proposals.map_threshold import is_above, level, strength
from napari_strata.explain.proposals.proposal import propose
from napari_strata.jobs.propose_mask import propose_mask

MAP = np.array([[0, 1, 2], [-4, 3, 4]], np.float32)
maps = arrays(np.float32, (5, 6), elements=st.floats(-8, 8, width=16))
parts = st.floats(0, 1)
sides = st.sampled_from(["for", "against", "either"])
rules = st.sampled_from(["maximum", "quantile"])


def contour_lines(heatmap, config, count):
    return lines_at(sides_of(heatmap, config.side), level(heatmap, config), count)


def test_strength_is_what_speaks_for_against_or_either_way():
    assert strength(MAP, "for").tolist() == [[0, 1, 2], [0, 3, 4]]
    assert strength(MAP, "against").tolist() == [[0, 0, 0], [4, 0, 0]]
    assert strength(MAP, "either").tolist() == [[0, 1, 2], [4, 3, 4]]


def test_a_threshold_is_a_part_of_the_maximum_or_a_quantile_of_what_is_above_0():
    assert level(MAP, ProposalConfig(part=0.5)) == 2
    assert level(MAP, ProposalConfig(part=0.5, rule="quantile")) == 2.5  # of 1, 2, 3, 4
    assert is_above(MAP, ProposalConfig(part=0.5)).tolist() == [[False, False, True], [False, True, True]]
    either = ProposalConfig(part=0.75, side="either")
    assert is_above(MAP, either).tolist() == [[False, False, False], [True, True, True]]


def test_lines_are_equally_far_apart_between_threshold_and_maximum_and_lie_between_pixels():
    ramp = np.tile(np.arange(9, dtype=np.float32), (3, 1))
    lines = contour_lines(ramp, ProposalConfig(part=0.25), 3)  # at 2, 4 and 6 of 8
    for number, at in enumerate((2, 4, 6)):
        x = lines.ends[lines.number == number, :, 1]
        assert x.min() == pytest.approx(at, abs=1e-4)
    assert not lines.is_against.any()
    both = contour_lines(ramp - 4, ProposalConfig(part=0.5, side="either"), 1)
    assert both.ends[both.is_against, :, 1].max() == pytest.approx(2, abs=1e-4)
    assert both.ends[~both.is_against, :, 1].min() == pytest.approx(6, abs=1e-4)


def test_lines_of_a_large_map_are_drawn_on_a_coarser_grid_at_the_same_place(monkeypatch):
    ramp = np.zeros((40, 60), np.float32)
    ramp[8:32, 20:56] = np.arange(1, 37)  # 10 at x = 29
    fine = contour_lines(ramp, ProposalConfig(part=10 / 36), 1)
    monkeypatch.setattr("napari_strata.explain.proposals.map_lines.FINEST", 200)  # of 864: blocks of 3 px
    coarse = contour_lines(ramp, ProposalConfig(part=10 / 36), 1)
    assert len(coarse.ends) < len(fine.ends) / 2
    assert fine.ends[..., 1].min() == pytest.approx(29, abs=1e-3)
    assert coarse.ends[..., 1].min() == pytest.approx(29, abs=1e-3)


@given(maps, parts, sides)
def test_the_quantile_is_that_of_numpy(heatmap, part, side):
    counts = strength(heatmap, side)
    counts = counts[counts > 0]
    expected = np.quantile(counts.astype(float), part) if counts.size else 0
    assert level(heatmap, ProposalConfig(rule="quantile", part=part, side=side)) == pytest.approx(expected)


def test_an_outline_goes_around_a_pixel_also_at_the_border():
    mask = np.zeros((4, 4), bool)
    mask[0, 2] = True
    ends = outline(mask)
    assert sorted(ends[:, 0].tolist()) == [[-0.5, 2], [0, 1.5], [0, 2.5], [0.5, 2]]


def test_a_map_of_zeros_has_no_lines():
    assert len(contour_lines(np.zeros((4, 4), np.float32), ProposalConfig(), 3).ends) == 0


@given(maps, parts, parts, sides, rules)
def test_a_higher_threshold_keeps_fewer_pixels_and_only_such_as_say_something(heatmap, low, high, side, rule):
    low, high = sorted((low, high))
    less = is_above(heatmap, ProposalConfig(part=high, side=side, rule=rule))
    more = is_above(heatmap, ProposalConfig(part=low, side=side, rule=rule))
    assert not (less & ~more).any()
    assert not (more & (strength(heatmap, side) == 0)).any()
    assert less.any() == (strength(heatmap, side) > 0).any()


@given(maps, st.floats(0.01, 1), st.sampled_from([0.5, 2, 16]))
def test_the_unit_of_a_map_does_not_count(heatmap, part, factor):
    config = ProposalConfig(part=part)
    assert (is_above(heatmap, config) == is_above(heatmap * np.float32(factor), config)).all()


def test_the_least_cut_of_two_by_three_pixels_is_the_known_one():
    # Costs inside: 0 2 9 / 0 4 9, outside: 9 3 0 / 9 3 0. Alone, the middle column is 1 inside, 0 outside:
    # 2 < 3 and 4 > 3, at 2 + 3 = 5. Cut between them 3: both inside, 2 + 4 and the cuts to the right 1 + 1, is 8;
    # both outside, 3 + 3 and the cuts to the left 2 + 2, is 10; as alone, 5 + 3 + (1 + 2) is 11.
    inside = np.array([[0, 2, 9], [0, 4, 9]], float)
    outside = np.array([[9, 3, 0], [9, 3, 0]], float)
    pairs = {(0, 1): np.array([[2, 1], [2, 1]], float), (1, 0): np.array([[0, 3, 0]], float)}
    side = least_cut(inside, outside, pairs)
    assert side.tolist() == [[True, True, False], [True, True, False]]
    assert energy(side, inside, outside, pairs) == 8
    pairs[0, 1] = np.array([[1, 2], [1, 2]], float)  # to the right dearer: outside is 8, inside 10
    side = least_cut(inside, outside, pairs)
    assert side.tolist() == [[True, False, False], [True, False, False]]
    assert energy(side, inside, outside, pairs) == 8


@settings(max_examples=25)
@given(arrays(np.float64, (4, 2, 3), elements=st.integers(0, 9)))
def test_no_other_sides_of_two_by_three_pixels_are_cheaper(costs):
    inside, outside = costs[0], costs[1]
    pairs = {(0, 1): costs[2, :, :2], (1, 1): costs[2, :1, :2], (1, 0): costs[3, :1], (1, -1): costs[3, 1:, :2]}
    best = energy(least_cut(inside, outside, pairs), inside, outside, pairs)
    every = (np.array([number >> bit & 1 for bit in range(6)], bool).reshape(2, 3) for number in range(64))
    assert best == pytest.approx(min(energy(side, inside, outside, pairs) for side in every), abs=0.01)


def test_cutting_costs_less_across_an_edge_and_along_a_diagonal():
    # Squares of differences: 1 in three of four pairs along x and the diagonals; see the step between columns.
    image = np.array([[0, 0, 1], [0, 0, 1]], float)
    pairs = contrast_pairs(image, 2.0)
    squares = [0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1]  # right 4, down 3, two diagonals of 2
    across = np.exp(-1 / (2 * np.mean(squares)))
    assert pairs[0, 1].tolist() == [[2, pytest.approx(2 * across)]] * 2
    assert pairs[1, 0].tolist() == [[2, 2, 2]]
    assert pairs[1, 1] == pytest.approx(np.array([[1, across]]) * np.sqrt(2))
    assert pairs[1, -1] == pytest.approx(np.array([[1, across]]) * np.sqrt(2))


@given(maps, st.floats(0.05, 1))
@settings(max_examples=25)
def test_a_cut_without_smoothness_is_the_threshold(heatmap, part):
    config = ProposalConfig(part=part)
    if not is_above(heatmap, config).any():
        return
    strong = strength(heatmap, "for")
    cut = propose(heatmap, heatmap, config.model_copy(update={"how": "graph-cut", "smoothness": 0.0}))
    clear = np.abs(strong - level(heatmap, config)) > 0.01 * strong.max()  # capacities are whole numbers
    assert (cut == is_above(heatmap, config))[clear].all()


def square_and_map():
    """Draw a bright square of 10 px, and a map that shows a blurred and shifted part of it, with a hole."""
    rng = np.random.default_rng(0)
    square = np.zeros((32, 32), bool)
    square[10:20, 10:20] = True
    y, x = np.mgrid[:32, :32]
    heatmap = np.exp(-((y - 13) ** 2 + (x - 16) ** 2) / 40).astype(np.float32)
    heatmap[14, 15] = 0
    return square, heatmap, square + rng.normal(0, 0.05, square.shape)


def test_a_cut_finds_the_outline_of_what_the_map_only_hints_at():
    square, heatmap, image = square_and_map()
    above = propose(heatmap, image, ProposalConfig())
    cut = propose(heatmap, image, ProposalConfig(how="graph-cut", evidence="map-and-image"))
    assert (above != square).sum() > 40
    assert (cut != square).sum() <= 1


def test_a_cut_closes_a_hole_of_the_map():
    _square, heatmap, image = square_and_map()
    assert not propose(heatmap, image, ProposalConfig())[14, 15]
    assert propose(heatmap, image, ProposalConfig(how="graph-cut"))[14, 15]


@pytest.mark.parametrize("scale", [1, 1e-4])
@pytest.mark.parametrize("evidence", ["map", "map-and-image"])
@pytest.mark.parametrize("power", [1, 2])
def test_a_cut_of_a_noisy_map_keeps_about_what_the_threshold_shows_and_smooths_it(scale, evidence, power):
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:48, :48]
    blob = np.exp(-((y - 24) ** 2 + (x - 24) ** 2) / 18)
    heatmap = np.float32(scale * blob * rng.exponential(size=blob.shape) ** power)
    config, image = ProposalConfig(evidence=evidence), blob + rng.normal(0, 0.1, blob.shape)
    above = propose(heatmap, image, config)
    cut = propose(heatmap, image, config.model_copy(update={"how": "graph-cut"}))
    assert above.sum() / 2 <= cut.sum()
    assert cut.sum() <= 1.5 * max(above.sum(), evidence != "map" and (blob > 0.3).sum())  # the image shows it all
    smooth, rough = (len(outline(mask)) / np.sqrt(mask.sum()) for mask in (cut, above))
    assert smooth <= rough * 0.9


def test_a_map_of_zeros_proposes_nothing_and_says_so():
    with pytest.raises(TargetError, match="0 everywhere"):
        propose(np.zeros((4, 4), np.float32), np.zeros((4, 4)), ProposalConfig())
    with pytest.raises(TargetError, match="0 everywhere"):
        propose(np.ones((4, 4), np.float32), np.zeros((4, 4)), ProposalConfig(side="against"))


def test_a_map_of_another_shape_is_refused():
    with pytest.raises(TargetError, match=r"shape \(4, 4\), the image \(4, 5\)"):
        propose(np.ones((4, 4), np.float32), np.zeros((4, 5)), ProposalConfig())


def test_the_job_brings_the_mask_and_a_stop_brings_none():
    _square, heatmap, image = square_and_map()
    config = ProposalConfig(how="graph-cut", evidence="map-and-image")
    *_, ended = propose_mask(JobControl(), heatmap, image, config)
    assert isinstance(ended, JobEnded)
    assert (ended.result.value == propose(heatmap, image, config)).all()
    figures = ended.result.figures
    assert (figures["pixels"], figures["above"]) == (ended.result.value.sum(), is_above(heatmap, config).sum())
    control = JobControl()
    events = []
    for event in propose_mask(control, heatmap, image, config):
        events.append(event)
        control.request_stop()
    assert events[-1].result is None
