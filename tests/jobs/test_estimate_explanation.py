import itertools

import numpy as np
import pytest

from bright_network import save_bright
from napari_strata.config import ExplainConfig
from napari_strata.control import JobControl
from napari_strata.errors import TargetError
from napari_strata.events import JobEnded
from napari_strata.jobs import estimate_explanation as module
from napari_strata.jobs.estimate_explanation import estimate_explanation
from napari_strata.types import ImageStack


@pytest.fixture
def ended(tmp_path):
    image = ImageStack(np.random.default_rng(0).random((48, 64)).astype(np.float32), 0.2, "noise")

    def ended(mask=None, *, layers=1, **config) -> JobEnded:
        architecture = "unet" if layers == 1 else "gombnet"
        model = save_bright(tmp_path / architecture, architecture=architecture, layers=layers, pixel_size=0.2)
        settings = ExplainConfig(device="cpu", **config)
        *_, last = estimate_explanation(JobControl(), model, image, config=settings, mask=mask)
        return last

    return ended


def test_the_time_is_that_of_preparing_of_every_pass_and_of_four_looks_at_several_layers(ended, monkeypatch):
    monkeypatch.setattr(module, "seconds_of_pass", lambda _prepared: 1.0)
    monkeypatch.setattr(module, "monotonic", itertools.count(0, 3).__next__)
    found = [ended(method="integrated-gradients", steps=20, layers=n).result.value for n in (1, 2)]
    assert [(outlook.passes, outlook.seconds) for outlook in found] == [(42, 3 + 42), (42, 3 + 42 + 4)]


def test_the_feature_maps_of_the_network_are_told(ended):
    outlook = ended(method="grad-cam").result.value
    assert outlook.seconds > 0
    assert outlook.feature_maps == ("encoder, level 1", "encoder, level 2", "decoder 0, level 1")
    assert outlook.gates == ()


def test_a_region_takes_the_more_squares_the_larger_it_is(ended):
    small, large = np.zeros((48, 64), bool), np.ones((48, 64), bool)
    small[20:28, 20:28] = True
    passes = [ended(mask, method="occlusion").result.value.passes for mask in (None, small, large)]
    assert passes == sorted(set(passes))
    assert passes[2] > 2 * passes[0]


def test_squares_beyond_what_the_pixel_in_the_middle_sees_cost_nothing(ended):
    # it is (24, 32) and sees 16 to 33 and 24 to 41; squares of 5 px begin every 4 px, six of them there each way
    assert ended(method="occlusion").result.value.passes == 1 + 6 * 6


def test_a_mask_of_another_shape_is_refused(ended):
    assert isinstance(ended(np.ones((4, 4), bool)).error, TargetError)
