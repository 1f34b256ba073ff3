from pathlib import Path

import numpy as np
import pytest
import torch

from napari_strata.config import ClassTable, TrainConfig
from napari_strata.control import JobControl
from napari_strata.errors import LabelsError
from napari_strata.events import FinishReason, JobEnded, Progress
from napari_strata.jobs.show_patches import SeenPatches, show_patches
from napari_strata.training.patches.augmented import augmented
from napari_strata.training.patches.batches import Batch
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.training.patches.sources import make_source
from napari_strata.types import ImageStack

NAMES = ClassTable.from_names(("cell",))


def crystals(**augmentation: float) -> TrainConfig:
    training = {"patch_size": 32, "batch_size": 4, "augmentation": augmentation}
    return TrainConfig.parse({"model": {"filters": [4, 8]}, "training": training})


def cells(pixel_size: float | None = None, **augmentation: float) -> TrainConfig:
    return TrainConfig.parse(
        {
            "model": {"architecture": "unet", "layers": 1, "filters": [4, 8], "pixel_size": pixel_size},
            "data": {"source": "labels", "images": ["a"], "labels": ["b"], "classes": ["cell"]},
            "training": {"patch_size": 16, "augmentation": augmentation},
        }
    )


def painted(pixel_size: float | None = None) -> TrainInputs:
    labels = np.zeros((1, 1, 64, 80), np.uint8)
    labels[0, 0, 10:14, 60:70], labels[0, 0, 14:16, 60:70] = 1, 2
    image = ImageStack(np.random.default_rng(0).random((1, 64, 80)), pixel_size, "cells")
    return TrainInputs(Path(), (image,), (labels,), NAMES)


def ending(config: TrainConfig, inputs: TrainInputs, **how: int) -> JobEnded:
    *_, ended = show_patches(JobControl(), config, inputs, **how)
    return ended


def seen(config: TrainConfig, inputs: TrainInputs, **how: int) -> SeenPatches:
    ended = ending(config, inputs, **how)
    assert ended.error is None
    return ended.result.value


def test_the_patches_are_those_of_a_training():
    config = crystals(rotation=30, gaussian_noise=0.2)
    patches = seen(config, TrainInputs(Path()), first=5, count=2).patches
    source = make_source(config, TrainInputs(Path()), NAMES, receptive_field=5)
    batch = Batch.of([source.patch(1, item) for item in range(4)])
    images, truth = augmented(batch, 1, range(4), config.training, torch.device("cpu"))
    for patch, item in zip(patches, (1, 2), strict=True):
        assert np.array_equal(patch.varied, images[item, 0].numpy())
        assert np.array_equal(patch.varied_labels, truth.labels[item].numpy())
    assert patches[0].drawn.shape == (32, 32)
    assert patches[0].frame is None


def test_a_patch_of_an_image_knows_its_place_on_the_images_own_grid():
    (patch,) = seen(cells(pixel_size=0.2, rotation=30), painted(pixel_size=0.1), count=1).patches
    top, left, bottom, right = patch.box
    assert (bottom - top, right - left) == (32, 32)  # 16 px of 0.2 Å are 32 px of 0.1 Å
    assert top <= 14 < 16 <= bottom or top <= 13 < bottom
    assert patch.frame == 0


def test_without_changes_patches_are_as_drawn():
    plain = {"symmetries": False, "contrast": 0, "brightness": 0}
    for patch in seen(cells(**plain), painted(), count=3).patches:
        assert np.array_equal(patch.varied, patch.drawn)
        assert np.array_equal(patch.varied_labels, patch.drawn_labels)
        assert patch.drawn_labels.any()


def test_nothing_painted_is_said_in_words():
    inputs = painted()
    inputs.labels[0][:] = 0
    ended = ending(cells(), inputs)
    assert isinstance(ended.error, LabelsError)
    assert "Nothing is painted" in str(ended.error)


def test_a_stop_leaves_nothing():
    control = JobControl()
    events = []
    for event in show_patches(control, crystals(), TrainInputs(Path()), count=5):
        events.append(event)
        if isinstance(event, Progress) and event.message == "Patch 2 of 5":
            control.request_stop()
    assert events[-1].reason is FinishReason.CANCELED
    assert events[-1].result is None


@pytest.mark.parametrize("count", [1, 3])
def test_as_many_patches_are_drawn_as_are_asked_for(count):
    found = seen(crystals(), TrainInputs(Path()), count=count)
    assert len(found.patches) == count
    assert found.description == "simulated graphene, 2 layers"
