"""How well gombnet-tmd tells layers and species of simulated bilayers of each of its crystals."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.jobs import result_of

if TYPE_CHECKING:
    from napari_strata.evaluate.detection import AtomScore

MODEL = "gombnet-tmd"
MATERIALS = ("MoS2", "WS2", "MoSe2", "WSe2")
PIXEL, SIDE = 0.2, 256
IMAGES = 4
SETTINGS = {"classes": "kinds", "twist": (5, 55), "dose": (300, 300), "dose_per": "area"}
"""Counts per Å²; all else as the simulator draws it by default."""
TOLERANCE = 0.4
"""Greatest distance of an atom found from the true one [Å]."""


def measure() -> Iterator[Figure]:
    """Measure F1, RMSE and the part of the species that are right, told by class and with the intensities."""
    from napari_strata.evaluate.detection import pooled_scores
    from napari_strata.io.bundled import FOLDER

    if not (FOLDER / MODEL).is_dir():
        yield Figure("dichalcogenides: skipped", f"there is no {MODEL}")
        return
    device = computing_device()
    for material in MATERIALS:
        scores, with_intensity = scores_of(material), scores_of(material, species="both", refine="image")
        pooled, what = pooled_scores(scores), f"dichalcogenides: bilayers of {material}"
        yield Figure(f"{what}, F1 of atoms in their layer", pooled["f1"], device=device)
        yield Figure(f"{what}, RMSE", pooled["rmse_A"], "Å", device=device)
        baseline = {"by class and by peaks fitted to the image": species_right(with_intensity)}
        yield Figure(f"{what}, species that are right", species_right(scores), "", "", baseline, device)


def species_right(scores: "list[AtomScore]") -> float:
    """Return the part of the atoms found that bear the right species."""
    right = sum(counts.hits for score in scores for counts in score.species.values())
    return right / sum(score.counts.hits for score in scores)


def scores_of(material: str, *, images: int = IMAGES, **atoms: Any) -> "list[AtomScore]":
    """Locate the atoms of simulated bilayers, with settings `AtomsConfig`, and compare them with the truth."""
    from napari_strata.config import AtomsConfig, InferenceConfig, SimulationConfig
    from napari_strata.control import JobControl
    from napari_strata.evaluate.detection import score_atoms
    from napari_strata.io.bundled import FOLDER
    from napari_strata.jobs.locate_atoms import locate_atoms
    from napari_strata.simulate.scene import simulate_image
    from napari_strata.types import ImageStack

    config = SimulationConfig.parse(SETTINGS | {"material": material})
    scores: list[AtomScore] = []
    for number in range(images):
        scene = simulate_image(config, size=SIDE, pixel_size=PIXEL, rng=np.random.default_rng([5, number]))
        stack = ImageStack(scene.image[None], PIXEL, material)
        job = locate_atoms(JobControl(), FOLDER / MODEL, [stack], InferenceConfig(), AtomsConfig(**atoms))
        truth = scene.atoms.assign(image=material, frame=0)
        scores += score_atoms(result_of(job).value.table, truth, TOLERANCE)
    return scores
