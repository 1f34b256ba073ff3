"""Trainings of networks that give other things than exclusive classes, end to end, and what is held out."""

import numpy as np
import pytest
import tifffile

from napari_strata.config import InferenceConfig, TrainConfig
from napari_strata.control import JobControl
from napari_strata.errors import ConfigError, ImageError
from napari_strata.events import BatchEnded, EpochEnded, FinishReason, Warned
from napari_strata.io.bundle import load_bundle
from napari_strata.jobs.predict import predict
from napari_strata.jobs.resume import resumed
from napari_strata.jobs.train import read_inputs, train

MODEL = {"architecture": "unet", "layers": 1, "filters": [4, 8], "pixel_size": None}
TRAINING = {"time_limit": None, "epochs": 2, "steps_per_epoch": 10, "patch_size": 32, "batch_size": 4}
TRAINING |= {"device": "cpu", "precision": "fp32", "validation_fraction": 0.3}
RATE = {"optimizer": {"learning_rate": 0.02}}


def config_of(folder, data, *, output="classes", **training):
    return TrainConfig.parse(
        {
            "model": {**MODEL, "output": output},
            "data": {name: paths(folder, value) for name, value in data.items()},
            "training": {**TRAINING, **training},
        }
    )


def paths(folder, value):
    is_files = isinstance(value, list) and str(value[0]).endswith(".tif")
    return [str(folder / name) for name in value] if is_files else value


def run(config, out):
    events = list(train(JobControl(), config, read_inputs(config, out=out)))
    return events[:-1], events[-1]


@pytest.fixture
def pictures(tmp_path):
    """Write three images of a wave, in noise and without it, and labels of its hills, valleys and tops."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:48, :48]
    for number in range(3):
        wave = np.sin(x / 3 + number) * np.cos(y / 4)
        codes = np.ones(wave.shape, np.uint8)
        codes[wave > 0.3], codes[wave < -0.3] = 2, 3
        codes[wave > 0.6] = 4
        tifffile.imwrite(tmp_path / f"clean{number}.tif", (100 + 40 * wave).astype(np.float32))
        noisy = 100 + 40 * wave + 20 * rng.standard_normal(wave.shape)
        tifffile.imwrite(tmp_path / f"noisy{number}.tif", noisy.astype(np.float32))
        tifffile.imwrite(tmp_path / f"codes{number}.tif", codes)
    return tmp_path


def files(kind):
    return [f"{kind}{number}.tif" for number in range(3)]


def pairs(units):
    return {"source": "images", "images": files("noisy"), "targets": files("clean"), "units": units}


def labels(*classes):
    return {"source": "labels", "images": files("noisy"), "labels": files("codes"), "classes": list(classes)}


@pytest.mark.parametrize("units", ["image", "own"])
def test_a_network_learns_values_and_predicts_them_in_their_units(pictures, tmp_path, units):
    config = config_of(pictures, pairs(units), output="values", **RATE)
    _events, last = run(config, tmp_path / "run")
    assert last.error is None, last.error
    assert last.result.figures["validation_r2"] > 0.5
    assert "validation_dice" not in last.result.figures
    image = read_inputs(config, out=tmp_path).images[0]
    *_, predicted = predict(JobControl(), tmp_path / "run", (image,), InferenceConfig(device="cpu"))
    clean = tifffile.imread(pictures / "clean0.tif")
    noise = np.sqrt(np.mean((image.data[0] - clean) ** 2))
    left = np.sqrt(np.mean((predicted.result.value[0].values[0, 0] - clean) ** 2))
    assert left < 0.8 * noise


def test_the_run_says_what_was_made_small_and_that_grey_values_were_left_alone(pictures, tmp_path):
    run(config_of(pictures, pairs("own"), output="values"), tmp_path / "run")
    written = TrainConfig.read(tmp_path / "run" / "config.yaml").training
    assert written.loss.terms == {"mse": 1}
    assert (written.augmentation.contrast, written.augmentation.brightness) == (0, 0)


def test_a_target_of_another_shape_is_refused_before_anything_is_written(pictures, tmp_path):
    tifffile.imwrite(pictures / "clean1.tif", np.ones((48, 40), np.float32))
    _events, last = run(config_of(pictures, pairs("image"), output="values"), tmp_path / "run")
    assert isinstance(last.error, ImageError)
    assert "The target of noisy1 has the shape (1, 1, 48, 40)" in last.error.message
    assert not (tmp_path / "run").exists()


def test_a_network_learns_classes_that_overlap(pictures, tmp_path):
    data = labels("hill", "top", "hill+top")
    for name in files("codes"):  # valleys become background
        codes = tifffile.imread(pictures / name)
        tifffile.imwrite(pictures / name, np.where(codes == 3, 1, codes).astype(np.uint8))
    config = config_of(pictures, data, output="multi-label", **RATE)
    _events, last = run(config, tmp_path / "run")
    assert last.error is None, last.error
    assert load_bundle(tmp_path / "run").card.classes.names == ("hill", "top")
    assert last.result.figures["validation_dice"] > 0.5
    image = read_inputs(config, out=tmp_path).images[0]
    *_, predicted = predict(JobControl(), tmp_path / "run", (image,), InferenceConfig(device="cpu"))
    background, hill, top = predicted.result.value[0].probabilities[0, 0]
    np.testing.assert_allclose(background, 1 - np.maximum(hill, top), atol=1e-6)
    codes = tifffile.imread(pictures / "codes0.tif")
    assert top[codes == 4].mean() > top[codes == 2].mean() > top[codes == 1].mean()
    assert hill[codes == 4].mean() > 0.5


def test_overlaps_with_no_class_are_refused_before_anything_is_written(pictures, tmp_path):
    config = config_of(pictures, labels("hill", "valley", "hill+plain"), output="multi-label")
    _events, last = run(config, tmp_path / "run")
    assert isinstance(last.error, ConfigError)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("terms", [{"lovasz": 1, "tversky": 1}, {"focal": 1, "border_weight": 5}])
def test_a_network_learns_by_other_terms(pictures, tmp_path, terms):
    loss = {"cross_entropy": 0, "dice": 0, **terms}
    config = config_of(pictures, labels("hill", "valley", "top"), loss=loss, **RATE)
    events, last = run(config, tmp_path / "run")
    assert last.error is None, last.error
    first, second = (event.validation_loss for event in events if isinstance(event, EpochEnded))
    assert second < first


def test_a_class_that_no_held_out_label_shows_is_told(pictures, tmp_path):
    codes = tifffile.imread(pictures / "codes0.tif")
    for number, missing in ((1, 4), (2, 4)):
        tifffile.imwrite(pictures / f"codes{number}.tif", np.where(codes == missing, 1, codes).astype(np.uint8))
    config = config_of(pictures, labels("hill", "valley", "top"), epochs=1, steps_per_epoch=2)
    events, last = run(config, tmp_path / "run")
    told = [event for event in events if isinstance(event, Warned) and "top" in event.message]
    assert [event.message for event in told] == ["No held-out label shows top: the score tells nothing about it."]
    assert told[0].remedy.startswith("Label top in one more slice")
    assert last.result.figures["validation_dice"] is not None


def test_a_class_that_is_labelled_nowhere_is_told_as_that(pictures, tmp_path):
    for number in range(3):
        codes = tifffile.imread(pictures / f"codes{number}.tif")
        tifffile.imwrite(pictures / f"codes{number}.tif", np.where(codes == 4, 1, codes).astype(np.uint8))
    config = config_of(pictures, labels("hill", "valley", "top"), epochs=1, steps_per_epoch=2)
    events, _last = run(config, tmp_path / "run")
    told = [event for event in events if isinstance(event, Warned) and "top" in event.message]
    assert [event.message for event in told] == ["Nothing is labelled top: the network cannot learn it."]


def test_a_patch_that_is_larger_than_the_image_is_told(pictures, tmp_path):
    config = config_of(pictures, labels("hill", "valley", "top"), epochs=1, steps_per_epoch=2, patch_size=128)
    events, _last = run(config, tmp_path / "run")
    (told,) = (event for event in events if isinstance(event, Warned) and "smaller than a patch" in event.message)
    side = tifffile.imread(pictures / "codes0.tif").shape[0]
    assert f"{side} px of 128 px" in told.message
    assert told.remedy == f"Set the patch size to {side // 16 * 16} px."


def test_a_batch_without_labels_costs_nothing_and_the_training_goes_on(pictures, tmp_path, monkeypatch):
    from dataclasses import replace

    from napari_strata.training.patches.labelled import LabelledSource

    drawn = LabelledSource.patch

    def sometimes_empty(self, step, item):
        patch = drawn(self, step, item)
        return replace(patch, labels=np.zeros_like(patch.labels)) if step == 1 else patch

    monkeypatch.setattr(LabelledSource, "patch", sometimes_empty)
    events, last = run(
        config_of(pictures, labels("hill", "valley", "top"), epochs=1, steps_per_epoch=4), tmp_path / "run"
    )
    losses = [event.loss for event in events if isinstance(event, BatchEnded)]
    assert last.reason is FinishReason.COMPLETED
    assert losses[1] == 0
    assert min(losses[0], *losses[2:]) > 0
    assert np.isfinite(losses).all()


def test_a_training_on_values_that_was_stopped_goes_on_as_if_it_had_not_been(pictures, tmp_path):
    config = config_of(pictures, pairs("own"), output="values", epochs=3, steps_per_epoch=2)
    run(config, tmp_path / "whole")
    control = JobControl()
    for event in train(control, config, read_inputs(config, out=tmp_path / "parts")):
        if isinstance(event, BatchEnded) and event.step == 3:
            control.request_stop()
    list(train(JobControl(), *resumed(tmp_path / "parts")))
    whole, parts = (load_bundle(tmp_path / name).card for name in ("whole", "parts"))
    assert whole.weights_sha256 == parts.weights_sha256
    assert whole.figures["step"] == parts.figures["step"]


def test_three_decoders_learn_two_species_each(tmp_path):
    model = {"layers": 3, "filters": [4, 8]}
    data = {"source": "simulated", "simulation": {"material": "WS2", "layers": 3}}
    small = TRAINING | RATE | {"validation_crops": 1, "steps_per_epoch": 4, "batch_size": 2}
    config = TrainConfig.parse({"model": model, "data": data, "training": small})
    events, last = run(config, tmp_path)
    assert last.error is None, last.error
    losses = [event.train_loss for event in events if isinstance(event, EpochEnded)]
    assert losses[1] < losses[0]
    card = load_bundle(tmp_path).card
    assert (card.model.layers, [one.name for one in card.classes.classes]) == (3, ["W", "S"])
