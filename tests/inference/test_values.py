"""What a network that gives values gives, in which units."""

import numpy as np
import pytest
import torch

from bright_network import positive_network, save_network
from napari_strata.config import InferenceConfig, ModelConfig
from napari_strata.control import JobControl
from napari_strata.data.grid import normalise
from napari_strata.errors import BundleError
from napari_strata.events import JobEnded
from napari_strata.io.values import read_values
from napari_strata.jobs.predict import load_predictor, predict
from napari_strata.types import ImageStack

CPU = InferenceConfig(device="cpu")


def pixels():
    """Return an image of mean 100 whose extremes are common, so that nothing is clipped."""
    return 100 + 20 * np.sign(np.random.default_rng(0).normal(size=(2, 32, 40)))


def model(folder, **card):
    config = ModelConfig(architecture="unet", layers=1, filters=(2, 4), output="values", pixel_size=None)
    torch.manual_seed(0)
    return save_network(folder, positive_network(config), config, name="positive", names=("value",), **card)


def predicted(folder, image, **settings):
    *_, last = predict(JobControl(), folder, (image,), CPU, **settings)
    assert isinstance(last, JobEnded)
    assert last.error is None, last.error
    return last.result


def test_values_have_the_units_of_their_image(tmp_path):
    image = ImageStack(pixels(), None, "noise")
    [found] = predicted(model(tmp_path), image).value
    for frame, values in zip(image.data, found.values[:, 0], strict=True):
        np.testing.assert_allclose(values, np.maximum(frame, frame.mean()), rtol=1e-4)


def test_values_in_units_of_their_own_are_scaled_as_the_card_says(tmp_path):
    image = ImageStack(pixels(), None, "noise")
    [found] = predicted(model(tmp_path, value_scale=(5.0, 2.0)), image).value
    expected = np.stack([np.maximum(normalise(frame), 0) for frame in image.data])
    np.testing.assert_allclose(found.values[:, 0], 5 + 2 * expected, rtol=1e-4)


def test_values_are_written_as_a_float_tif(tmp_path):
    image = ImageStack(pixels(), 0.3, "noise")
    result = predicted(model(tmp_path / "model"), image, out=tmp_path / "out")
    assert list(result.paths) == ["noise_values"]
    written = read_values(tmp_path / "out" / "noise_values.tif")
    assert written.shape == (2, 1, 32, 40)
    np.testing.assert_array_equal(written, result.value[0].values)


def test_a_network_that_gives_values_has_no_masks(tmp_path):
    predictor, _card = load_predictor(model(tmp_path), CPU)
    with pytest.raises(BundleError, match="values and no classes"):
        next(predictor.predict(ImageStack(pixels(), None, "noise"), control=JobControl()))
