"""Whether uncertainties are honest: how far results are from the truth, by the standard errors that are reported.

Lattices of Fourier transforms: a square, a hexagonal and twisted lattices of graphene, as Poisson counts, with
atoms in their places and displaced at random. Positions: twisted bilayers of graphene, located by the bundled
network and fitted to the raw image.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from benchmarks.figure import Figure
from benchmarks.jobs import result_of

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_strata.lattice.cells import Family

Floats = NDArray[np.float64]

PIXEL, SIDE, PEAK = 0.12, 320, 60.0
"""Pixel size [Å], pixels along a side, and counts in a peak's middle."""
SEEDS = 24
HONEYCOMB = ((1 / 3, 2 / 3), (2 / 3, 1 / 3))
CRYSTALS = {
    "square": (2.8, 90.0, ((0.0, 0.0),), 0.45),
    "hexagonal": (2.5, 120.0, ((0.0, 0.0),), 0.45),
    "twisted graphene": (2.46, 120.0, HONEYCOMB, 0.4),
}
"""a [Å], gamma [degrees], sites and width of the peaks [Å]."""
TWISTS = (5.0, 9.0, 13.0, 17.0, 21.8, 28.0)
DISPLACEMENTS = (0.04, 0.0)
"""Standard deviations along each axis [Å]."""
IMAGES = ((5.0, 60, 0.4), (9.0, 20, 0.45), (13.0, 60, 0.4), (17.0, 200, 0.5), (21.8, 20, 0.45), (28.0, 60, 0.4))
"""Twist [degrees], counts and width [Å] of bilayers whose atoms are located; displacements are 0.03 Å."""
FAR = 0.4
"""Distance beyond which a located atom is none of the truth [Å]."""


def measure(model: Path) -> Iterator[Figure]:
    """Measure lattices of Fourier transforms, and positions with a model."""
    for crystal in CRYSTALS:
        for displacement in DISPLACEMENTS:
            yield from fourier(crystal, displacement, range(SEEDS))
    if not model.exists():
        yield Figure("uncertainties of positions: skipped", "there is no model; name it with --model")
        return
    ratios = []
    for seed, (twist, peak, width) in enumerate(IMAGES):
        error, sigma = _located(model, twist, peak, width, seed)
        ratios.append(_ratio(error, sigma))
        name = f"uncertainties: positions, {twist:g} degrees, {peak} counts: empirical by reported standard error"
        yield Figure(name, ratios[-1], "", "", {"median sigma [Å]": float(np.median(sigma))})
    mean = float(np.mean(ratios))
    yield Figure(
        "uncertainties: positions: mean of empirical by reported standard error", mean, "", "0.85 to 1.15"
    )


def fourier(crystal: str, displacement: float, seeds: range) -> Iterator[Figure]:
    """Compare a and b of lattices of Fourier transforms with the truth."""
    from napari_strata.lattice.fourier import fourier_frame

    constant = CRYSTALS[crystal][0]
    error, sigma, ratio = list[float](), list[float](), list[float]()
    for seed in seeds:
        counts, _, vectors = make_image(crystal, displacement, TWISTS[seed % len(TWISTS)], seed)
        for lattice in fourier_frame(counts, PIXEL, vectors, _family(crystal)).lattices:
            if lattice is not None:
                lengths = (lattice.parameters.a, lattice.parameters.b)
                error += [length.value - constant for length in lengths]
                sigma += [length.sigma for length in lengths]
                ratio.append(lattice.variance_ratio)
    name = f"uncertainties: Fourier transform, {crystal}, displaced by {displacement} Å"
    beside = {"white noise": _ratio(np.array(error), np.array(sigma) / np.repeat(ratio, 2) ** 0.5)}
    full = f"{name}: empirical by reported standard error of a and b"
    yield Figure(full, _ratio(np.array(error), np.array(sigma)), "", "0.85 to 1.25", beside)
    yield Figure(f"{name}: lattices", len(ratio), "", "", {"images": len(seeds)})


def make_image(
    crystal: str, displacement: float, twist: float, seed: int, *, peak: float = PEAK, width: float | None = None
) -> tuple[Floats, list[Floats], list[Floats]]:
    """Make an image of one lattice, or of two of graphene.

    Returns
    -------
    counts : ndarray, shape (y, x)
        Poisson counts.
    atoms : list of ndarray, each of shape (atom, 2)
        Positions in each layer, some beyond the border [Å].
    vectors : list of ndarray, each of shape (2, 2)
        a and b of each layer as rows (y, x) [Å].
    """
    rng = np.random.default_rng(seed)
    constant, gamma, sites, wide = CRYSTALS[crystal]
    wide, extent, angle = width or wide, SIDE * PIXEL, 5.0 + 7.0 * seed
    angles = [angle, angle + twist] if len(sites) > 1 else [angle]
    vectors = [constant * _cell(gamma, turn) for turn in angles]
    reach = np.arange(-int(extent / constant) - 5, int(extent / constant) + 6)
    cells = np.stack(np.meshgrid(reach, reach, indexing="ij"), axis=-1).reshape(-1, 1, 2) + np.array(sites)
    atoms, grid, mean = [], np.arange(SIDE) * PIXEL, np.full((SIDE, SIDE), 0.2 * peak)
    for one in vectors:
        places = cells.reshape(-1, 2) @ one + extent / 2 + rng.uniform(0, constant, 2)
        places = places[((places > -3) & (places < extent + 3)).all(axis=1)]
        places += rng.normal(0, displacement, places.shape)
        y, x = (np.exp(-((grid[:, None] - along) ** 2) / (2 * wide**2)) for along in places.T)
        mean += peak * y @ x.T
        atoms.append(places)
    return rng.poisson(mean).astype(np.float64), atoms, vectors


def _located(model: Path, twist: float, peak: float, width: float, seed: int) -> tuple[Floats, Floats]:
    """Return errors and uncertainties (atom, 2) of positions that are fitted to an image [Å]."""
    from napari_strata.config import AtomsConfig, InferenceConfig
    from napari_strata.control import JobControl
    from napari_strata.jobs.locate_atoms import locate_atoms
    from napari_strata.types import ImageStack

    counts, atoms, _ = make_image("twisted graphene", 0.03, twist, seed, peak=peak, width=width)
    stack = ImageStack(counts.astype(np.float32)[None], PIXEL, "bilayer")
    job = locate_atoms(JobControl(), model, [stack], InferenceConfig(), AtomsConfig(refine="image"))
    table = result_of(job).value.table
    table = table[table["sigma_y"].notna() & ~table["flag"].str.contains("border")]
    matched = [_errors(table, order) for order in (atoms, atoms[::-1])]
    return max(matched, key=lambda both: len(both[0]))


def _errors(table: "DataFrame", atoms: list[Floats]) -> tuple[Floats, Floats]:
    """Match the atoms of each layer with those of the truth."""
    errors, sigmas = [], []
    for layer, true in enumerate(atoms):
        rows = table[table["layer"] == layer]
        found = rows[["y_A", "x_A"]].to_numpy()
        distance, nearest = KDTree(true).query(found)
        errors.append((found - true[nearest])[distance < FAR])
        sigmas.append(rows[["sigma_y", "sigma_x"]].to_numpy()[distance < FAR])
    return np.concatenate(errors), np.concatenate(sigmas)


def _cell(gamma: float, angle: float) -> Floats:
    turns = np.deg2rad([angle, angle + gamma])
    return np.stack([np.sin(turns), np.cos(turns)], axis=1)


def _family(crystal: str) -> "Family":
    return "square" if crystal == "square" else "hexagonal"


def _ratio(error: Floats, sigma: Floats) -> float:
    return float(np.sqrt((error**2).mean() / (sigma**2).mean()))
