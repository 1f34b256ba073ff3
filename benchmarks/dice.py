"""Masks and atoms of twisted bilayers that no part of the training's simulator has drawn.

Every image is scored twice: with its true pixel size, and with the nominal 0.106 Å/px, as if its pixel size were
known to 35 % only. Each takes one permutation of layers. Dice, IoU and F1 are means over images and layers, RMSE
is that of all matched pairs together. Masks are scored as the network paints them, and, since the truth is made of
disks, with the same disks drawn at the atoms that were located. The baseline of Dice is the symmetric saddle on
which such trainings get stuck: both decoders paint the atoms of both layers.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.jobs import result_of
from benchmarks.published_recipe import DISK, PIXEL, SIDE, Bilayer, make_bilayers
from napari_strata.evaluate.detection import pooled_scores, score_atoms
from napari_strata.evaluate.segmentation import mean_scores, score_masks
from napari_strata.types import LabelArray

if TYPE_CHECKING:
    import pandas as pd

    from napari_strata.evaluate.detection import AtomScore
    from napari_strata.jobs.locate_atoms import AtomsFound

IMAGES = 100
SEED = 20250218
"""Fixed, so that models compare; no training draws from this recipe."""
TOLERANCE = 0.4
"""Greatest distance of an atom found from the true one [Å]."""
FEW_MINUTES = {"Dice": ">= 0.80"}
"""What a training of minutes should reach, whichever pixel size is told."""
NO_TARGETS: Mapping[str, str] = {}
PAPER = {"Dice": 0.846, "IoU": 0.737}
"""The paper's network on such images."""
TOTAL = "all"
PILOT_F1, PILOT_RMSE = 0.963, 0.135
"""The pilot's, on images of another recipe with pixel sizes known to 30 %."""
DOSES = ((10, 100), (100, 1000), (1000, 10_000))
TWISTS = ((0, 5), (5, 10), (10, 20), (20, 30))


def measure(model: Path, *, images: int = IMAGES) -> Iterator[Figure]:
    """Measure Dice in total, by dose and by twist; and F1 and RMSE of the atoms."""
    bilayers = make_bilayers(images, seed=SEED)
    for known in (True, False):
        found = locate(model, bilayers, known=known)
        name = "dice: " + ("true pixel size" if known else "nominal pixel size")
        masks = [prediction.masks[0] for prediction in found.predictions]
        yield from mask_figures(name, masks, bilayers)
        yield from disk_figures(name, found.table, bilayers)
        yield from atom_figures(name, found.table, bilayers, pilot=not known)


def mask_figures(
    name: str,
    masks: Sequence[LabelArray],
    bilayers: Sequence[Bilayer],
    *,
    targets: Mapping[str, str] = FEW_MINUTES,
) -> Iterator[Figure]:
    """Score masks (layer, y, x) of every image, in total and in each bin; `targets` of the total, by score."""
    device = computing_device()
    scores = [score_masks(found[None], true.labels[None]) for found, true in zip(masks, bilayers, strict=True)]
    saddle = [score_masks(both_layers(true.labels)[None], true.labels[None]) for true in bilayers]
    for part, chosen in bins(bilayers).items():
        means, baseline = (
            mean_scores([score for i in chosen for score in of_image[i]]) for of_image in (scores, saddle)
        )
        for score in ("Dice", "IoU") if part == TOTAL else ("Dice",):
            words = f"{name}: {score}, {part}, {len(chosen)} images"
            target = targets.get(score, "") if part == TOTAL else ""
            beside = {"saddle": baseline[score.lower()]}
            yield Figure(words, means[score.lower()], "", target, beside, device)


def disk_figures(
    name: str, table: "pd.DataFrame", bilayers: Sequence[Bilayer], *, targets: Mapping[str, str] = NO_TARGETS
) -> Iterator[Figure]:
    """Score the disks of the truth, drawn at the atoms that were located, of all images; `targets` by score."""
    drawn = [disks_of(table[table["image"] == _name(i)], bilayer) for i, bilayer in enumerate(bilayers)]
    means = mean_scores(
        [
            score
            for found, true in zip(drawn, bilayers, strict=True)
            for score in score_masks(found[None], true.labels[None])
        ]
    )
    for score, paper in PAPER.items():
        target = targets.get(score, "")
        words = f"{name}: {score} of disks at the atoms, {len(bilayers)} images"
        yield Figure(words, means[score.lower()], "", target, {"paper": paper}, computing_device())


def disks_of(atoms: "pd.DataFrame", bilayer: Bilayer) -> LabelArray:
    """Draw disks of the published radius at located atoms; shape (2, 256, 256), 1 background, 2 atom."""
    labels = np.ones((2, SIDE, SIDE), np.uint8)
    radius = DISK * PIXEL / bilayer.pixel_size
    reach = math.ceil(radius) + 1
    for layer, row, column in atoms[["layer", "y_px", "x_px"]].itertuples(index=False):
        top, left = (max(round(at) - reach, 0) for at in (row, column))
        y, x = np.ogrid[top : round(row) + reach + 1, left : round(column) + reach + 1]
        window = labels[layer, top : round(row) + reach + 1, left : round(column) + reach + 1]
        inside = (y - row) ** 2 + (x - column) ** 2 <= radius**2
        window[inside[: window.shape[0], : window.shape[1]]] = 2
    return labels


def atom_figures(
    name: str,
    table: "pd.DataFrame",
    bilayers: Sequence[Bilayer],
    *,
    pilot: bool,
    targets: Mapping[str, str] = NO_TARGETS,
) -> Iterator[Figure]:
    """Score atoms; `pilot` says whether the pilot's figures were measured alike, `targets` are by score."""
    (f1, rmse), device = atom_scores(table, bilayers), computing_device()
    f1_pilot, rmse_pilot = ({"pilot": PILOT_F1}, {"pilot": PILOT_RMSE}) if pilot else ({}, {})
    yield Figure(f"{name}: atom F1 at {TOLERANCE} Å", f1, "", targets.get("F1", ""), f1_pilot, device)
    yield Figure(f"{name}: atom RMSE", rmse, "Å", targets.get("RMSE", ""), rmse_pilot, device)


def atom_scores(table: "pd.DataFrame", bilayers: Sequence[Bilayer]) -> tuple[float, float]:
    """Return F1, a mean over images and layers, and the RMSE over all pairs [Å]."""
    scores = score_table(table, bilayers)
    defined = [score.counts.f1 for score in scores if not math.isnan(score.counts.f1)]
    return float(np.mean(defined)) if defined else math.nan, pooled_scores(scores)["rmse_A"]


def both_layers(labels: LabelArray) -> LabelArray:
    """Return labels (layer, y, x) in which every layer shows the atoms of all."""
    return np.broadcast_to(labels.max(axis=0), labels.shape)


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


def score_table(found: "pd.DataFrame", bilayers: Sequence[Bilayer]) -> "tuple[AtomScore, ...]":
    """Score the atoms of each image and layer; distances are true Å, whatever pixel size was told."""
    import pandas as pd

    true = [b.atoms.assign(image=_name(i), frame=0, species="C") for i, b in enumerate(bilayers)]
    sizes = {_name(i): b.pixel_size for i, b in enumerate(bilayers)}
    return score_atoms(_in_angstrom(found, sizes), _in_angstrom(pd.concat(true), sizes), TOLERANCE)


def bins(bilayers: Sequence[Bilayer]) -> dict[str, list[int]]:
    """Sort the indices of images by dose and by twist; the first bin holds all."""
    parts = {TOTAL: list(range(len(bilayers)))}
    for low, high in DOSES:
        parts[f"peak of {low} to {high} counts"] = [i for i, b in enumerate(bilayers) if low <= b.peak < high]
    for low, high in TWISTS:
        parts[f"twist of {low} to {high} degrees"] = [i for i, b in enumerate(bilayers) if low <= b.twist < high]
    return parts


def _in_angstrom(table: "pd.DataFrame", sizes: dict[str, float]) -> "pd.DataFrame":
    size = table["image"].map(sizes)
    return table.assign(y_A=table["y_px"] * size, x_A=table["x_px"] * size)


def _name(index: int) -> str:
    return f"bilayer-{index:03d}"
