"""What a changed image changes is what a prediction of the changed image says; and nothing is left behind."""

import numpy as np
import pytest
import torch

from bright_network import save_network
from explaining import assert_same_traces, traces
from napari_strata.config import ExplainConfig, ModelConfig
from napari_strata.config.smallest_change import SmallestChangeConfig
from napari_strata.config.what_if import WhatIfConfig
from napari_strata.control import JobControl
from napari_strata.data.grid import from_network_grid, to_network_grid
from napari_strata.data.turns import padded, turned, turned_back
from napari_strata.errors import CalibrationError
from napari_strata.events import ChangeTried, FinishReason, Progress, StateChanged
from napari_strata.explain.changes.image_changes import grown
from napari_strata.explain.changes.what_if import WhatIf
from napari_strata.explain.prepare import prepare, target_weights
from napari_strata.explain.question import AgainstLayer, Question
from napari_strata.explain.targets import PixelTarget, RegionTarget
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.jobs.smallest_change import smallest_change
from napari_strata.jobs.what_if import try_changes
from napari_strata.models.registry import build_network, load_network
from napari_strata.requests import TryChange
from napari_strata.types import ImageStack

CPU = torch.device("cpu")
CONFIG = ExplainConfig(device="cpu")
REGION = np.zeros((37, 45), bool)
REGION[14:20, 18:27] = True


@pytest.fixture
def path(tmp_path):
    """Save a small Gomb-Net with two decoders and weights by chance."""
    torch.manual_seed(3)
    config = ModelConfig(architecture="gombnet", layers=2, filters=(3, 4), pixel_size=0.25)
    return save_network(tmp_path / "model", build_network(config, 2), config, name="chance", names=("A", "B"))


@pytest.fixture
def image():
    values = np.random.default_rng(1).poisson(60, (1, 37, 45)).astype(np.float32)
    return ImageStack(values, 0.2, "noise")


@pytest.fixture
def known(monkeypatch, path):
    """Give all jobs one network, which can be looked at afterwards."""
    loaded = load_network(path, CPU)
    monkeypatch.setattr("napari_strata.models.registry.load_network", lambda *_: loaded)
    return loaded.network


def whole_prediction(loaded, values, turn, decoders):
    """Return score, and probabilities (class, y, x) of layer 0, of the whole image in one orientation."""
    grid = to_network_grid(values, 0.2, 0.25)
    seen = np.ascontiguousarray(turned(padded(grid, loaded.network.stride), turn))
    with torch.no_grad():
        logits = loaded.network(torch.from_numpy(seen)[None, None])
        maps = loaded.network.probabilities(logits)[0, decoders[0]].numpy()
    upright = turned_back(logits[0].numpy(), turn)[..., : grid.shape[0], : grid.shape[1]]
    odds = upright[:, 1] - upright[:, 0]
    weights = target_weights(Question(RegionTarget(REGION), 0), ImageStack(values[None], 0.2, "n"), grid)
    score = float((weights * (odds[decoders[0]] - odds[decoders[1]])).sum())
    own = turned_back(maps, turn)[:, : grid.shape[0], : grid.shape[1]]
    return score, from_network_grid(np.ascontiguousarray(own)[None], values.shape)[0]


@pytest.mark.parametrize(("turn", "decoders"), [(0, (0, 1)), (3, (1, 0))])
def test_score_and_masks_are_those_of_a_whole_prediction_of_the_changed_image(
    path, image, monkeypatch, turn, decoders
):
    """Which is resampled and normalised anew as a whole, though only windows of it are computed."""
    monkeypatch.setattr("napari_strata.explain.view._find_turn", lambda *_: (turn, decoders))
    loaded, question = load_network(path, CPU), Question(RegionTarget(REGION), 0, "A", AgainstLayer(1))
    session = WhatIf(loaded, image, question, prepare(loaded, image, question, CONFIG, atoms=None))
    changed = session.image.copy()
    changed[REGION] = 400  # so bright that mean and spread of all are others
    outcome = session.outcome(changed, REGION, {})
    before, _ = whole_prediction(loaded, session.image, turn, decoders)
    after, maps = whole_prediction(loaded, changed, turn, decoders)
    assert abs(after - before) > 1e-3
    assert outcome.before.score == pytest.approx(before, abs=1e-6)
    assert outcome.after.score == pytest.approx(after, abs=1e-6)
    sure = np.sort(maps, axis=0)[-1] - np.sort(maps, axis=0)[-2] > 1e-5
    assert (outcome.masks == maps.argmax(axis=0)[outcome.window] + 1)[sure[outcome.window]].all()


def test_a_region_grows_alike_near_and_far_from_the_border():
    mask = np.zeros((30, 40), bool)
    mask[0, 5] = mask[12, 20] = mask[14, 22] = True
    y, x = np.mgrid[:30, :40]
    near = np.min([np.hypot(y - a, x - b) for a, b in np.argwhere(mask)], axis=0)
    assert (grown(mask, 4.5) == (near <= 4.5)).all()


def search(path, image, **settings):
    looking = SmallestChangeConfig(**settings)
    inquiry, control = Inquiry(path, image, Question(RegionTarget(REGION), 0), CONFIG), JobControl()
    return control, smallest_change(control, inquiry, looking=looking)


@pytest.mark.parametrize("fails", ["forward", "backward"])
def test_a_search_that_fails_half_way_leaves_the_network_as_it_was(known, path, image, monkeypatch, fails):
    looks = 0

    def fail(*_passed):
        nonlocal looks
        looks += looking
        if looks > 3:
            raise RuntimeError("no way")

    def watch(_module, _inputs, output):
        if fails == "forward":
            fail()
        elif output.requires_grad:
            output.register_hook(fail)

    looking = False
    known.train()
    for module in ("fitness", "prepare"):
        monkeypatch.setattr(f"napari_strata.explain.{module}.check_network", lambda _network: None)
    before = traces(known)
    handle = known.heads[0].register_forward_hook(watch)
    _, job = search(path, image)
    for event in job:
        looking = looking or (isinstance(event, Progress) and "Looking" in event.message)
        ended = event
    handle.remove()
    assert str(ended.error) == "no way"
    assert_same_traces(known, before)


def test_a_stop_within_a_pass_of_the_search_keeps_the_best_and_leaves_the_network_as_it_was(known, path, image):
    control, job = search(path, image)
    passes = 0

    def stop(*_passed):
        nonlocal passes
        passes += 1
        control.request_stop()

    before, handle = traces(known), None
    for event in job:
        if isinstance(event, Progress) and "flip" in event.message and handle is None:
            handle = known.encoder.blocks[0][1].register_forward_pre_hook(stop)
        ended = event
    handle.remove()
    assert ended.reason is FinishReason.CANCELED
    assert passes == 1  # nothing more is asked of the network
    assert ended.result.value.outcome.masks is None
    assert_same_traces(known, before)


def test_a_stop_within_a_pass_of_a_change_ends_it_and_leaves_the_network_as_it_was(known, path, image):
    control, told, handle = JobControl(), [], None
    before = traces(known)
    job = try_changes(control, Inquiry(path, image, Question(PixelTarget(9, 9), 0), CONFIG))
    for event in job:
        if isinstance(event, StateChanged) and event.state.value == "running":
            control.post(TryChange(None, WhatIfConfig(part=0.5)))
        if isinstance(event, ChangeTried) and handle is None:
            first = known.encoder.blocks[0][1]
            handle = first.register_forward_pre_hook(lambda *_: control.request_stop())
        elif isinstance(event, ChangeTried):
            control.request_stop()  # too late: the pass was not ended
        told.append(event)
    handle.remove()
    assert sum(isinstance(event, ChangeTried) for event in told) == 1
    assert told[-1].reason is FinishReason.CANCELED
    assert_same_traces(known, before)


def test_a_dose_without_a_pixel_size_is_refused(path, image):
    *_, ended = search(path, ImageStack(image.data, None, "noise"), dose=1000.0)[1]
    assert isinstance(ended.error, CalibrationError)
