"""What is left of the maps of bundled models when what they learned is taken away: the check of Adebayo et al.

An atom in the middle of a simulated crystal of each model is explained by a few methods, and again with random
weights. 0 is a map that shows what was learned, 1 one that an edge detector makes as well. Nothing is asked of the
figures: they are printed, whatever they are.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.jobs import result_of
from napari_strata.config import (
    ExplainConfig,
    ExplainMethod,
    JudgeConfig,
    SimulatedData,
    SimulationConfig,
    TrainConfig,
)
from napari_strata.config.judge import Measure
from napari_strata.control import JobControl
from napari_strata.explain.question import Question
from napari_strata.explain.targets import PixelTarget
from napari_strata.jobs.inquiry import Inquiry
from napari_strata.jobs.judge_map import judge_map
from napari_strata.simulate.scene import simulate_image
from napari_strata.types import ImageStack

METHODS: tuple[ExplainMethod, ...] = ("input-gradient", "integrated-gradients", "guided-backprop", "grad-cam")
MEASURES: tuple[Measure, ...] = ("model-randomisation", "label-randomisation")
STEPS = 8
"""Of Integrated Gradients: many more maps are made than looked at."""
JUDGING = JudgeConfig(measures=MEASURES, stages=3, draws=3)
SIDE, PIXEL = 96, 0.2
"""Of the image [px], and of its pixels, which are those of the models [Å]."""
RECIPES = Path(__file__).parents[1] / "recipes" / "bundled"


def measure(methods: tuple[ExplainMethod, ...] = METHODS, *, judging: JudgeConfig = JUDGING) -> Iterator[Figure]:
    """Check every model that is there, method by method."""
    from napari_strata.io.bundled import bundled_models

    for folder in bundled_models():
        image, place = draw_atom(RECIPES / f"{folder.name}.yaml")
        for method in methods:
            yield from of_map(folder, image, place, method, judging)


def draw_atom(recipe: Path) -> tuple[ImageStack, PixelTarget]:
    """Draw a crystal as the model has seen many, and return it with the atom of layer 0 nearest to its middle."""
    data = TrainConfig.read(recipe).data if recipe.is_file() else None
    simulation = data.simulation if isinstance(data, SimulatedData) else SimulationConfig()
    drawn = simulate_image(simulation, size=SIDE, pixel_size=PIXEL, rng=np.random.default_rng(0))
    atoms = drawn.atoms.loc[lambda table: table["layer"] == 0, ["y_px", "x_px"]].to_numpy()
    y, x = atoms[np.hypot(*(atoms - SIDE / 2).T).argmin()]
    return ImageStack(drawn.image[None], PIXEL, "simulated crystal"), PixelTarget(round(y), round(x))


def of_map(
    model: Path, image: ImageStack, place: PixelTarget, method: ExplainMethod, judging: JudgeConfig
) -> Iterator[Figure]:
    """Check one method on one model."""
    config = ExplainConfig(method=method, steps=STEPS)
    job = judge_map(
        JobControl(),
        Inquiry(model, image, Question(place, 0), config),
        judging=judging,
    )
    figures = result_of(job).figures
    name, device = f"randomisation: {model.name}, {method}", computing_device()
    found: dict[str, Any] = figures["measures"]
    left, edges = found["model-randomisation"]["random"], found["model-randomisation"]["edges"]
    compared = {"over all pixels": left["spearman"], "map and edges of the image": edges["spearman"]}
    yield Figure(
        f"{name}: left with random weights, at given distance",
        left["beyond_distance"],
        baseline=compared,
        device=device,
    )
    exchanged = found["label-randomisation"]["likeness"]
    other = None if exchanged is None else exchanged["beyond_distance"]
    yield Figure(f"{name}: left when another class or layer is asked", other, device=device)
    yield Figure(f"{name}: finding", figures["finding"], device=device)
