"""For how much of a step the network waits for its batch, on crystals simulated while it trains."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.training import RECIPE

TARGET = "<= 10"
WARM_UP = 3
"""First steps, which do not count: convolutions are chosen then."""
AUGMENTED = {
    "rotation": 180.0,
    "zoom": 0.1,
    "elastic": 1.0,
    "scan_jitter": 0.3,
    "gaussian_noise": 0.1,
    "blur": 0.5,
}
"""What else is varied in the second measurement."""


def measure(steps: int = 40) -> Iterator[Figure]:
    """Train with the recipe's settings, then with augmentations of every kind."""
    for words, augmentation in (("the recipe", {}), ("the recipe and all augmentations", AUGMENTED)):
        waited, took = _waits(steps, augmentation)
        share = 100 * waited / took
        name = f"feeding: waiting for data, {words}"
        yield Figure(name, share, "% of a step", TARGET, {"step [s]": took}, computing_device())


def _waits(steps: int, augmentation: dict[str, float]) -> tuple[float, float]:
    """Return the mean time that a step waits and takes [s]."""
    from napari_strata.config import TrainConfig
    from napari_strata.control import JobControl
    from napari_strata.events import BatchEnded
    from napari_strata.jobs.train import train
    from napari_strata.training.patches.inputs import TrainInputs

    recipe = TrainConfig.read(RECIPE)
    varied = recipe.training.augmentation.model_copy(update=augmentation)
    changes = {"augmentation": varied, "time_limit": None, "epochs": 1, "steps_per_epoch": steps}
    config = recipe.model_copy(update={"training": recipe.training.model_copy(update=changes)})
    with tempfile.TemporaryDirectory() as folder:
        events = list(train(JobControl(), config, TrainInputs(Path(folder) / "run")))
    batches = [event for event in events if isinstance(event, BatchEnded)][WARM_UP - 1 :]
    took = np.diff([batch.elapsed for batch in batches])
    return float(np.mean([batch.waited for batch in batches[1:]])), float(np.mean(took))
