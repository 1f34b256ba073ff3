import numpy as np
import pytest
import torch

from napari_strata.config import ModelConfig
from napari_strata.explain.browse.kernels import first_kernels, kernel_grid
from napari_strata.models.ensemble import Ensemble
from napari_strata.models.registry import build_network

pytestmark = pytest.mark.filterwarnings("ignore:.*isinstance.treespec, LeafSpec.*:FutureWarning")


@pytest.mark.parametrize(
    ("architecture", "side"),
    [("unet", 3), ("attention-unet", 3), ("resnet-unet", 7), ("residual-unet", 3)],
)
def test_every_network_has_kernels_that_look_at_the_image(architecture, side):
    config = ModelConfig(architecture=architecture, filters=(2, 3, 4, 5), layers=1)
    assert first_kernels(build_network(config, 1)).shape == (2, side, side)


def test_they_are_the_weights_of_the_first_convolution_and_of_the_first_member():
    members = [build_network(ModelConfig(architecture="unet", layers=1, filters=(2, 4)), 1) for _ in range(2)]
    with torch.no_grad():
        members[0].encoder.blocks[0][0].weight[1, 0] = torch.arange(9.0).reshape(3, 3) - 4
    assert np.array_equal(first_kernels(Ensemble(members))[1], np.arange(9).reshape(3, 3) - 4)


def test_a_grid_has_rows_and_nothing_between():
    kernels = np.stack([np.full((2, 3), n, np.float32) for n in range(3)])
    nothing = np.nan
    expected = [
        [0, 0, 0, nothing, 1, 1, 1],
        [0, 0, 0, nothing, 1, 1, 1],
        [nothing] * 7,
        [2, 2, 2, *[nothing] * 4],
        [2, 2, 2, *[nothing] * 4],
    ]
    np.testing.assert_array_equal(kernel_grid(kernels), expected)
