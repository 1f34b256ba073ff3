"""What a method is given beside the score."""

import numpy as np
import pytest
import torch

from bright_network import save_bright
from napari_strata.config import ExplainConfig
from napari_strata.explain.prepare import prepare
from napari_strata.explain.question import Question
from napari_strata.explain.targets import RegionTarget
from napari_strata.models.registry import load_network
from napari_strata.types import ImageStack


@pytest.mark.parametrize(("pixel_size", "count"), [(0.25, 16), (0.5, 64), (None, 256)])
def test_superpixels_have_the_side_that_is_said_in_angstrom_or_in_pixels(tmp_path, pixel_size, count):
    model = load_network(save_bright(tmp_path / "model", pixel_size=None), torch.device("cpu"))
    ramp = np.add.outer(np.arange(48), np.arange(48))[None].astype(np.float32)
    image = ImageStack(ramp, pixel_size, "ramp")
    question = Question(RegionTarget(np.ones((48, 48), bool)), 0)
    prepared = prepare(model, image, question, ExplainConfig(method="lime", superpixel=3.0), atoms=None)
    assert int(prepared.scene.superpixels.max()) + 1 == pytest.approx(count, rel=0.3)
