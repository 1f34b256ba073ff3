"""Train the demo's recipe from scratch through the command line, and score the model."""

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import dice, real_image
from benchmarks.device import computing_device
from benchmarks.figure import Figure

RECIPE = Path(__file__).parents[1] / "recipes" / "gombnet-graphene.yaml"
PILOT_IOU = 0.82
"""After 45 minutes, on the pilot's own held-out crystals."""
COMMAND = "import sys; from napari_strata.cli import main; sys.exit(main())"


def measure(*, minutes: float | None, images: int, out: Path | None) -> Iterator[Figure]:
    """Train, and score the best weights on held-out crystals, the experimental image and the published recipe.

    Parameters
    ----------
    minutes : float or None
        Time limit instead of the recipe's own.
    images : int
        Images of the published recipe.
    out : Path or None
        Folder for the run; None leaves none.
    """
    with contextlib.ExitStack() as stack:
        run = out or Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run"
        start = time.perf_counter()
        figures = train(run, minutes)
        took, device = time.perf_counter() - start, computing_device()
        yield Figure("training: wall time with start-up", took, "s", device=device)
        yield Figure("training: time from first to last batch", figures["seconds"], "s", device=device)
        yield Figure("training: steps", figures["steps"], device=device)
        yield Figure("training: epoch of the best weights", figures["best_epoch"], device=device)
        dice_held_out = figures["validation_dice"]
        yield Figure("training: Dice on held-out crystals", dice_held_out, device=device)
        iou = dice_held_out / (2 - dice_held_out)
        yield Figure("training: IoU of that Dice", iou, "", "", {"pilot": PILOT_IOU}, device)
        yield from real_image.measure(run)
        yield from dice.measure(run, images=images)


def train(out: Path, minutes: float | None) -> dict[str, Any]:
    """Train into a run folder and return the figures that the command line reports.

    Raises
    ------
    SystemExit
        If the training failed; with what it said.
    """
    limit = [] if minutes is None else ["--time-limit", str(minutes)]
    command = [sys.executable, "-c", COMMAND, "train", str(RECIPE), "--out", str(out), "--json", *limit]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise SystemExit(f"training failed: {answer.stdout}{answer.stderr}")
    figures: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])["figures"]
    return figures
