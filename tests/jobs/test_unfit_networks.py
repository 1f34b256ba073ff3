"""Whatever is asked of a network that cannot be explained, it is refused with the remedy and left as it was."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from bright_network import save_bright
from explaining import assert_same_traces, traces
from napari_strata.config import ExplainConfig, InsideConfig, JudgeConfig, SmallestChangeConfig
from napari_strata.config.atom_scores import AtomScoresConfig
from napari_strata.control import JobControl, JobState
from napari_strata.errors import MethodError
from napari_strata.events import FrameExplained, Glimpsed, JobEnded, StateChanged
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.question import Question
from napari_strata.explain.targets import PixelTarget
from napari_strata.io.map_cache import MapCache
from napari_strata.jobs.browse_network import browse_network
from napari_strata.jobs.compare_maps import compare_maps
from napari_strata.jobs.estimate_explanation import estimate_explanation
from napari_strata.jobs.explain import explain
from napari_strata.jobs.explain_stack import explain_stack
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.jobs.judge_map import judge_map
from napari_strata.jobs.probe import probe
from napari_strata.jobs.score_atoms import score_atoms
from napari_strata.jobs.smallest_change import smallest_change
from napari_strata.jobs.what_if import try_changes
from napari_strata.models.registry import load_network
from napari_strata.requests import FrameWanted, ProbeAt
from napari_strata.types import ATOM_COLUMNS, ImageStack

PATH = Path("model")
IMAGE = ImageStack(np.random.default_rng(0).random((1, 24, 32), np.float32), 0.2, "noise")
ATOMS = pd.DataFrame([("noise", 0, 0, "C", 10.0, 12.0, 2.0, 2.4, 1.0)], columns=list(ATOM_COLUMNS))
CONFIG = ExplainConfig(device="cpu")
QUESTION = Question(PixelTarget(10, 12), 0)
ASKED = Inquiry(PATH, IMAGE, QUESTION, CONFIG)
JUDGING = JudgeConfig(measures=("curves",), points=2, orders=1)

JOBS = {
    "explain": lambda control: explain(control, ASKED),
    "compare": lambda control: compare_maps(control, ASKED, methods=("input-gradient",), judging=JUDGING),
    "judge": lambda control: judge_map(control, ASKED, judging=JUDGING),
    "estimate": lambda control: estimate_explanation(control, PATH, IMAGE, config=CONFIG),
    "stack": lambda control: explain_stack(
        control, PATH, IMAGE, question=QUESTION, config=CONFIG, cache=MapCache(Path("none")), atoms=ATOMS
    ),
    "probe": lambda control: probe(control, PATH, IMAGE, kind="pixel", layer=0, config=CONFIG),
    "atoms": lambda control: score_atoms(control, PATH, IMAGE, ATOMS, config=CONFIG, scoring=AtomScoresConfig()),
    "what if": lambda control: try_changes(control, ASKED),
    "smallest change": lambda control: smallest_change(control, ASKED, looking=SmallestChangeConfig()),
    "inside": lambda control: browse_network(
        control, PATH, IMAGE, wanted=frozenset(("activations",)), config=InsideConfig(device="cpu")
    ),
}
UNFIT = {"train mode": ("is in train mode", "network.eval()"), "in place": ("works in place", "inplace=False")}


@pytest.fixture
def network(tmp_path, monkeypatch):
    """Give all jobs one network, which can be looked at afterwards."""
    loaded = load_network(
        save_bright(tmp_path / "model", architecture="unet", layers=1, pixel_size=None), torch.device("cpu")
    )
    monkeypatch.setattr("napari_strata.models.registry.load_network", lambda *_: loaded)
    monkeypatch.chdir(tmp_path)
    return loaded.network


def error_of(job):
    """Return what a job ends with, or what it first says instead of an answer."""
    control, error = JobControl(), None
    for event in job(control):
        if isinstance(event, StateChanged) and event.state is JobState.RUNNING:
            control.post(ProbeAt(0, 10, 12))
            control.post(FrameWanted(0, None))
        if isinstance(event, Glimpsed):
            error = event.error
            control.request_stop()
        if isinstance(event, FrameExplained):
            control.request_stop()
        if isinstance(event, JobEnded):
            error = error or event.error
    return error


@pytest.mark.parametrize("fault", UNFIT)
@pytest.mark.parametrize("job", JOBS)
def test_an_unfit_network_is_refused_with_the_remedy_and_left_as_it_was(network, job, fault):
    if fault == "train mode":
        network.train()
    else:
        next(module for module in network.modules() if isinstance(module, nn.ReLU)).inplace = True
    before = traces(network)
    error = error_of(JOBS[job])
    message, remedy = UNFIT[fault]
    assert isinstance(error, MethodError)
    assert message in error.message
    assert remedy in error.remedy
    assert_same_traces(network, before)


@pytest.mark.parametrize("method", [name for name, facts in METHODS.items() if not facts.of_gates])
def test_a_job_whose_network_fails_half_way_leaves_it_as_it_was(network, monkeypatch, method):
    network.heads[0].weight.requires_grad_(False)
    network.heads[0].bias.grad = torch.ones_like(network.heads[0].bias)
    before, passes = traces(network), 0
    forward = network.heads[0].forward

    def fail(features):
        nonlocal passes
        passes += 1
        if passes > 1:  # the first is that of the score
            raise RuntimeError("no")
        return forward(features)

    monkeypatch.setattr(network.heads[0], "forward", fail)
    inquiry = Inquiry(PATH, IMAGE, QUESTION, CONFIG.model_copy(update={"method": method}))
    error = error_of(lambda control: explain(control, inquiry))
    monkeypatch.undo()
    assert str(error) == "no"
    assert_same_traces(network, before)
