from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from benchmarks.occlusion import agreement, block_means, choose_atoms, cover, measure, share_near
from bright_network import save_bright
from napari_strata.config import ModelConfig
from napari_strata.models.registry import build_network
from napari_strata.types import ImageStack


def test_a_square_is_covered_with_the_mean_of_what_surrounds_it() -> None:
    image = torch.arange(81.0).reshape(9, 9)
    image[4, 4] += 9
    change = cover(lambda images: images[:, 0, 3:6, 3:6].mean(dim=(1, 2)), image, side=3, around=9)
    # both means are 40 but for the 9 in one pixel of nine
    expected = np.zeros((3, 3))
    expected[1, 1] = 1
    np.testing.assert_allclose(change, expected, atol=1e-5)


def test_a_rest_smaller_than_a_square_stays_uncovered() -> None:
    assert cover(lambda images: images.sum(dim=(1, 2, 3)), torch.rand(11, 8), side=3, around=5).shape == (3, 2)
    np.testing.assert_array_equal(block_means(np.arange(15.0).reshape(3, 5), 2), [[3, 5]])


def test_a_heatmap_that_is_what_covering_says_agrees_fully() -> None:
    change = np.random.default_rng(0).random((4, 4))
    distance = np.full((8, 8), 9.0)
    distance[:2] = 1
    found = agreement(np.kron(change, np.ones((2, 2))), change, distance, 2)
    assert found == pytest.approx({"correlation": 1, "share": change[0].sum() / change.sum()})


def test_a_heatmap_without_anything_agrees_with_nothing() -> None:
    found = agreement(np.zeros((8, 8)), np.ones((4, 4)), np.ones((8, 8)), 2)
    assert np.isnan([found["correlation"], found["share"]]).all()


def test_a_share_is_told_of_the_whole_map() -> None:
    assert share_near(np.array([1.0, 2.0, 5.0]), np.array([0.0, 2.0, 2.1])) == pytest.approx(3 / 8)


def test_as_many_atoms_of_each_layer_are_chosen_none_near_the_border() -> None:
    network = build_network(ModelConfig(architecture="gombnet", layers=2, filters=(2, 4)), 1)
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"layer": np.arange(400) % 2, "y_px": rng.uniform(0, 99, 400), "x_px": rng.uniform(0, 99, 400)}
    )
    chosen = choose_atoms(table, network, ImageStack(np.zeros((1, 100, 100)), 0.2, "grid"), 6)
    assert sorted(layer for layer, _ in chosen) == [0, 0, 0, 1, 1, 1]
    reach = network.receptive_field + network.stride
    assert all(reach < at < 99 - reach for _, target in chosen for at in (target.y, target.x))


def test_heatmaps_of_a_simulated_image_are_compared_where_the_real_one_is_absent(tmp_path: Path) -> None:
    model = save_bright(tmp_path / "model", architecture="gombnet", layers=2, pixel_size=0.2)
    figures = {f.name: f for f in measure(model, image=tmp_path / "absent.npz", atoms=2)}
    words = "occlusion: input-gradient, 2 atoms of a simulated bilayer"
    # a network that passes the image on looks at nothing but the atom
    assert figures[f"{words}: correlation with covering"].value > 0.8  # type: ignore[operator]
    share = figures[f"{words}: share within 2 Å"]
    assert (share.value, share.baseline["covering"]) == pytest.approx((1, 1), abs=1e-4)
    assert 0 < share.baseline["flat map"] < 0.5  # type: ignore[operator]
    assert any("grad-cam without R, bottleneck" in name for name in figures)


def test_an_image_without_atoms_is_skipped_in_words(tmp_path: Path) -> None:
    model = save_bright(tmp_path / "model", architecture="gombnet", layers=2, pixel_size=0.2)
    np.savez(tmp_path / "small.npz", im_array=np.random.default_rng(0).random((40, 40)), pixel_size="1e-11")
    [line] = measure(model, image=tmp_path / "small.npz")
    assert (line.name, line.value) == ("occlusion: skipped", "no atom lies far enough inside small")
