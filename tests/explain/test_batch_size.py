import numpy as np
import pytest
import torch
from torch import nn

from bright_network import save_bright
from napari_strata.config import ExplainConfig
from napari_strata.explain import batch_size as module
from napari_strata.explain.batch_size import batch_size, kept_by
from napari_strata.explain.prepare import prepare
from napari_strata.explain.question import Question
from napari_strata.explain.targets import PixelTarget
from napari_strata.models.registry import load_network
from napari_strata.types import ImageStack

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def free(monkeypatch):
    """Let every device have so much memory left [bytes]."""

    def set_free(size):
        monkeypatch.setattr(module, "free_memory_of", lambda _device: size)

    return set_free


@pytest.mark.parametrize(
    ("shape", "device", "expected"),
    [((64, 64), CPU, 8), ((128, 128), CPU, 4), ((512, 512), CPU, 1), ((512, 512), GPU, 8)],
)
def test_large_windows_are_computed_one_by_one_where_more_are_no_faster(free, shape, device, expected):
    free(10**12)
    assert batch_size(8, shape, device, per_image=10**9) == expected


@pytest.mark.parametrize("device", [CPU, GPU])
@pytest.mark.parametrize(("left", "expected"), [(80, 8), (79, 7), (30, 3), (5, 1), (0, 1)])
def test_no_more_images_are_computed_at_once_than_fit_into_half_of_the_memory(free, device, left, expected):
    free(2 * left)
    assert batch_size(8, (4, 4), device, per_image=10) == expected


def test_what_modules_give_is_counted_once_and_their_hooks_are_taken_away():
    network = nn.Sequential(nn.Conv2d(1, 3, 1), nn.Sequential(nn.ReLU()))
    with kept_by(network) as kept, torch.no_grad():
        network(torch.zeros(1, 1, 5, 7))
    assert kept.size == 2 * 3 * 5 * 7 * 4
    assert not any(part._forward_hooks for part in network.modules())


@pytest.mark.parametrize(("left", "expected"), [(0, 1), (10**12, 5)])
def test_a_method_gets_the_batch_that_fits(free, tmp_path, left, expected):
    free(left)
    model = load_network(save_bright(tmp_path / "model", pixel_size=None), CPU)
    image = ImageStack(np.random.default_rng(0).random((1, 16, 16), np.float32), None, "noise")
    prepared = prepare(model, image, Question(PixelTarget(8, 8), 0), ExplainConfig(batch=5), atoms=None)
    assert prepared.scene.config.batch == expected
