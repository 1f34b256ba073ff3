"""``napari-strata judge`` from words to figures."""

import numpy as np
import pytest


@pytest.fixture
def words(asked):
    return ("judge", *asked, "--measure", "curves")


def test_the_figures_are_one_json_object(strata, words):
    call = strata(*words, "--measure", "completeness", "--json")
    assert call.code == 0, call.err
    assert list(call.report["figures"]["measures"]) == ["curves", "completeness"]
    assert len(call.report["figures"]["measures"]["curves"]["deletion"]["curves"]["method"]) > 2


def test_people_read_the_verdict_and_a_line_for_each_measure(strata, words):
    call = strata(*words)
    assert "not tested" in call.out
    assert "Removing its pixels first" in call.out
    assert "curves: deletion area" in call.out


@pytest.mark.parametrize(
    ("option", "known"), [("measure", "completeness, curves"), ("method", "input-gradient, gradient-x-input")]
)
def test_a_name_that_is_none_lists_those_there_are(strata, words, option, known):
    call = strata(*words, f"--{option}", "tea leaves")
    assert call.code == 2
    assert f"'tea leaves' is no {option}; there are {known}, " in call.err
    assert "Value error" not in call.err


def test_methods_are_judged_one_by_one(strata, words):
    assert "name one method" in strata(*words, "--method", "grad-cam,occlusion").err


def test_completeness_is_told_in_words(strata, words):
    call = strata(*words[:-2], "--measure", "completeness,stability")
    assert "completeness: this method does not promise that its map sums to the score" in call.out
    assert "False" not in call.out
    call = strata(*words[:-2], "--measure", "completeness", "--method", "deep-lift")
    assert "completeness: the sum of the map misses " in call.out


def test_labels_of_a_stack_are_those_of_the_frame(strata, words, tmp_path):
    labels = tmp_path / "labels.npy"
    codes = np.ones((1, 2, 64, 64), np.uint8)  # (frame, layer, y, x) as simulate writes them
    for given, said in (
        (codes, None),
        (codes[:, :1], "labels of 1 layer, the model has 2"),
        (codes[:0], "no frame 0"),
    ):
        np.save(labels, given)
        call = strata(*words, "--labels", labels, "--json")
        assert call.code == (said is not None)
        assert said is None or said in call.report["error"]["message"]


def test_a_file_states_how_to_judge(strata, words, tmp_path):
    stated = tmp_path / "analysis.yaml"
    stated.write_text(
        "judge: {measures: [completeness], points: 3}\nexplain: {method: integrated-gradients, steps: 4}\n"
    )
    measures = words.index("--measure")
    call = strata(*words[:measures], "--config", stated, "--json")
    assert call.code == 0, call.err
    assert list(call.report["figures"]["measures"]) == ["completeness"]
    assert call.report["figures"]["measures"]["completeness"]["promised"]
