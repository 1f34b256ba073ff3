"""Every architecture keeps the one contract; those of MONAI are tested here alone: its import takes seconds."""

import socket
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from bright_network import save_network
from explaining import assert_same, score_of, whole_map, window_scene
from measured_reach import change_beyond, make_positive, measured_reach
from napari_strata.config import InferenceConfig, ModelConfig, TrainConfig
from napari_strata.config.model import Architecture
from napari_strata.control import JobControl
from napari_strata.events import EpochEnded, FinishReason
from napari_strata.explain.catalogue import METHODS
from napari_strata.explain.targets import PixelTarget, pixel_weights
from napari_strata.explain.window import window_around
from napari_strata.inference.predictor import Predictor
from napari_strata.inference.tiling import plan_tiles
from napari_strata.jobs.train import train
from napari_strata.models.registry import ARCHITECTURES, build_network, load_network
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.types import ImageStack

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")

EXACT = [
    name
    for name, facts in METHODS.items()
    if not (facts.of_relus or facts.whole or name in ("lime", "kernel-shap"))
]
"""Methods for every activation whose maps do not depend on which subsets are drawn."""
FEW = {"samples": 3, "steps": 3, "window": 9, "stride": 7}
FILTERS = (2, 3, 4, 5)
LAYERS = dict.fromkeys(ARCHITECTURES, 1) | {"gombnet": 2}
OF_MONAI = ("residual-unet", "attention-unet", "resnet-unet")


def run_to_end(job):
    """Return what a generator returns."""
    while True:
        try:
            next(job)
        except StopIteration as stop:
            return stop.value


def settings(architecture: Architecture, **model: object) -> ModelConfig:
    return ModelConfig(
        **{"architecture": architecture, "layers": LAYERS[architecture], "filters": FILTERS} | model
    )


def network_of(architecture: Architecture, *, classes: int = 1, **model: object):
    torch.manual_seed(0)
    return build_network(settings(architecture, **model), classes)


@pytest.mark.parametrize("architecture", OF_MONAI)
@pytest.mark.parametrize("shape", [(33, 47), (1, 1)])
def test_the_output_has_the_shape_of_the_input_whatever_its_sides(architecture, shape):
    network = network_of(architecture, classes=2).eval()
    assert network(torch.zeros(2, 1, *shape)).shape == (2, 1, 3, *shape)


@pytest.mark.parametrize("architecture", OF_MONAI)
@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_gradients_reach_every_weight_from_the_smallest_patch(architecture, norm):
    network = network_of(architecture, norm=norm)
    (network(torch.randn(4, 1, 8, 8)) ** 2).sum().backward()
    assert not [name for name, p in network.named_parameters() if p.grad is None or not p.grad.isfinite().all()]


@pytest.mark.parametrize("architecture", OF_MONAI)
def test_the_shortcuts_pass_gradients_too(architecture):
    """What a small change of a pixel does to the output is what back-propagation says."""
    network = network_of(architecture, activation="silu").double().eval()
    image = torch.randn(1, 1, 16, 16, dtype=torch.float64, requires_grad=True)
    network(image)[..., 1, :, :].sum().backward()
    change = torch.zeros_like(image)
    change[..., 7, 9] = 1e-5
    with torch.inference_mode():
        up, down = (network(image + sign * change)[..., 1, :, :].sum() for sign in (1, -1))
    assert image.grad[0, 0, 7, 9].item() == pytest.approx((up - down).item() / 2e-5, rel=1e-4)


@pytest.mark.parametrize(("architecture", "levels"), [*product(OF_MONAI[:2], (2, 3, 4)), ("resnet-unet", 4)])
def test_the_stated_receptive_field_is_the_measured_one(architecture, levels):
    network = network_of(architecture, filters=FILTERS[:levels])
    assert measured_reach(network) == network.receptive_field


@pytest.mark.parametrize("architecture", OF_MONAI)
def test_nothing_beyond_the_receptive_field_counts(architecture):
    network = network_of(architecture)
    assert [change_beyond(network, at) for at in (90, 93)] == [0, 0]


@pytest.mark.parametrize("architecture", OF_MONAI)
def test_activations_are_modules_that_are_not_in_place_not_shared_and_used_once(architecture):
    network = network_of(architecture).eval()
    uses = {module: [] for module in network.modules() if isinstance(module, nn.ReLU)}
    for module, seen in uses.items():
        module.register_forward_hook(lambda *_args, seen=seen: seen.append(1))
    network(torch.zeros(1, 1, 16, 16))
    assert {len(seen) for seen in uses.values()} == {1}
    assert not any(module.inplace for module in uses)
    assert not any(isinstance(module, nn.PReLU) for module in network.modules())


@pytest.mark.parametrize("architecture", OF_MONAI)
def test_activation_and_norm_are_those_that_are_set(architecture):
    modules = list(network_of(architecture, activation="gelu", norm="group").modules())
    assert any(isinstance(module, nn.GELU) for module in modules)
    assert any(isinstance(module, nn.GroupNorm) for module in modules)
    assert not any(isinstance(m, nn.ReLU | nn.PReLU | nn.BatchNorm2d | nn.InstanceNorm2d) for m in modules)


@pytest.mark.parametrize(
    ("architecture", "millions"),
    [("gombnet", 2.3), ("unet", 1.6), ("residual-unet", 2.7), ("attention-unet", 1.6), ("resnet-unet", 2.7)],
)
def test_the_default_filters_make_a_network_of_so_many_weights(architecture, millions):
    network = build_network(ModelConfig(architecture=architecture, layers=LAYERS[architecture]), classes=1)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.05)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_frozen_encoder_is_all_that_the_deepest_features_depend_on(architecture):
    network = network_of(architecture)
    deepest = []
    hook = network.encoder_parts()[-1].register_forward_hook(lambda *args: deepest.append(args[2]))
    network(torch.randn(2, 1, 16, 16))
    hook.remove()
    features = deepest[0][-1] if isinstance(deepest[0], list) else deepest[0]
    features.square().sum().backward()
    needed = {name for name, p in network.named_parameters() if p.grad is not None}
    network.freeze_encoder()
    assert {name for name, p in network.named_parameters() if not p.requires_grad} == needed


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_last_block_is_at_full_resolution_and_the_coarsest_lies_where_it_says(architecture):
    network = make_positive(network_of(architecture))
    shown = {}
    last, coarsest = network.decoder_block(0), network.coarsest(0)
    last.register_forward_hook(lambda *args: shown.update(last=args[2].shape))
    coarsest.block.register_forward_hook(lambda *args: shown.update(coarsest=args[2].shape))
    network(torch.zeros(1, 1, 32, 48))
    assert shown["last"][1:] == (FILTERS[0], 32, 48)
    assert shown["coarsest"][2:] == (32 // coarsest.pixel, 48 // coarsest.pixel) == (8, 12)
    assert coarsest.origin == (-1.5 if architecture in OF_MONAI else 0)  # on every fourth pixel, or between


@pytest.mark.parametrize("architecture", OF_MONAI)
@pytest.mark.parametrize("method", EXACT)
def test_explanations_of_a_window_equal_those_of_the_whole_image(architecture, method):
    network = make_positive(network_of(architecture, filters=(2, 2, 2, 2)))
    with torch.no_grad():
        network.heads[0].weight[0] = 0
    shape = (4 * network.receptive_field + 10, 30)
    image = torch.randn(1, 1, *shape)
    weights = pixel_weights(PixelTarget(shape[0] // 2, 9), shape, shape)
    window = window_around(weights, network)
    assert window[0].stop - window[0].start < shape[0]
    whole, part = (
        whole_map(
            method, score_of(network, torch.from_numpy(w.copy())), window_scene(method, image, of, **FEW)
        ).numpy()
        for w, of in ((weights, None), (weights[window], window))
    )
    value = score_of(network, torch.from_numpy(weights), decoder=0)(image)
    assert_same(method, part, whole, window, value, rtol=1e-4)


@pytest.mark.parametrize("architecture", OF_MONAI)
def test_a_saved_model_is_loaded_as_it_was_without_a_network_connection(architecture, tmp_path, monkeypatch):
    def refuse(*_args: object) -> None:
        raise AssertionError("nothing may be downloaded")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    network = network_of(architecture, classes=2)
    network(torch.randn(2, 1, 32, 32))  # moves the statistics of batch norm
    save_network(tmp_path, network.eval(), settings(architecture), name="saved", names=("a", "b"))
    torch.manual_seed(1)
    loaded = load_network(tmp_path).network
    image = torch.randn(1, 1, 20, 20)
    assert torch.equal(loaded(image), network(image))


@pytest.mark.parametrize("architecture", OF_MONAI)
def test_the_job_trains_it(architecture, tmp_path):
    training = {"epochs": 1, "steps_per_epoch": 1, "batch_size": 2, "patch_size": 32, "validation_crops": 1}
    config = TrainConfig.parse(
        {
            "model": {"architecture": architecture, "layers": 1, "filters": FILTERS},
            "data": {"source": "simulated", "simulation": {"layers": 1}},
            "training": training | {"device": "cpu", "precision": "fp32"},
        }
    )
    *events, last = train(JobControl(), config, TrainInputs(tmp_path))
    assert last.reason is FinishReason.COMPLETED
    assert [event.is_best for event in events if isinstance(event, EpochEnded)] == [True]
    assert load_network(tmp_path).card.model.architecture == architecture


@pytest.mark.parametrize(
    "model", [{"architecture": architecture} for architecture in OF_MONAI] + [{"padding": "valid"}], ids=str
)
def test_a_tiled_prediction_equals_the_untiled_one(model):
    config = ModelConfig(**{"architecture": "unet", "layers": 1, "filters": FILTERS, "pixel_size": None} | model)
    torch.manual_seed(0)
    network = build_network(config, 1)
    network(torch.randn(4, 1, 64, 64))  # moves the statistics of batch norm
    image = ImageStack(np.random.default_rng(0).random((1, 40, 610), np.float32), None, "strip")
    tiled, whole = (
        run_to_end(
            Predictor(
                network,
                config,
                classes=("a",),
                config=InferenceConfig(tile_size=size),
                device=torch.device("cpu"),
            ).predict(image, control=JobControl())
        )
        for size in (128, 1024)
    )
    tiles = plan_tiles((40, 610), tile_size=128, stride=network.stride, receptive_field=network.receptive_field)
    assert len(tiles) > 1
    np.testing.assert_allclose(tiled.probabilities, whole.probabilities, atol=1e-5)
