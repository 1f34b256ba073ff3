"""No method leaves a trace in the network, however it ends; and each costs the passes that it says it costs."""

import pytest
import torch
from torch import nn

from explaining import assert_same_traces, score_of, traces, window_scene
from napari_strata.config import ExplainConfig, ModelConfig
from napari_strata.errors import MethodError
from napari_strata.explain.catalogue import METHODS, load_method, passes_of
from napari_strata.explain.fitness import check_network
from napari_strata.models.registry import build_network

IMAGE = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(8))
WEIGHTS = torch.zeros(32, 32)
WEIGHTS[16, 16] = 1
FEW = {"samples": 6, "steps": 6, "window": 8, "stride": 8, "subsets": 40, "batch": 2}
LONG = [name for name, facts in METHODS.items() if "batch" in facts.settings]
"""Those that yield on the way."""


def network_for(method):
    architecture = "attention-unet" if METHODS[method].of_gates else "unet"
    torch.manual_seed(1)
    config = ModelConfig(architecture=architecture, layers=1, filters=(2, 4), pixel_size=None)
    return build_network(config, 1)


class Counted(nn.Module):
    """Passes on what it gets; counts the images that go through it forward and back, and may fail."""

    def __init__(self, inner, *, fails_at=None, fails_back=False):
        super().__init__()
        self.inner = inner
        self.output = inner.output
        self.count = 0
        self.calls = 0
        self.fails_at, self.fails_back = fails_at, fails_back
        for name in ("coarsest", "feature_maps", "attention_gates", "stride"):
            setattr(self, name, getattr(inner, name))

    def forward(self, image):
        self.calls += 1
        if self.calls == self.fails_at:
            raise RuntimeError("no forward")
        self.count += len(image)
        logits = self.inner(image)
        if logits.requires_grad:
            logits.register_hook(self._back)
        return logits

    def _back(self, gradient):
        if self.fails_back:
            raise RuntimeError("no way back")
        self.count += len(gradient)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_costs_as_many_passes_as_it_says(method):
    network = Counted(network_for(method))
    scene = window_scene(method, IMAGE, **FEW)
    list(load_method(method)(score_of(network, WEIGHTS), scene))
    assert network.count == passes_of(method, scene)


@pytest.mark.parametrize("method", LONG)
def test_a_method_that_is_closed_midway_leaves_no_trace(method):
    network = network_for(method).train()
    before = traces(network)
    maps = load_method(method)(score_of(network, WEIGHTS), window_scene(method, IMAGE, **FEW))
    assert next(maps).done < 1
    assert_same_traces(network, before)
    next(maps)
    maps.close()
    assert_same_traces(network, before)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("failure", [{"fails_at": 1}, {"fails_at": 2}, {"fails_back": True}], ids=str)
def test_a_method_that_fails_leaves_no_trace(method, failure):
    network = network_for(method).train()
    before = traces(network)
    score = score_of(Counted(network, **failure), WEIGHTS)
    try:
        list(load_method(method)(score, window_scene(method, IMAGE, **FEW)))
    except RuntimeError as error:
        assert str(error).startswith("no ")  # a method of one pass does not fail at its second
    assert_same_traces(network, before)


@pytest.mark.parametrize("method", METHODS)
def test_nothing_but_the_settings_that_are_told_changes_a_map(method):
    others = {"samples": 3, "steps": 3, "window": 3, "stride": 3, "subsets": 20, "noise": 0.9, "superpixel": 9}
    unread = {name: value for name, value in others.items() if name not in METHODS[method].settings}
    assert set(others) <= set(ExplainConfig.model_fields)
    maps = []
    for settings in (FEW, FEW | unread):
        *_, last = load_method(method)(
            score_of(network_for(method).eval(), WEIGHTS), window_scene(method, IMAGE, **settings)
        )
        maps.append(last.map)
    torch.testing.assert_close(*maps, rtol=0, atol=0)


def test_a_network_in_train_mode_is_refused_with_the_remedy():
    with pytest.raises(MethodError, match="train mode") as refused:
        check_network(network_for("grad-cam").train())
    assert "network.eval()" in refused.value.remedy


def test_batch_norm_without_running_statistics_is_refused():
    with pytest.raises(MethodError, match="no running mean"):
        check_network(nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2, track_running_stats=False)).eval())


def test_an_activation_in_place_is_refused_by_its_name():
    with pytest.raises(MethodError, match=r"ReLU that works in place: 1\.") as refused:
        check_network(nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(inplace=True)).eval())
    assert "inplace=False" in refused.value.remedy


@pytest.mark.parametrize("architecture", ["unet", "residual-unet", "attention-unet", "resnet-unet"])
def test_networks_of_this_package_can_be_explained(architecture):
    check_network(build_network(ModelConfig(architecture=architecture, layers=1, pixel_size=None), 1).eval())
