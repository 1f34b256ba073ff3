"""How many of the columns that unet-columns finds are there, in lattices of one column per cell."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.device import computing_device
from benchmarks.figure import Figure
from benchmarks.jobs import result_of

MODEL = "unet-columns"
PIXEL = 0.2
SIDE = 300
CELLS = {"square": ((1.0, 0.0), (0.0, 1.0)), "hexagonal": ((1.0, 0.0), (0.5, 3**0.5 / 2))}
CONSTANTS = (2.0, 2.4, 2.8, 3.2, 3.6, 4.0)
LOOKS = tuple(product((0.45, 0.6), (60, 200)))
"""Standard deviation of peaks [Å], and counts in the brightest pixel."""
ANGLE = 7.0
BACKGROUND = 0.1
TOLERANCE = 0.4
"""Greatest distance of a column found from the true one [Å]."""
MARGIN = 1.0
"""Columns nearer to the border do not count [Å]."""
SURE = 0.9
"""The 'Min probability' that is the remedy."""


def measure() -> Iterator[Figure]:
    """Measure the worst precision and recall over looks of each lattice, and the precision with the remedy."""
    from napari_strata.io.bundled import FOLDER

    if not (FOLDER / MODEL).is_dir():
        yield Figure("columns: skipped", f"there is no {MODEL}")
        return
    for name, constant in product(CELLS, CONSTANTS):
        scores = np.array([_score(name, constant, sigma, counts) for sigma, counts in LOOKS])
        what = f"columns: {name} lattice of {constant:g} Å, one column per cell"
        precision, recall, sure, sure_recall = scores.min(axis=0)
        sured = {f"probability of {SURE:g}": float(sure)}
        yield Figure(f"{what}, least precision", float(precision), "", "", sured, computing_device())
        sured = {f"probability of {SURE:g}": float(sure_recall)}
        yield Figure(f"{what}, least recall", float(recall), "", "", sured, computing_device())


def _score(name: str, constant: float, sigma: float, counts: float) -> tuple[float, float, float, float]:
    """Return precision and recall of all columns found, and of the sure ones."""
    from napari_strata.config import AtomsConfig, InferenceConfig
    from napari_strata.control import JobControl
    from napari_strata.io.bundled import FOLDER
    from napari_strata.jobs.locate_atoms import locate_atoms
    from napari_strata.types import ImageStack

    columns = _lattice(name, constant)
    grid = np.arange(SIDE) * PIXEL
    y, x = (np.exp(-((grid[:, None] - place) ** 2) / (2 * sigma**2)) for place in columns.T)
    image = np.random.default_rng(1).poisson(counts * (y @ x.T + BACKGROUND)).astype(np.float32)
    job = locate_atoms(
        JobControl(), FOLDER / MODEL, [ImageStack(image[None], PIXEL, name)], InferenceConfig(), AtomsConfig()
    )
    table = result_of(job).value.table
    found = table[["y_A", "x_A"]].to_numpy(np.float64)
    sure = found[table["probability"].to_numpy() >= SURE]
    return (*precision_and_recall(found, columns), *precision_and_recall(sure, columns))


def _lattice(name: str, constant: float) -> NDArray[np.float64]:
    """Return the columns (y, x) in and around the image [Å]."""
    turn = np.deg2rad(ANGLE)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    steps = np.arange(-120, 121)
    orders = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    places = orders @ (constant * np.array(CELLS[name]) @ rotation) + SIDE * PIXEL / 2
    return np.asarray(places[((places > -2) & (places < SIDE * PIXEL + 2)).all(axis=1)])


def precision_and_recall(found: NDArray[np.float64], true: NDArray[np.float64]) -> tuple[float, float]:
    """Return which part of the columns found, far from the border, is true, and which of the true is found."""
    from scipy.spatial import KDTree

    inner = [
        places[((places > MARGIN) & (places < SIDE * PIXEL - MARGIN)).all(axis=1)] for places in (found, true)
    ]
    precision = KDTree(true).query(inner[0])[0] < TOLERANCE
    recall = KDTree(found).query(inner[1])[0] < TOLERANCE
    return float(precision.mean()), float(recall.mean())
