"""How well heatmaps agree with covering squares of 1 Å one by one, which shows directly what a score depends on.

All of it happens on the network's grid, in the window on which an atom's score depends; the atoms lie so far
inside the image that their windows do, too. Every figure is a mean over atoms. A heatmap that is 0 everywhere has
neither correlation nor share: that atom does not count for it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from captum.attr import LayerAttribution, LayerGradCam
from numpy.typing import NDArray
from scipy import ndimage

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.jobs import result_of
from napari_strata.config import AtomsConfig, ExplainConfig, ExplainMethod, InferenceConfig, SimulationConfig
from napari_strata.control import JobControl
from napari_strata.data.grid import to_network_grid
from napari_strata.explain.explainer import explain
from napari_strata.explain.prepare import prepare
from napari_strata.explain.question import Question
from napari_strata.explain.score import TargetScore
from napari_strata.explain.targets import AtomTarget
from napari_strata.explain.undisturbed import undisturbed
from napari_strata.io.calibration import require
from napari_strata.io.images import read_image
from napari_strata.jobs.locate_atoms import AtomsFound, locate_atoms
from napari_strata.models.device import resolve_device
from napari_strata.models.network import Network
from napari_strata.models.registry import LoadedModel, load_network
from napari_strata.simulate.scene import simulate_image
from napari_strata.types import AnyArray, ImageStack

ATOMS = 6
SQUARE, SURROUNDINGS = 1.0, 3.0
"""Side of what is covered, and of the square around it whose mean covers it [Å]."""
NEAR = 2.0
"""Radius around the atom within which a heatmap's share is told [Å]."""
RADIUS = ExplainConfig().target_radius
BATCH = 16
COMPARED: tuple[ExplainMethod, ...] = ("input-gradient", "grad-cam")
"""The methods that are compared with covering."""
Map = NDArray[np.float64]


def measure(model: Path, *, image: Path, atoms: int = ATOMS) -> Iterator[Figure]:
    """Compare heatmaps with covering for some atoms of an image, or of a simulated one where there is none."""
    loaded, device = load_network(model, resolve_device("auto")), computing_device()
    stack = read_on_grid(image, loaded.card.model.pixel_size)
    found = result_of(locate_atoms(JobControl(), model, [stack], InferenceConfig(), AtomsConfig())).value
    assert isinstance(found, AtomsFound)
    chosen = choose_atoms(found.table, loaded.network, stack, atoms)
    if not chosen:
        yield Figure("occlusion: skipped", f"no atom lies far enough inside {stack.name}", device=device)
        return
    scores = pd.concat([compare(loaded, stack, found.table, *atom) for atom in chosen], ignore_index=True)
    for name, of_atoms in scores.groupby("heatmap", sort=False):
        defined = of_atoms.drop(columns="heatmap").dropna()
        words, mean = f"occlusion: {name}, {len(defined)} atoms of {stack.name}", defined.mean()
        yield Figure(f"{words}: correlation with covering", float(mean["correlation"]), device=device)
        baseline = {"covering": float(mean["covering"]), "flat map": float(mean["flat"])}
        yield Figure(f"{words}: share within {NEAR:g} Å", float(mean["share"]), "", "", baseline, device)


def read_on_grid(image: Path, pixel_size: float | None) -> ImageStack:
    """Read an image, or simulate one where there is none, and resample it to the network's pixel size."""
    if image.is_file():
        stack = read_image(image).stack
    else:
        drawn = simulate_image(SimulationConfig(), size=512, pixel_size=0.1, rng=np.random.default_rng(0))
        stack = ImageStack(drawn.image[None], 0.1, "a simulated bilayer")
    pixel_size = pixel_size or require(stack.pixel_size, name=stack.name)
    return ImageStack(to_network_grid(stack.data[0], stack.pixel_size, pixel_size)[None], pixel_size, stack.name)


def choose_atoms(
    table: pd.DataFrame, network: Network, stack: ImageStack, atoms: int
) -> list[tuple[int, AtomTarget]]:
    """Choose atoms whose windows lie inside the image, at random, as many of each layer."""
    margin = network.receptive_field + network.stride + 2 * RADIUS / require(stack.pixel_size, name=stack.name)
    positions, last = table[["y_px", "x_px"]], np.array(stack.data.shape[1:]) - 1
    inside = table[((positions >= margin) & (positions <= last - margin)).all(axis=1)]
    chosen = inside.sample(frac=1, random_state=0).groupby("layer").head(-(-atoms // network.layers))
    return [(int(a.layer), AtomTarget(a.y_px, a.x_px, RADIUS)) for a in chosen.itertuples()]


def compare(
    loaded: LoadedModel, stack: ImageStack, table: pd.DataFrame, layer: int, target: AtomTarget
) -> pd.DataFrame:
    """Return the correlation of each heatmap with covering, and its share near the atom beside those of others."""
    step = require(stack.pixel_size, name=stack.name)
    maps: dict[str, AnyArray] = {}
    for method in COMPARED:
        prepared = prepare(loaded, stack, Question(target, layer), ExplainConfig(method=method), atoms=table)
        *_, heatmap = explain(prepared)
        maps[method] = prepared.view.cut(heatmap.data).cpu().numpy()
    score, part = prepared.score, prepared.view.inputs[0, 0]
    maps |= unmasked_grad_cams(score, part[None, None])
    side = round(SQUARE / step)
    change = cover(score, part, side=side, around=round(SURROUNDINGS / step))
    y, x = np.indices(stack.data.shape[1:])
    distance = prepared.view.cut(step * np.hypot(y - target.y, x - target.x)).cpu().numpy()
    shares = {
        "covering": share_near(change, block_means(distance, side)),
        "flat": share_near(np.ones_like(distance), distance),
    }
    return pd.DataFrame(
        {"heatmap": name, **agreement(map_, change, distance, side), **shares} for name, map_ in maps.items()
    )


def agreement(map_: AnyArray, change: Map, distance: Map, side: int) -> dict[str, float]:
    """Return a heatmap's correlation with covering and its share near the atom; NaN where it is 0 everywhere."""
    if not map_.any():
        return {"correlation": np.nan, "share": np.nan}
    correlation = np.corrcoef(block_means(map_, side).flat, change.flat)[0, 1]
    return {"correlation": float(correlation), "share": share_near(map_, distance)}


def unmasked_grad_cams(score: TargetScore, image: torch.Tensor) -> dict[str, AnyArray]:
    """Return Grad-CAM as published, without the mask of features that contribute, of three blocks."""
    network, decoder = score.network, score.decoders[0]
    encoder: Any = network.encoder
    blocks = {
        "same block": network.coarsest(decoder).block,
        "bottleneck": encoder.blocks[-1],
        "finest block": network.decoder_block(decoder),
    }
    maps = {}
    with undisturbed(score):
        for name, block in blocks.items():
            cam = LayerGradCam(score, block).attribute(image.clone().requires_grad_(), relu_attributions=True)
            enlarged = LayerAttribution.interpolate(cam, image.shape[-2:], interpolate_mode="bilinear")
            maps[f"grad-cam without R, {name}"] = enlarged[0, 0].detach().cpu().numpy()
    return maps


def cover(score: Callable[[torch.Tensor], torch.Tensor], image: torch.Tensor, *, side: int, around: int) -> Map:
    """Return how much a score changes when squares of an image are covered with the mean of their surroundings.

    Parameters
    ----------
    score : callable
        From images (batch, 1, y, x) to scores (batch,).
    image : Tensor, shape (y, x)
        The image.
    side : int
        Side of a square [px]; they lie side by side.
    around : int
        Side of the larger square around it [px], of which it is no part.

    Returns
    -------
    ndarray of float64, shape (y // side, x // side)
        Magnitudes, at least 0.
    """
    pixels = image.cpu().numpy().astype(np.float64)
    sums = {length: length**2 * ndimage.uniform_filter(pixels, length) for length in (side, around)}
    means = (sums[around] - sums[side]) / (around**2 - side**2)
    rows, columns = (length // side for length in image.shape)
    covered = image.repeat(rows * columns, 1, 1, 1)
    for index, (y, x) in enumerate(np.ndindex(rows, columns)):
        square = slice(y * side, (y + 1) * side), slice(x * side, (x + 1) * side)
        covered[index, 0][square] = means[y * side + side // 2, x * side + side // 2]
    with torch.no_grad():
        scores = torch.cat([score(batch) for batch in torch.split(covered, BATCH)])
        change = (scores - score(image[None, None])).abs()
    return change.double().cpu().numpy().reshape(rows, columns)


def block_means(map_: AnyArray, side: int) -> Map:
    """Return the mean of a map (y, x) in each square, shape (y // side, x // side)."""
    rows, columns = (length // side for length in map_.shape)
    cut = np.asarray(map_[: rows * side, : columns * side], np.float64)
    means: Map = cut.reshape(rows, side, columns, side).mean(axis=(1, 3))
    return means


def share_near(map_: AnyArray, distance: Map) -> float:
    """Return which part of a map lies within `NEAR` of the atom."""
    return float(map_[distance <= NEAR].sum() / map_.sum())
