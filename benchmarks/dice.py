"""Masks and atoms of twisted bilayers that no part of the training's simulator has drawn.

Every image is scored twice: with its true pixel size, and with the nominal 0.106 Å/px, as if its pixel size were
known to 35 % only. Each takes one permutation of layers; scores are means over images and layers.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.jobs import result_of
from benchmarks.published_recipe import PIXEL, Bilayer, make_bilayers

if TYPE_CHECKING:
    import pandas as pd

    from napari_strata.evaluate.detection import AtomScore
    from napari_strata.evaluate.segmentation import MaskScore
    from napari_strata.jobs.locate_atoms import AtomsFound

IMAGES = 100
SEED = 20250218
"""Fixed, so that models compare; no training draws from this recipe."""
TOLERANCE = 0.4
"""Greatest distance of an atom found from the true one [Å]."""
TARGET_DICE = ">= 0.80"
PILOT_F1, PILOT_RMSE = 0.963, 0.135
"""The pilot's, on images of another recipe with pixel sizes known to 30 %."""
DOSES = ((10, 100), (100, 1000), (1000, 10_000))
TWISTS = ((0, 5), (5, 10), (10, 20), (20, 30))


def measure(model: Path, *, images: int = IMAGES) -> Iterator[Figure]:
    """Measure Dice in total, by dose and by twist; and F1 and RMSE of the atoms."""
    bilayers = make_bilayers(images, seed=SEED)
    device = computing_device()
    for known in (True, False):
        yield from _measure(model, bilayers, device, known=known)


def _measure(model: Path, bilayers: Sequence[Bilayer], device: str, *, known: bool) -> Iterator[Figure]:
    from napari_strata.evaluate.detection import pooled_scores
    from napari_strata.evaluate.segmentation import mean_scores

    name = "dice: " + ("pixel size known" if known else "nominal pixel size")
    found = locate(model, bilayers, known=known)
    masks, atoms = score_masks(found, bilayers), score_atoms(found, bilayers)
    total = mean_scores([score for of_image in masks for score in of_image])["dice"]
    yield Figure(f"{name}: Dice", total, "", TARGET_DICE if known else "", device=device)
    for part, chosen in bins(bilayers):
        dice = mean_scores([score for i in chosen for score in masks[i]])["dice"]
        yield Figure(f"{name}: Dice, {part}, {len(chosen)} images", dice, device=device)
    defined = [score.counts.f1 for score in atoms if not math.isnan(score.counts.f1)]
    f1, rmse = (float(np.mean(defined)) if defined else math.nan), pooled_scores(atoms)["rmse_A"]
    pilot_f1, pilot_rmse = ({}, {}) if known else ({"pilot": PILOT_F1}, {"pilot": PILOT_RMSE})
    yield Figure(f"{name}: atom F1 at {TOLERANCE} Å", f1, "", "", pilot_f1, device)
    yield Figure(f"{name}: atom RMSE", rmse, "Å", "", pilot_rmse, device)


def locate(model: Path, bilayers: Sequence[Bilayer], *, known: bool) -> "AtomsFound":
    """Predict masks and locate atoms with the true pixel size or the nominal one."""
    from napari_strata.config import AtomsConfig, InferenceConfig
    from napari_strata.control import JobControl
    from napari_strata.jobs.locate_atoms import AtomsFound, locate_atoms
    from napari_strata.types import ImageStack

    stacks = [
        ImageStack(bilayer.image[None], bilayer.pixel_size if known else PIXEL, _name(index))
        for index, bilayer in enumerate(bilayers)
    ]
    found = result_of(locate_atoms(JobControl(), model, stacks, InferenceConfig(), AtomsConfig())).value
    assert isinstance(found, AtomsFound)
    return found


def score_masks(found: "AtomsFound", bilayers: Sequence[Bilayer]) -> list[tuple["MaskScore", ...]]:
    """Score the masks of each image on its own grid."""
    from napari_strata.evaluate.segmentation import score_masks as score

    return [
        score(prediction.masks, bilayer.labels[None])
        for prediction, bilayer in zip(found.predictions, bilayers, strict=True)
    ]


def score_atoms(found: "AtomsFound", bilayers: Sequence[Bilayer]) -> "tuple[AtomScore, ...]":
    """Score the atoms of each image and layer; distances are true Å, whatever pixel size was told."""
    import pandas as pd

    from napari_strata.evaluate.detection import score_atoms as score

    true = [b.atoms.assign(image=_name(i), frame=0, species="C") for i, b in enumerate(bilayers)]
    sizes = {_name(i): b.pixel_size for i, b in enumerate(bilayers)}
    return score(_in_angstrom(found.table, sizes), _in_angstrom(pd.concat(true), sizes), TOLERANCE)


def bins(bilayers: Sequence[Bilayer]) -> Iterator[tuple[str, list[int]]]:
    """Sort images by dose and by twist."""
    for low, high in DOSES:
        chosen = [i for i, bilayer in enumerate(bilayers) if low <= bilayer.peak <= high]
        yield f"peak of {low} to {high} counts", chosen
    for low, high in TWISTS:
        chosen = [i for i, bilayer in enumerate(bilayers) if low <= bilayer.twist <= high]
        yield f"twist of {low} to {high} degrees", chosen


def _in_angstrom(table: "pd.DataFrame", sizes: dict[str, float]) -> "pd.DataFrame":
    size = table["image"].map(sizes)
    return table.assign(y_A=table["y_px"] * size, x_A=table["x_px"] * size)


def _name(index: int) -> str:
    return f"bilayer-{index:03d}"
