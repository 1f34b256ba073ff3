import pytest

from napari_strata.config import ModelConfig, TrainConfig
from napari_strata.config.loss import LossConfig
from napari_strata.errors import ConfigError

PAIRS = {"source": "images", "images": ["a.tif"], "targets": ["b.tif"]}
LABELS = {"source": "labels", "images": ["a.tif"], "labels": ["b.tif"], "classes": ["C"]}


def config_of(output, data, **training):
    model = ModelConfig(architecture="unet", layers=1, output=output)
    return TrainConfig.parse({"model": model.model_dump(), "data": data, "training": training})


@pytest.mark.parametrize(
    ("output", "data", "terms"),
    [
        ("classes", LABELS, {"cross_entropy": 1, "dice": 1}),
        ("multi-label", LABELS, {"dice": 1, "binary_cross_entropy": 1}),
        ("values", PAIRS, {"mse": 1}),
    ],
)
def test_where_no_terms_are_chosen_those_of_the_output_are_taken(output, data, terms):
    loss = config_of(output, data, loss={"assignment": "hard", "tversky_alpha": 0.4}).training.loss
    assert loss.terms == terms
    assert loss.tversky_alpha == 0.4


def test_what_was_taken_is_written_and_reads_back_the_same():
    config = config_of("values", PAIRS)
    again = TrainConfig.parse(config.model_dump(mode="json"))
    assert again == config
    assert again.training.loss.terms == {"mse": 1}


def test_a_tversky_loss_of_which_no_mistake_counts_is_refused():
    with pytest.raises(ConfigError, match="no mistake counts"):
        LossConfig.parse({"tversky": 1, "tversky_alpha": 0, "tversky_beta": 0})


def test_chosen_terms_stay():
    loss = {"cross_entropy": 0, "dice": 0, "tversky": 2}
    assert config_of("multi-label", LABELS, loss=loss).training.loss.terms == {"tversky": 2}


@pytest.mark.parametrize(
    ("output", "data", "loss", "words"),
    [
        ("classes", LABELS, {"mse": 1}, "loss.mse is not for a network whose output is 'classes'"),
        ("classes", LABELS, {"binary_cross_entropy": 1}, "loss.binary_cross_entropy is not"),
        ("multi-label", LABELS, {"cross_entropy": 2}, "loss.cross_entropy is not"),
        ("multi-label", LABELS, {"dice": 0, "cross_entropy": 0, "lovasz": 1}, "loss.lovasz is not"),
        ("values", PAIRS, {"dice": 2}, "loss.cross_entropy is not"),
        ("values", PAIRS, {"assignment": "soft"}, "compares masks"),
        ("multi-label", LABELS, {"class_weights": [1, 2]}, "class_weights are not"),
        ("classes", LABELS, {"cross_entropy": 0, "border_weight": 10}, "border_weight needs one of"),
        ("classes", LABELS, {"cross_entropy": 0, "class_weights": [1, 2]}, "class_weights needs one of"),
        ("classes", LABELS, {"cross_entropy": 0, "dice": 0}, "every term has weight 0"),
        ("classes", PAIRS, {}, "does not learn from data.source 'images'"),
        ("values", LABELS, {}, "does not learn from data.source 'labels'"),
    ],
)
def test_what_does_not_fit_is_refused(output, data, loss, words):
    with pytest.raises(ConfigError, match=words):
        config_of(output, data, loss=loss)


def test_grey_values_are_not_changed_where_values_are_learned_from_them():
    augmentation = {"contrast": 0.3, "brightness": 0.2, "gamma": 0.1, "background": 0.1, "rotation": 10}
    kept = config_of("values", PAIRS, augmentation=augmentation).training.augmentation
    assert (kept.contrast, kept.brightness, kept.gamma, kept.background, kept.rotation) == (0, 0, 0, 0, 10)
    assert config_of("classes", LABELS, augmentation=augmentation).training.augmentation.contrast == 0.3


def test_every_image_needs_a_target():
    with pytest.raises(ConfigError, match="1 images but 2 targets"):
        config_of("values", {**PAIRS, "targets": ["b.tif", "c.tif"]})


def test_the_terms_are_the_weights_that_are_not_0():
    assert LossConfig(dice=0, focal=0.5).terms == {"cross_entropy": 1, "focal": 0.5}
