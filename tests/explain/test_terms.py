import numpy as np
import pytest
import torch

from bright_network import GAIN, save_bright, save_network
from napari_strata.config import ExplainConfig, ModelConfig
from napari_strata.errors import TargetError
from napari_strata.explain.gradients import gradients
from napari_strata.explain.prepare import prepare
from napari_strata.explain.question import AgainstClass, AgainstCorrection, AgainstLayer, Question
from napari_strata.explain.score import Output
from napari_strata.explain.targets import PixelTarget, RegionTarget
from napari_strata.models.registry import build_network, load_network
from napari_strata.types import ImageStack

CONFIG = ModelConfig(architecture="gombnet", layers=2, filters=(2, 4), pixel_size=None)
IMAGE = ImageStack(np.random.default_rng(0).normal(size=(1, 16, 16)).astype(np.float32), None, "noise")
DECIDED = 1
"""The class that both decoders see everywhere."""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Load a network of two layers and two classes, A and B, that sees A everywhere."""
    network = build_network(CONFIG, 2)
    with torch.no_grad():
        for head in network.heads:
            head.weight.zero_()
            head.bias.copy_(torch.tensor([0.0, 2.0, 1.0]))
    folder = save_network(tmp_path_factory.mktemp("model"), network, CONFIG, name="all A", names=("A", "B"))
    return load_network(folder, torch.device("cpu"))


def prepared(model, question):
    return prepare(model, IMAGE, question, ExplainConfig(), atoms=None)


def test_without_a_class_the_most_probable_one_is_asked_about(model):
    found = prepared(model, Question(PixelTarget(4, 5), 1))
    assert found.score.outputs == (Output(1, 1),)
    assert found.metadata["class"] == "A"
    assert found.metadata["score"] == pytest.approx(2)


def test_a_class_is_compared_with_another(model):
    found = prepared(model, Question(PixelTarget(4, 5), 0, "B", AgainstClass("A")))
    assert found.score.outputs == (Output(0, 2), Output(0, 1))
    assert found.metadata["score"] == pytest.approx(1 - 2)
    assert found.metadata["against"] == {"kind": "class", "class": "A"}


def test_a_layer_is_compared_with_another(model):
    found = prepared(model, Question(PixelTarget(4, 5), 0, "A", AgainstLayer(1)))
    assert found.score.outputs == (Output(0, 1), Output(1, 1))
    assert found.metadata["score"] == pytest.approx(0)


def test_of_layers_that_decoders_have_exchanged_here_each_is_asked_of_its_own(model, monkeypatch):
    monkeypatch.setattr("napari_strata.explain.view._find_turn", lambda *_: (0, (1, 0)))
    found = prepared(model, Question(PixelTarget(4, 5), 0, "A", AgainstLayer(1)))
    assert found.score.outputs == (Output(1, 1), Output(0, 1))
    assert (found.metadata["layer"], found.metadata["decoder"]) == (0, 1)


def test_an_error_is_what_was_predicted_rather_than_what_is_right(model):
    codes = np.zeros((16, 16), np.uint8)
    codes[2, 2], codes[3, 3], codes[4, 4], codes[5, 5] = 1, 3, 2, 1  # background, B, A as predicted, background
    found = prepared(model, Question(RegionTarget(np.ones((16, 16), bool)), 0, None, AgainstCorrection(codes)))
    # Two pixels are wrongly A and not background (2 - 0), one wrongly A and not B (2 - 1).
    assert found.metadata["score"] == pytest.approx((2 + 1 + 2) / 3)


def test_a_right_prediction_has_no_error_to_explain(model):
    codes = np.full((16, 16), 2, np.uint8)
    question = Question(RegionTarget(np.ones((16, 16), bool)), 0, None, AgainstCorrection(codes))
    with pytest.raises(TargetError, match="No pixel of the target was corrected and is wrong"):
        prepared(model, question)


@pytest.mark.parametrize(("species", "against"), [("C", None), ("A", AgainstClass("C"))])
def test_a_class_that_the_model_lacks_is_named_with_those_it_has(model, species, against):
    with pytest.raises(TargetError, match="no class C") as refused:
        prepared(model, Question(PixelTarget(4, 5), 0, species, against))
    assert "A, B" in refused.value.remedy


def test_a_class_is_not_compared_with_itself(model):
    with pytest.raises(TargetError, match="with itself"):
        prepared(model, Question(PixelTarget(4, 5), 0, "A", AgainstClass("A")))


def test_a_corrected_class_that_the_model_lacks_is_refused_with_those_it_has(model):
    codes = np.full((16, 16), 4, np.uint8)
    region = RegionTarget(np.ones((16, 16), bool))
    with pytest.raises(TargetError, match="code 4") as refused:
        prepared(model, Question(region, 0, None, AgainstCorrection(codes)))
    assert "2 to 3: A, B" in refused.value.remedy


def test_a_class_that_the_model_lacks_is_refused_with_those_it_has(model):
    with pytest.raises(TargetError, match="knows no class C") as refused:
        prepared(model, Question(PixelTarget(4, 5), 0, "C"))
    assert "A, B" in refused.value.remedy


@pytest.fixture(scope="module")
def of_bright(tmp_path_factory):
    """Load a network that sees C where the image is bright, and N nowhere."""
    folder = save_bright(
        tmp_path_factory.mktemp("bright"), architecture="unet", layers=1, pixel_size=None, names=("C", "N")
    )
    return load_network(folder, torch.device("cpu"))


def slice_of(model, image, species=None):
    target = RegionTarget(np.ones(image.shape[1:], bool), "slice")
    return prepare(
        model, ImageStack(image, None, "bright"), Question(target, 0, species), ExplainConfig(), atoms=None
    )


@pytest.mark.parametrize("species", ["C", None])
def test_a_class_on_a_slice_is_asked_about_where_it_is_predicted_and_nowhere_else(of_bright, species):
    image = np.zeros((1, 16, 16), np.float32)
    image[0, 2, 3] = image[0, 7, 9] = 1
    found = slice_of(of_bright, image, species)
    bright = (1 - image.mean()) / image.std()
    assert found.metadata["class"] == "C"
    assert found.metadata["score"] == pytest.approx(GAIN * (bright - 1), rel=1e-3)
    slope = gradients(found.score, found.scene.image)[0, 0]
    np.testing.assert_allclose(slope[[2, 7], [3, 9]], GAIN / 2, rtol=1e-3)
    assert slope.count_nonzero() == 2


def test_a_class_that_is_predicted_nowhere_on_a_slice_is_refused_with_those_that_are(of_bright):
    image = np.zeros((1, 16, 16), np.float32)
    image[0, 2, 3] = 1
    with pytest.raises(TargetError, match="does not predict N on this slice") as refused:
        slice_of(of_bright, image, "N")
    assert refused.value.remedy.endswith("predicted there: C.")
    with pytest.raises(TargetError, match="any class but background"):
        slice_of(of_bright, np.zeros((1, 16, 16), np.float32))


def test_a_single_pixel_that_was_corrected_is_an_error(of_bright):
    image = ImageStack(np.zeros((1, 16, 16), np.float32), None, "one row")
    image.data[0, 4] = 1
    codes = np.zeros((16, 16), np.uint8)
    codes[4, 5] = 1
    everywhere = RegionTarget(np.ones((16, 16), bool))
    found = prepare(
        of_bright, image, Question(everywhere, 0, None, AgainstCorrection(codes)), ExplainConfig(), atoms=None
    )
    assert torch.nonzero(found.score.terms[0].weights).tolist() == [[4, 5]]
