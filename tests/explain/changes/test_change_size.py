import numpy as np
import pytest

from napari_strata.config.smallest_change import SmallestChangeConfig
from napari_strata.explain.changes.adversarial import Found
from napari_strata.explain.changes.change_size import change_size
from napari_strata.explain.changes.flip import in_words
from napari_strata.explain.trust.shot_noise import ShotNoise

CHANGE, PIXELS = np.array([2.0, -2.0]), np.array([20.0, 20.0])


def words(*, is_rough):
    size = change_size(CHANGE, PIXELS, ShotNoise(4.0, 1.0, 16.0, is_rough=is_rough))
    return in_words(Found(CHANGE, -0.1, True, 1.0), size, SmallestChangeConfig(), is_stopped=False)


def test_a_change_is_told_in_counts_and_beside_the_noise():
    told = change_size(CHANGE, PIXELS, ShotNoise(4.0, 2.0, 8.0)).told()
    assert (told["rms_counts"], told["total_counts"], told["counts_are_rough"]) == (1, 2, False)
    assert told["times_noise"] == pytest.approx(2 / np.sqrt(2 * 16))


def test_counts_of_an_image_without_a_dark_background_are_told_to_be_rough():
    assert "about 2 counts per pixel (RMS)" in words(is_rough=True)
    assert "at about 1 intensity units per count" in words(is_rough=True)
    assert words(is_rough=True).endswith("State the dose.")
    assert "about" not in words(is_rough=False)
    assert words(is_rough=False).endswith("estimated from the image.")
