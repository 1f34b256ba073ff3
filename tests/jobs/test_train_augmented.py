"""Trainings whose patches are varied in every way."""

from pathlib import Path

import numpy as np
import pytest

from brief_training import BRIEF
from napari_strata.config import ClassTable, TrainConfig
from napari_strata.control import JobControl
from napari_strata.events import BatchEnded, FinishReason, JobEvent, Warned
from napari_strata.jobs.train import train
from napari_strata.training.patches.inputs import TrainInputs
from napari_strata.types import ImageStack

EVERYTHING = {
    "rotation": 180,
    "zoom": 0.1,
    "elastic": 1,
    "scan_jitter": 0.2,
    "gamma": 0.2,
    "gaussian_noise": 0.2,
    "poisson_noise": 50,
    "blur": 1,
    "background": 0.3,
    "dropout": 0.1,
}


def run(config: TrainConfig, inputs: TrainInputs) -> list[JobEvent]:
    return list(train(JobControl(), config, inputs))


def losses(events: list[JobEvent]) -> list[float]:
    assert events[-1].reason is FinishReason.COMPLETED, events[-1].error
    return [event.loss for event in events if isinstance(event, BatchEnded)]


def crystals(**augmentation: float) -> TrainConfig:
    training = BRIEF | {"augmentation": augmentation}
    return TrainConfig.parse({"model": {"filters": [4, 8]}, "training": training})


def test_varied_crystals_train_the_same_network_twice(tmp_path: Path):
    first, second = (losses(run(crystals(**EVERYTHING), TrainInputs(tmp_path / name))) for name in "ab")
    assert first == second
    assert losses(run(crystals(), TrainInputs(tmp_path / "c"))) != first


def test_labels_of_an_image_smaller_than_a_patch_are_varied(tmp_path: Path):
    labels = np.zeros((2, 1, 24, 40), np.uint8)
    labels[:, 0, :8], labels[:, 0, 8:16] = 1, 2
    image = ImageStack(np.random.default_rng(0).random((2, 24, 40)), None, "cells")
    data = {"source": "labels", "images": ["a"], "labels": ["b"], "classes": ["cell"]}
    model = {"architecture": "unet", "layers": 1, "filters": [4, 8], "pixel_size": None}
    config = TrainConfig.parse({"model": model, "data": data, "training": BRIEF | {"augmentation": EVERYTHING}})
    inputs = TrainInputs(tmp_path / "run", (image,), (labels,), ClassTable.from_names(("cell",)))
    assert np.isfinite(losses(run(config, inputs))).all()


@pytest.mark.parametrize(("zoom", "count"), [(0.2, 0), (0.3, 1)])
def test_a_zoom_beyond_the_doubt_of_a_pixel_size_is_warned_of(tmp_path: Path, zoom: float, count: int):
    events = run(crystals(zoom=zoom), TrainInputs(tmp_path / "run"))
    assert sum("zoomed" in event.message for event in events if isinstance(event, Warned)) == count
