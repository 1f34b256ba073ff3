import numpy as np
import pytest

from bright_network import save_bright
from napari_strata.config import ExplainConfig, JudgeConfig
from napari_strata.control import JobControl
from napari_strata.explain.question import Question
from napari_strata.explain.targets import AtomTarget, PixelTarget
from napari_strata.jobs import estimate_maps as module
from napari_strata.jobs.estimate_maps import MapsOutlook, estimate_maps
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.types import ImageStack

PIXEL, ATOM = Question(PixelTarget(20, 30), 0, "C"), Question(AtomTarget(20.2, 30.1, 0.75), 0, "C")


@pytest.fixture
def outlook(tmp_path, monkeypatch):
    """Return what maps cost where every pass takes 1 s, with what is really spent on preparing them."""
    monkeypatch.setattr(module, "seconds_of_pass", lambda _prepared: 1.0)
    monkeypatch.setattr(module, "seconds_of_own_pass", lambda _prepared: 10.0)
    image = ImageStack(np.random.default_rng(0).random((48, 64)).astype(np.float32), 0.2, "noise")

    def outlook(*methods, layers=1, question=PIXEL, judging=None, of_frames=False, **config) -> MapsOutlook:
        architecture = "unet" if layers == 1 else "gombnet"
        model = save_bright(tmp_path / architecture, architecture=architecture, layers=layers, pixel_size=0.2)
        config = ExplainConfig(method=methods[0], device="cpu", **config)
        inquiry = Inquiry(model, image, question, config)
        *_, ended = estimate_maps(JobControl(), inquiry, methods=methods, judging=judging, of_frames=of_frames)
        assert ended.error is None, ended.error
        return ended.result.value

    return outlook


def test_maps_cost_their_passes_and_the_frame_of_several_layers_four_looks(outlook):
    found = outlook("integrated-gradients", steps=20, layers=2, question=ATOM)
    assert found.first == 4
    assert found.each == pytest.approx(42, abs=0.9)
    assert found.seconds(3) == pytest.approx(4 + 3 * 42, abs=3)
    assert (found.seconds(0), outlook("gradient-x-input").first) == (0, 0)


def test_quick_methods_are_timed_as_they_are_answered(outlook):
    assert outlook("input-gradient", question=ATOM).each < 0.9


def test_maps_of_frames_share_no_looks_and_are_timed_by_their_passes(outlook):
    found = outlook("input-gradient", layers=2, question=ATOM, of_frames=True)
    assert found.first == 0
    assert found.each == pytest.approx(4 + 2 * 10, abs=0.9)


def test_several_methods_cost_the_sum_of_their_maps_and_measures(outlook):
    judging = JudgeConfig(measures=("infidelity", "stability"), squares=10, repeats=3)
    found = outlook("gradient-x-input", "integrated-gradients", "attention", steps=20, judging=judging)
    # a map of 2 passes of its own, one of 42; 10 squares for both and the image, 3 more maps and scores; no gates
    assert found.each == pytest.approx(20 + 11 + 3 * (20 + 1) + 42 + 1 + 3 * 43, abs=0.9)
