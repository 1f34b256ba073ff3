from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_strata.config import InferenceConfig, ModelConfig
from napari_strata.control import JobControl
from napari_strata.data.grid import normalise
from napari_strata.data.turns import TURNS, padded, turned, turned_back
from napari_strata.inference.looks import combine_looks
from napari_strata.inference.predictor import Predictor
from napari_strata.inference.tiling import OVERLAP, Canvas, least_side, plan_axis, plan_tiles
from napari_strata.models.registry import build_network
from napari_strata.types import ImageStack

axes = st.tuples(
    st.integers(1, 5000), st.integers(64, 1024), st.sampled_from([1, 2, 4, 8, 16, 32]), st.integers(0, 120)
)


@given(axes)
def test_the_shares_of_all_tiles_sum_to_one_at_every_pixel(axis):
    length, tile_size, stride, reach = axis
    total = np.zeros(length)
    for span in plan_axis(length, tile_size=tile_size, stride=stride, receptive_field=reach):
        total[span.pixels] += span.weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


@pytest.mark.parametrize("architecture", [{"architecture": "unet", "layers": 1}, {}])
def test_the_description_names_the_least_tile_of_the_default_networks(architecture):
    network = build_network(ModelConfig(**architecture), 1)
    least = least_side(stride=network.stride, receptive_field=network.receptive_field)
    assert f"need {least}" in InferenceConfig.model_fields["tile_size"].description
    first, *_ = plan_axis(5000, tile_size=64, stride=network.stride, receptive_field=network.receptive_field)
    assert first.weights.size == least


@given(axes)
def test_tiles_begin_at_multiples_of_the_stride(axis):
    length, tile_size, stride, reach = axis
    spans = plan_axis(length, tile_size=tile_size, stride=stride, receptive_field=reach)
    assert all(span.start % stride == 0 for span in spans)
    assert all((span.stop - span.start) % stride == 0 for span in spans[:-1])
    assert spans[-1].stop == length


@given(axes)
def test_a_tile_is_trusted_only_beyond_the_receptive_field_from_its_cut_ends(axis):
    length, tile_size, stride, reach = axis
    for span in plan_axis(length, tile_size=tile_size, stride=stride, receptive_field=reach):
        trusted = np.flatnonzero(span.weights) + span.start
        assert span.start == 0 or trusted[0] - span.start >= reach
        assert span.stop == length or span.stop - 1 - trusted[-1] >= reach


@given(axes)
def test_neighbouring_tiles_are_both_trusted_with_a_common_zone(axis):
    length, tile_size, stride, reach = axis
    spans = plan_axis(length, tile_size=tile_size, stride=stride, receptive_field=reach)
    for left, right in pairwise(spans):
        shared = np.zeros(length, int)
        for span in (left, right):
            shared[span.pixels] += span.weights > 0
        assert (shared == 2).sum() >= OVERLAP - 1


@given(axes)
def test_tiles_stay_within_the_wanted_side_unless_their_halos_need_more(axis):
    length, tile_size, stride, reach = axis
    spans = plan_axis(length, tile_size=tile_size, stride=stride, receptive_field=reach)
    needed = 4 * (reach + stride) + 2 * (OVERLAP + stride)
    assert max(span.stop - span.start for span in spans) <= max(tile_size + stride, needed)


def test_an_image_no_larger_than_a_tile_is_one_tile():
    (tile,) = plan_tiles((512, 300), tile_size=512, stride=8, receptive_field=51)
    assert tile.shape == (512, 300)
    assert (tile.weights == 1).all()


def test_an_image_slightly_larger_than_a_tile_is_cut_evenly():
    first, second = plan_axis(520, tile_size=512, stride=8, receptive_field=51)
    assert first.stop - first.start == 336
    assert second.stop - second.start in range(328, 337)


def test_the_canvas_of_constant_tiles_is_constant():
    canvas = Canvas(1, 2, (700, 431))
    for tile in plan_tiles((700, 431), tile_size=200, stride=8, receptive_field=20):
        canvas.add(tile, np.full((1, 2, *tile.shape), 0.5, np.float32))
    np.testing.assert_allclose(canvas.blended, 0.5, atol=1e-6)


def with_random_statistics(network):
    """Give batch norm means and variances that are not those of a fresh network, as training does."""
    generator = torch.Generator().manual_seed(1)
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(0.1 * torch.randn(buffer.shape, generator=generator))
        elif name.endswith("running_var"):
            buffer.copy_(0.5 + torch.rand(buffer.shape, generator=generator))
    return network.eval()


def sharpen(network, inputs):
    """Let every logit of the heads have mean 0 and spread 3, as decided as those of a trained network."""
    with torch.no_grad():
        for head, logits in zip(network.heads, network(inputs)[0], strict=True):
            mean, gain = logits.mean(dim=(1, 2)), 3 / logits.std(dim=(1, 2))
            head.weight *= gain[:, None, None, None]
            head.bias.copy_((head.bias - mean) * gain)


def run(job):
    while True:
        try:
            next(job)
        except StopIteration as stop:
            return stop.value


def seen_in(turn, network, image):
    """Return the network's untiled answer in one orientation."""
    height, width = image.shape
    inputs = torch.from_numpy(turned(padded(image, network.stride), turn).copy())
    with torch.inference_mode():
        maps = network(inputs[None, None]).softmax(dim=2)[0].numpy()
    return turned_back(maps, turn)[..., :height, :width]


def assert_tiled_equals_untiled(config, shape, tile_size):
    torch.manual_seed(0)
    network = with_random_statistics(build_network(config, 2))
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    inputs = torch.from_numpy(normalise(image))[None, None]
    sharpen(network, inputs)
    predictor = Predictor(
        network,
        config,
        classes=("a", "b"),
        config=InferenceConfig(tile_size=tile_size, device="cpu"),
        device=torch.device("cpu"),
    )
    tiled = run(predictor.predict(ImageStack(image[None], None, "noise"), control=JobControl())).probabilities[0]
    turns = TURNS if config.layers > 1 else TURNS[:1]
    untiled = combine_looks([seen_in(turn, network, inputs[0, 0].numpy()) for turn in turns], pixel_size=None)
    assert untiled[:, 1:].std() > 0.1
    np.testing.assert_allclose(tiled, untiled, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(301, 157), (64, 402), (403, 45)])
@pytest.mark.parametrize("filters", [(4, 8), (4, 4, 8)])
def test_tiled_equals_untiled_at_every_pixel_up_to_the_border(shape, filters):
    config = ModelConfig(architecture="gombnet", layers=2, filters=filters, pixel_size=None)
    assert_tiled_equals_untiled(config, shape, tile_size=64)


@pytest.mark.parametrize("architecture", ["unet", "gombnet"])
def test_tiled_equals_untiled_for_the_default_networks(architecture):
    layers = 1 if architecture == "unet" else 2
    config = ModelConfig(architecture=architecture, layers=layers, pixel_size=None)
    assert_tiled_equals_untiled(config, (296, 200), tile_size=64)
