"""How long a training takes to the IoU that was published, beside the published training given the same time.

Both are scored on the same bilayers of the published recipe, which neither has seen, each image with one
permutation of layers. Ours is trained by the package's own recipe, on crystals that it simulates by itself, from
scratch; the published one on PNG files of the very recipe that is scored. Scoring does not count as training time.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import dice, published_training
from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.published_recipe import Bilayer, make_bilayers
from benchmarks.throughput import matrix_units
from benchmarks.training import RECIPE
from napari_strata.evaluate.segmentation import mean_scores, score_masks
from napari_strata.types import LabelArray

PUBLISHED_IOU = 0.737
TARGET = "<= 10"
SNAPSHOTS = 8
"""Networks along each curve that are scored."""
FILES = 400
"""Images that the published training reads again and again."""


@dataclass(frozen=True, slots=True)
class Point:
    """A network's score on its way.

    Attributes
    ----------
    seconds : float
        Training time.
    iou : float
        Mean over images and layers.
    """

    seconds: float
    iou: float


def measure(*, minutes: float, images: int, curves: Path | None = None) -> Iterator[Figure]:
    """Train both for a time [minutes], score what they were on the way, and write the curves as JSON."""
    bilayers = make_bilayers(images, seed=dice.SEED)
    with tempfile.TemporaryDirectory() as folder:
        ours = our_curve(Path(folder) / "ours", bilayers, minutes)
        theirs = published_curve(Path(folder), bilayers, minutes)
    if curves is not None:
        points = {"ours": ours, "published": theirs}
        plain = {name: [[p.seconds, p.iou] for p in curve] for name, curve in points.items()}
        curves.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    yield from figures(ours, theirs)


def figures(ours: Sequence[Point], theirs: Sequence[Point]) -> Iterator[Figure]:
    """Turn two curves into figures."""
    device = f"{computing_device()}, {matrix_units()}"
    there = time_to(theirs, PUBLISHED_IOU)
    name = f"time_to_iou: time to IoU {PUBLISHED_IOU}"
    yield Figure(
        name, _minutes(time_to(ours, PUBLISHED_IOU)), "min", TARGET, {"published": _minutes(there)}, device
    )
    yield Figure("time_to_iou: best IoU", _best(ours), "", "", {"published": _best(theirs)}, device)


def time_to(curve: Sequence[Point], iou: float) -> float | None:
    """Return the training time of the first network that reached an IoU [s]; None if none did."""
    return next((point.seconds for point in curve if point.iou >= iou), None)


def our_curve(folder: Path, bilayers: Sequence[Bilayer], minutes: float) -> list[Point]:
    """Train as the demo does; score the best weights as they were along the way, the pixel sizes known."""
    kept = _train(folder, minutes)
    return [Point(seconds, _iou(_our_masks(model, bilayers), bilayers)) for seconds, model in _spread(kept)]


def published_curve(folder: Path, bilayers: Sequence[Bilayer], minutes: float) -> list[Point]:
    """Train as published, for the same time."""
    network = published_training.make_network()
    steps = published_training.train(network, published_training.make_files(folder, FILES))
    curve, spent, due = [], 0.0, 0.0
    for seconds in steps:
        spent += seconds
        if spent >= due:
            curve.append(Point(spent, _iou(published_training.predict(network, bilayers), bilayers)))
            due += minutes * 60 / SNAPSHOTS
        if spent >= minutes * 60:
            return curve
    raise AssertionError("the published training goes on for ever")


def _train(folder: Path, minutes: float) -> list[tuple[float, Path]]:
    from napari_strata.config import TrainConfig
    from napari_strata.control import JobControl
    from napari_strata.events import EpochEnded
    from napari_strata.jobs.train import train
    from napari_strata.training.patches.inputs import TrainInputs

    recipe = TrainConfig.read(RECIPE)
    limited = recipe.training.model_copy(update={"time_limit": minutes})
    kept = []
    copying = 0.0
    for event in train(JobControl(), recipe.model_copy(update={"training": limited}), TrainInputs(folder)):
        if isinstance(event, EpochEnded) and event.is_best:
            start = time.monotonic()
            model = folder.with_name(f"{folder.name}-{event.step}")
            shutil.copytree(folder / "model", model)
            kept.append((event.elapsed - copying, model))
            copying += time.monotonic() - start
    return kept


def _spread(kept: Sequence[tuple[float, Path]]) -> list[tuple[float, Path]]:
    chosen = np.linspace(0, len(kept) - 1, min(SNAPSHOTS, len(kept))).round().astype(int)
    return [kept[i] for i in chosen]


def _our_masks(model: Path, bilayers: Sequence[Bilayer]) -> list[LabelArray]:
    return [prediction.masks[0] for prediction in dice.locate(model, bilayers, known=True).predictions]


def _iou(masks: Sequence[LabelArray], bilayers: Sequence[Bilayer]) -> float:
    scores = [score_masks(found[None], true.labels[None]) for found, true in zip(masks, bilayers, strict=True)]
    return mean_scores([score for of_image in scores for score in of_image])["iou"]


def _best(curve: Sequence[Point]) -> float:
    return max(point.iou for point in curve)


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60
