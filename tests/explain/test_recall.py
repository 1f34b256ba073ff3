import json

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given

from napari_strata.errors import TargetError
from napari_strata.explain.question import (
    AgainstClass,
    AgainstCorrection,
    AgainstLayer,
    Question,
    describe_question,
)
from napari_strata.explain.recall import recall
from napari_strata.explain.runs import from_runs, to_runs
from napari_strata.explain.targets import AtomTarget, PixelTarget, RegionTarget

REST = {
    "class": "C",
    "method": "occlusion",
    "parameters": {"window": 2.0, "stride": 0.5, "baseline": "dark", "batch": 4, "seed": 3},
    "frame": 2,
    "model": "m",
    "weights_sha256": "abc",
    "image": "i",
}
MASK = np.array([[0, 1, 1], [1, 0, 0]], bool)


def told(question):
    """Return what a file's metadata would say."""
    return json.loads(json.dumps({**describe_question(question), **REST}))


@pytest.mark.parametrize(
    "target", [AtomTarget(3.25, 4.5, 0.5), PixelTarget(3, 4), RegionTarget(MASK, "slice"), RegionTarget(MASK)]
)
@pytest.mark.parametrize("against", [None, AgainstClass("Si"), AgainstLayer(1)])
def test_what_was_asked_comes_back_from_the_metadata(target, against):
    found = recall(told(Question(target, 0, against=against)))
    assert describe_question(found.question) == describe_question(Question(target, 0, against=against))
    assert found.question.species == "C"
    assert (found.config.method, found.config.window, found.config.baseline) == ("occlusion", 2.0, "dark")
    assert (found.config.seed, found.frame, found.weights_sha256) == (3, 2, "abc")


def test_corrected_codes_come_back_from_the_metadata():
    codes = np.array([[0, 1, 2], [2, 2, 0]], np.uint8)
    found = recall(told(Question(PixelTarget(0, 0), 1, against=AgainstCorrection(codes))))
    np.testing.assert_array_equal(found.question.against.codes, codes)


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_runs_hold_any_mask(codes):
    np.testing.assert_array_equal(from_runs(json.loads(json.dumps(to_runs(codes)))), codes)


def test_runs_are_few_where_much_is_alike():
    assert to_runs(MASK) == {"shape": [2, 3], "values": [0, 1, 0], "lengths": [1, 3, 2]}


@pytest.mark.parametrize(
    "changed",
    [
        {"target": {"kind": "atom"}},
        {"target": {"kind": "cloud"}},
        {"target": {"kind": "region", "runs": {"shape": [2, 2], "values": [1], "lengths": [5]}}},
        {"target": {"kind": "region", "runs": {"shape": [2, -2], "values": [1], "lengths": [-4]}}},
        {"method": "guessing"},
        {"parameters": None},
        {"against": {"kind": "weather"}},
    ],
)
def test_metadata_of_something_else_are_refused_with_a_remedy(changed):
    with pytest.raises(TargetError) as refused:
        recall({**told(Question(PixelTarget(0, 0), 0)), **changed})
    assert "anew" in refused.value.remedy
