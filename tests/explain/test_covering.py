"""Which squares are covered, and which need not be."""

from dataclasses import replace

import torch

from explaining import score_of, whole_map, window_scene
from napari_strata.config import ModelConfig
from napari_strata.explain.catalogue import load_method, passes_of
from napari_strata.models.cropped import Box
from napari_strata.models.registry import build_network

SHAPE = (32, 40)


def scene_and_score():
    """Return a scene with squares of 3 px every 2 px, and the score of a pixel in a U-Net of two levels."""
    torch.manual_seed(5)
    network = build_network(ModelConfig(architecture="unet", layers=1, filters=(4, 6), pixel_size=None), 1).eval()
    weights = torch.zeros(SHAPE)
    weights[14, 20] = 1
    image = torch.randn(1, 1, *SHAPE)
    return window_scene("occlusion", image, window=3, stride=2, batch=1), score_of(network, weights)


def test_squares_that_the_target_cannot_see_are_left_out_and_the_map_is_the_same():
    scene, score = scene_and_score()
    part = replace(scene, seen=score.seen(SHAPE))
    # two levels see 2 + 2 px on the fine pixels, and 2 + 2 coarse ones of 2 px between them
    assert part.seen == Box(6, 24, 12, 30)
    # squares begin at 0, 2, ..., 30 and 0, 2, ..., 38; those that begin at 4 to 22 and 10 to 28 hold such pixels
    assert passes_of("occlusion", scene) == 1 + 16 * 20
    assert passes_of("occlusion", part) == 1 + 10 * 10
    whole = whole_map("occlusion", score, scene)
    assert torch.equal(whole_map("occlusion", score, part), whole)
    assert whole[14, 20] != 0


def test_a_coarse_map_is_0_where_the_target_sees_nothing():
    scene, score = scene_and_score()
    first, *_ = load_method("occlusion")(score, replace(scene, seen=score.seen(SHAPE)))
    assert first.map.any()
    assert not first.map[:4].any() and not first.map[:, 32:].any()
