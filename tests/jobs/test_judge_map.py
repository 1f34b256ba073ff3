import json

import numpy as np
import pytest
import torch

from explaining import assert_same_traces, traces
from napari_strata.config import ExplainConfig
from napari_strata.config.card import Seen
from napari_strata.config.judge import JudgeConfig
from napari_strata.control import JobControl
from napari_strata.errors import LabelsError, TargetError
from napari_strata.events import FinishReason, Progress, Sketched, Warned
from napari_strata.explain.question import Question
from napari_strata.explain.targets import PixelTarget
from napari_strata.jobs.compare_maps import compare_maps
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.jobs.judge_map import judge_map
from napari_strata.models.registry import load_network
from two_faced import noisy_spots, save_two_faced

QUICK = JudgeConfig(points=3, orders=1, squares=4, repeats=1, stages=2, draws=1, steps=2)


@pytest.fixture
def model(tmp_path):
    return save_two_faced(tmp_path / "model")


def run(model, *, target=PixelTarget(31, 41), judging=QUICK, control=None, stop_after=None, **options):  # noqa: B008
    control = control or JobControl()
    events = []
    inquiry = Inquiry(model, noisy_spots(96, 100), Question(target, 0), ExplainConfig(device="cpu"))
    for event in judge_map(control, inquiry, judging=judging, **options):
        events.append(event)
        if stop_after is not None and isinstance(event, stop_after):
            control.request_stop()
    return events


def test_all_measures_and_a_verdict_go_into_the_report_and_the_file(model, tmp_path):
    *events, ended = run(model, out=tmp_path / "trust.json")
    assert ended.reason is FinishReason.COMPLETED, ended.error
    figures = ended.result.figures
    assert list(figures["measures"]) == list(QUICK.measures)
    assert "this model" in figures["verdict"]
    assert figures["noise"]["counts_per_pixel"] > 0
    assert json.loads((tmp_path / "trust.json").read_text())["finding"] == figures["finding"]
    assert ended.result.value.data.shape == (96, 100)
    parts = [event.fraction for event in events if isinstance(event, Progress)]
    assert parts == sorted(parts)
    assert parts[-1] == pytest.approx(1)


def test_an_image_that_the_model_has_not_seen_is_judged_with_a_warning(tmp_path):
    seen = Seen(window=64, spacing=(30, 31), order=(0, 3), noise=(0.001, 1), skewness=(-0.1, 0.1))
    model = save_two_faced(tmp_path / "model", seen=seen)
    *events, ended = run(model, judging=QUICK.model_copy(update={"measures": ("completeness",)}))
    (warning,) = [event.message for event in events if isinstance(event, Warned)]
    assert warning.startswith("spots is outside what the model two-faced has seen")
    assert ended.reason is FinishReason.COMPLETED


def test_a_dose_that_is_given_is_the_one_that_is_told(model):
    judging = QUICK.model_copy(update={"dose": 500.0, "measures": ("stability",)})
    *_, ended = run(model, judging=judging)
    assert ended.result.figures["noise"] == pytest.approx({"counts_per_pixel": 20, "dose_per_A2": 500})


def test_a_stop_keeps_the_measures_that_are_done(model):
    *_, ended = run(model, stop_after=Sketched)
    assert ended.reason is FinishReason.CANCELED
    assert list(ended.result.figures["measures"]) == ["completeness"]


def test_labels_of_the_image_are_learned_permuted(model):
    labels = np.random.default_rng(0).integers(1, 3, (2, 96, 100)).astype(np.uint8)
    judging = QUICK.model_copy(update={"measures": ("label-randomisation",)})
    *_, ended = run(model, judging=judging, labels=labels)
    assert ended.result.figures["measures"]["label-randomisation"]["kind"] == "trained on permuted masks"


@pytest.mark.parametrize(
    ("options", "error"),
    [({"target": PixelTarget(96, 0)}, TargetError), ({"labels": np.ones((2, 9, 9), np.uint8)}, LabelsError)],
)
def test_what_does_not_fit_fails_with_a_remedy(model, options, error):
    *_, ended = run(model, **options)
    assert ended.reason is FinishReason.FAILED
    assert isinstance(ended.error, error)


@pytest.mark.parametrize("job", ["judge", "compare"])
@pytest.mark.parametrize("passes", [2, 9, 40])
def test_a_stop_within_a_pass_ends_it_and_leaves_the_network_as_it_was(model, monkeypatch, job, passes):
    loaded, control, seen = load_network(model, torch.device("cpu")), JobControl(), 0
    monkeypatch.setattr("napari_strata.models.registry.load_network", lambda *_: loaded)
    before = traces(loaded.network)

    def stop(*_passed):
        nonlocal seen
        seen += 1
        if seen == passes:
            control.request_stop()

    def end(*_passed):
        assert not control.stop_requested, "the pass went on to its end"

    # copies of the network have the hooks, too
    hooks = [
        loaded.network.encoder.blocks[0][1].register_forward_pre_hook(stop),
        *(head.register_forward_hook(end) for head in loaded.network.heads),
    ]
    inquiry = Inquiry(model, noisy_spots(96, 100), Question(PixelTarget(31, 41), 0), ExplainConfig(device="cpu"))
    if job == "judge":
        *_, ended = judge_map(control, inquiry, judging=QUICK)
    else:
        *_, ended = compare_maps(control, inquiry, methods=("input-gradient", "smooth-grad"), judging=QUICK)
    for hook in hooks:
        hook.remove()
    assert ended.reason is FinishReason.CANCELED, ended.error
    assert seen == passes
    assert_same_traces(loaded.network, before)
