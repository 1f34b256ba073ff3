"""Train the models that come with the package: ``python -m scripts.make_models [NAME ...] [--runs FOLDER]``.

Each file of recipes/bundled is trained by the package's own command; one that was interrupted goes on. Its best
weights are written with 16 bits to the package, beside a card with the figures of both: Dice on crystals that no
training draws, with 32 bits and with 16. A recipe with a namesake in recipes/bundled/first goes on from the
weights that this one gives; the card then tells of both trainings. A training that is over is not done again, so
that `--runs` with the folder of an earlier call writes the cards anew.
"""

import argparse
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np

from benchmarks.jobs import result_of
from napari_strata.config import InferenceConfig, TrainConfig
from napari_strata.control import JobControl
from napari_strata.evaluate.segmentation import mean_scores, score_masks
from napari_strata.io.bundle import load_bundle, save_bundle
from napari_strata.io.bundled import FOLDER
from napari_strata.jobs.predict import predict
from napari_strata.simulate.scene import SimulatedImage, simulate_image
from napari_strata.training.run.facts import read_facts
from napari_strata.types import ImageStack

RECIPES = Path(__file__).resolve().parents[1] / "recipes" / "bundled"
FIRST = RECIPES / "first"
CRYSTALS, SIDE, SEED = 24, 256, 99
"""How many crystals are scored, their side [px], and from which seed they are drawn."""


def main() -> None:
    """Train, write and score each model."""
    parser = argparse.ArgumentParser(description="Train the models that come with the package.")
    parser.add_argument("names", nargs="*", help="names of recipes (default: all)")
    parser.add_argument("--runs", type=Path, default=Path("build/models"), help="where the trainings are kept")
    options = parser.parse_args()
    for recipe in sorted(RECIPES.glob("*.yaml")):
        if not options.names or recipe.stem in options.names:
            first, run = FIRST / recipe.name, options.runs / recipe.stem
            start = options.runs / f"{recipe.stem}-first" if first.is_file() else None
            if start is not None:
                train(first, start)
            train(recipe, run, start)
            bundle(recipe, run, start)


def train(recipe: Path, run: Path, start: Path | None = None) -> None:
    """Train, or go on with a training that was interrupted; one that is over is left alone."""
    command = [sys.executable, "-m", "napari_strata", "train"]
    if not (run / "run.json").is_file():
        weights = [] if start is None else ["--from", str(start)]
        subprocess.run([*command, str(recipe), "--out", str(run), *weights], check=True)
    elif read_facts(run)["sessions"][-1]["ended_by"] != "epochs":
        subprocess.run([*command, "--resume", str(run)], check=True)


def bundle(recipe: Path, run: Path, start: Path | None = None) -> None:
    """Put the best weights of a run into the package, with 16 bits, and say on the card what that costs."""
    model, config = load_bundle(run), TrainConfig.read(recipe)
    scenes = crystals(config)
    whole = dice(run, scenes, config)
    figures = {**model.card.figures, **trainings(run, start), "dice": round(whole, 4)}
    folder = FOLDER / recipe.stem
    card = model.card.model_copy(update={"figures": figures, "trained_on": learned_from(recipe, run, start)})
    card = save_bundle(folder, model.state, card, half=True)
    halved = dice(folder, scenes, config)
    (folder / "card.yaml").write_text(
        card.model_copy(update={"figures": {**figures, "dice_16_bits": round(halved, 4)}}).to_yaml()
    )
    size = (folder / card.weights_file).stat().st_size / 1e6
    print(f"{recipe.stem}: {size:.2f} MB, Dice {whole:.4f} with 32 bits, {halved:.4f} with 16")


def trainings(run: Path, start: Path | None) -> dict[str, float | int | str | None]:
    """Return what the card tells of all trainings together, beside the last one's own steps and seconds."""
    last = read_facts(run)["sessions"][-1]
    runs = [run] if start is None else [start, run]
    told = {
        "minutes_of_all_trainings": round(sum(minutes(one) for one in runs), 1),
        "trained_on_processor": last["processor"],
        "trained_on_device": last["device"],
    }
    if start is None:
        return told
    first = load_bundle(start).card
    assert read_facts(run)["starts_from"] == first.weights_sha256, f"{run} did not go on from {start}"
    return {"first_step": first.figures["step"], "first_seconds": first.figures["seconds"], **told}


def minutes(run: Path) -> float:
    """Return how long a training took, over all its sessions."""
    spans = [
        datetime.fromisoformat(session["ended"]) - datetime.fromisoformat(session["started"])
        for session in read_facts(run)["sessions"]
    ]
    return sum(span.total_seconds() for span in spans) / 60


def learned_from(recipe: Path, run: Path, start: Path | None) -> str:
    """Say what the last training learned from, and by its recipe's name from where it went on."""
    description = str(read_facts(run)["split"]["description"])
    return (
        description
        if start is None
        else f"{description}; started from {TrainConfig.read(FIRST / recipe.name).name}"
    )


def crystals(config: TrainConfig) -> list[SimulatedImage]:
    """Simulate what a recipe trains on, from a seed of its own."""
    assert config.data.source == "simulated"
    assert config.model.pixel_size is not None
    return [
        simulate_image(
            config.data.simulation,
            size=SIDE,
            pixel_size=config.model.pixel_size,
            rng=np.random.default_rng([SEED, index]),
        )
        for index in range(CRYSTALS)
    ]


def dice(model: Path, scenes: list[SimulatedImage], config: TrainConfig) -> float:
    """Return the mean Dice of a model, each image with one permutation of layers."""
    images = [
        ImageStack(scene.image[None], config.model.pixel_size, f"crystal {index}")
        for index, scene in enumerate(scenes)
    ]
    result = result_of(predict(JobControl(), model, images, InferenceConfig()))
    scores = [
        score
        for prediction, scene in zip(result.value, scenes, strict=True)
        for score in score_masks(prediction.masks, scene.labels[None])
    ]
    return mean_scores(scores)["dice"]


if __name__ == "__main__":
    main()
