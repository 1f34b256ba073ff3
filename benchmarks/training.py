"""Train the demo's recipe from scratch through the command line, and score the model."""

import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import dice, real_image
from benchmarks.device import computing_device
from benchmarks.figure import Figure

RECIPE = Path(__file__).parents[1] / "recipes" / "gombnet-graphene.yaml"
PILOT_IOU = 0.82
"""After 45 minutes, on the pilot's own held-out crystals."""
COMMAND = "import sys; from napari_strata.cli import main; sys.exit(main())"


def measure(out: Path, *, minutes: float | None, images: int, image: Path, repeats: int = 1) -> Iterator[Figure]:
    """Train, and score the best weights on held-out crystals, the experimental image and the published recipe.

    Parameters
    ----------
    out : Path
        Folder for the run; those of further trainings lie beside it.
    minutes : float or None
        Time limit instead of the recipe's own.
    images : int
        Images of the published recipe.
    image : Path
        The experimental image.
    repeats : int
        Number of trainings, with the seeds 0, 1, ...; several are followed by how the figures spread.
    """
    trainings: list[list[Figure]] = []
    for seed in range(repeats):
        run = out.with_name(f"{out.name}-seed-{seed}") if seed else out
        trainings.append([])
        for figure in _measure_once(run, seed, minutes=minutes, images=images, image=image):
            trainings[-1].append(figure)
            yield replace(figure, name=f"{figure.name}, seed {seed}") if repeats > 1 else figure
    if repeats > 1:
        yield from spread(trainings)


def spread(trainings: Sequence[Sequence[Figure]]) -> Iterator[Figure]:
    """Turn the figures of several trainings into their medians, with the least and the greatest as baseline.

    What is no number in one of them is left out.
    """
    for first in trainings[0]:
        values = [
            figure.value
            for figures in trainings
            for figure in figures
            if figure.name == first.name and isinstance(figure.value, int | float) and math.isfinite(figure.value)
        ]
        if len(values) == len(trainings):
            extremes = {"least": min(values), "greatest": max(values)}
            name = f"{first.name}, median of {len(values)} trainings"
            yield replace(
                first, name=name, value=statistics.median(values), baseline={**first.baseline, **extremes}
            )


def _measure_once(run: Path, seed: int, *, minutes: float | None, images: int, image: Path) -> Iterator[Figure]:
    start = time.perf_counter()
    figures = train(run, minutes, seed=seed)
    took, device = time.perf_counter() - start, computing_device()
    yield Figure("training: wall time with start-up", took, "s", device=device)
    yield Figure("training: time from first to last batch", figures["seconds"], "s", device=device)
    yield Figure("training: steps", figures["steps"], device=device)
    yield Figure("training: epoch of the best weights", figures["best_epoch"], device=device)
    dice_held_out = figures["validation_dice"]
    yield Figure("training: Dice on held-out crystals", dice_held_out, device=device)
    iou = dice_held_out / (2 - dice_held_out)
    yield Figure("training: IoU of that Dice", iou, "", "", {"pilot": PILOT_IOU}, device)
    yield from real_image.measure(run, image=image)
    yield from dice.measure(run, images=images)


def train(out: Path, minutes: float | None, *, seed: int = 0) -> dict[str, Any]:
    """Train into a run folder and return the figures that the command line reports.

    Raises
    ------
    SystemExit
        If the training failed; with what it said.
    """
    from napari_strata.config import TrainConfig

    recipe = TrainConfig.read(RECIPE)
    recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"seed": seed})})
    limit = [] if minutes is None else ["--time-limit", str(minutes)]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / RECIPE.name
        config.write_text(recipe.to_yaml(), encoding="utf-8")
        command = [sys.executable, "-c", COMMAND, "train", str(config), "--out", str(out), "--json", *limit]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SystemExit(f"training failed: {answer.stdout}{answer.stderr}")
    figures: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])["figures"]
    return figures
