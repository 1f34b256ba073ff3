"""Several methods on one question: their maps, their scores, and what a stop leaves."""

from itertools import count, pairwise

import numpy as np
import pytest

from counted_passes import count_images
from napari_strata.config import ExplainConfig, JudgeConfig
from napari_strata.control import JobControl
from napari_strata.errors import MethodError
from napari_strata.events import FinishReason, JobEnded, Progress, Sketched
from napari_strata.explain.question import Question
from napari_strata.explain.recall import recall
from napari_strata.explain.targets import PixelTarget
from napari_strata.explain.trust.scores import COMPARED, SCORES
from napari_strata.jobs.compare_maps import compare_maps
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.jobs.judge_map import judge_map
from two_faced import noisy_spots, save_two_faced

QUICK = JudgeConfig(measures=COMPARED, points=3, orders=1, squares=24, repeats=2)
QUESTION = Question(PixelTarget(31, 41), 0)
METHODS = ("input-gradient", "integrated-gradients", "attention", "grad-cam")


@pytest.fixture
def model(tmp_path):
    return save_two_faced(tmp_path / "model")


def compare(model, methods=METHODS, *, control=None, judging=QUICK, **config):
    settings = {"device": "cpu", "steps": 4} | config
    return compare_maps(
        control or JobControl(),
        Inquiry(model, noisy_spots(64, 68), QUESTION, ExplainConfig(**settings)),
        methods=methods,
        judging=judging,
    )


def test_every_method_gets_a_map_and_scores_and_one_without_use_says_so(model):
    *events, ended = compare(model)
    assert ended.reason is FinishReason.COMPLETED, ended.error
    rows = {row.method: row for row in ended.result.value}
    assert tuple(rows) == METHODS
    assert rows["attention"].data is None
    assert "attention" in rows["attention"].failure
    for method in ("input-gradient", "integrated-gradients", "grad-cam"):
        assert set(rows[method].figures) == set(COMPARED)
        assert rows[method].data.shape == (64, 68)
        assert recall(rows[method].metadata).config.method == method
    of_paths = [score.of(rows["integrated-gradients"].figures) for score in SCORES]
    assert all(value is not None for value in of_paths)
    assert of_paths[-1] < 1  # completeness, which the gradient does not promise
    assert SCORES[-1].of(rows["input-gradient"].figures) is None
    assert set(ended.result.figures["measures"]) == set(COMPARED)
    parts = [event.fraction for event in events if isinstance(event, Progress)]
    assert parts == sorted(parts)
    assert parts[-1] == pytest.approx(1)


def test_the_time_left_of_a_map_is_told_once_a_second_batch_is_done(model, monkeypatch):
    monkeypatch.setattr("napari_strata.jobs.time_left.monotonic", count(0, 10).__next__)
    *events, _ = compare(model, ("input-gradient", "integrated-gradients"), batch=1)
    of_map = "Explaining by Integrated Gradients (2 of 2)"
    told = [event.seconds_left for event in events if isinstance(event, Progress) and event.message == of_map]
    assert told == [None, 20, 10, 0]  # of four batches, each of 10 s


def test_all_maps_are_there_before_any_is_judged(model):
    sketches = [event.value for event in compare(model) if isinstance(event, Sketched)]
    first = next(rows for rows in sketches if any(row.figures for row in rows))
    assert len(first) == len(METHODS)


def test_the_same_map_gets_the_same_figures_as_when_it_is_judged_alone(model):
    *_, together = compare(model, ("input-gradient", "grad-cam"))
    *_, alone = judge_map(
        JobControl(),
        Inquiry(model, noisy_spots(64, 68), QUESTION, ExplainConfig(method="grad-cam", device="cpu")),
        judging=QUICK,
    )
    assert together.result.value[1].figures == alone.result.value.judgement.figures
    np.testing.assert_array_equal(together.result.value[1].data, alone.result.value.data)


def test_the_quickest_tests_come_first_whatever_the_method_and_are_shown_at_once(model):
    methods = ("integrated-gradients", "grad-cam")
    known = [
        {(row.method, name) for row in event.value for name in row.figures}
        for event in compare(model, methods)
        if isinstance(event, Sketched)
    ]
    found = [sorted(after - before) for before, after in pairwise(known)]
    # passes: 2 of completeness, 2 maps of 2 or of 10 passes, 2 more for stability, 24 squares, and 26 of curves
    assert [one for step in found for one in step] == [
        ("integrated-gradients", "completeness"),
        ("grad-cam", "completeness"),
        ("grad-cam", "sensitivity"),
        ("grad-cam", "stability"),
        ("integrated-gradients", "sensitivity"),
        ("integrated-gradients", "stability"),
        ("integrated-gradients", "infidelity"),
        ("grad-cam", "infidelity"),
        ("integrated-gradients", "curves"),
        ("grad-cam", "curves"),
    ]


def test_images_that_all_methods_need_are_computed_once(model, monkeypatch):
    judging = JudgeConfig(measures=("infidelity",), squares=24)
    computed = []
    for methods in (("input-gradient",), ("input-gradient", "grad-cam")):
        images = count_images(monkeypatch)
        *_, ended = compare(model, methods, judging=judging)
        assert ended.reason is FinishReason.COMPLETED, ended.error
        computed.append(images.count)
    assert computed[1] - computed[0] < 12  # the second map, and no square again


@pytest.mark.parametrize("methods", [(), ("attention",)])
def test_without_a_method_that_can_answer_it_fails_with_a_remedy(model, methods):
    *_, ended = compare(model, methods)
    assert ended.reason is FinishReason.FAILED
    assert isinstance(ended.error, MethodError)
    assert ended.error.remedy


@pytest.mark.parametrize("job", ["compare", "judge"])
def test_between_two_looks_for_a_stop_lies_no_more_than_one_batch(model, job, monkeypatch):
    images = count_images(monkeypatch)
    control = JobControl()
    if job == "compare":
        events = compare(model, ("smooth-grad", "occlusion", "lime"), control=control, subsets=10, samples=9)
    else:
        labels = np.random.default_rng(0).integers(1, 3, (2, 64, 68)).astype(np.uint8)
        config = ExplainConfig(method="smooth-grad", samples=9, device="cpu")
        judging = JudgeConfig(points=3, orders=1, squares=4, repeats=1, stages=2, draws=1, steps=3)
        events = judge_map(
            control, Inquiry(model, noisy_spots(64, 68), QUESTION, config), judging=judging, labels=labels
        )
    since, most, explaining = 0, [], False
    for event in events:
        if explaining:
            most.append(images.count - since)
        since = images.count
        explaining = explaining or (isinstance(event, Progress) and "Explaining by" in event.message)
    assert isinstance(event, JobEnded)
    assert event.reason is FinishReason.COMPLETED, event.error
    assert most[0] <= 6  # four looks for the orientation among them, which a stop leaves to themselves
    assert max(most[1:]) <= (
        4 if job == "judge" else 3
    )  # a step of the training on permuted labels is four patches


@pytest.mark.parametrize("part", [0.05, 0.5, 0.9])
def test_after_a_stop_nothing_more_is_computed_and_what_is_done_is_kept(model, part, monkeypatch):
    images, control = count_images(monkeypatch), JobControl()
    at_stop = None
    for event in compare(model, ("input-gradient", "smooth-grad"), control=control, samples=9):
        if isinstance(event, Progress) and event.fraction >= part and at_stop is None:
            control.request_stop()
            at_stop = images.count
    assert images.count == at_stop
    assert event.reason is FinishReason.CANCELED
    assert event.result is None if part == 0.05 else event.result.value[0].data is not None
