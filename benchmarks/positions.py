"""How far found atoms are from the truth, beside how far they must be.

A square lattice of spacing 10 px, Gaussians of 2 px sampled at the centres of pixels, Poisson counts without
background, at ten places between the pixels. Everything is measured end to end: atoms are local maxima of the
image, moved to the centroid, and fitted together with the noise's scale unknown.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from benchmarks.figure import Figure
from benchmarks.fisher_bound import isolated_bound, lattice_bound, position_bound
from benchmarks.memory import peak_memory
from napari_strata.atoms.fit.fit import fit_peaks
from napari_strata.atoms.fit.fitted import FittedPeaks
from napari_strata.atoms.peaks import find_peaks
from napari_strata.atoms.refine import refine_positions

Floats = NDArray[np.float64]

SPACING, SIGMA = 10.0, 2.0
AMPLITUDES = (20, 200)
"""Counts in the brightest pixel."""
IMAGES, SIDE = 10, 33
"""Images, and atoms along each side of one."""
SEED = 7
OTHERS = {20: {"AtomAI": 0.68, "pyTEMlib": 0.63, "Atomap": 0.21}, 200: {"Atomap": 0.073}}
"""What other programs reach on this lattice, measured before this one was written [px]."""
SMOOTHING = 1.5
"""Width of the Gaussian that makes one maximum of a peak's counts [px]."""
RADIUS = 4.0
"""Radius of the centroid [px]."""
FAR = 3.0
"""Distance from the truth beyond which a found atom is none [px]."""
NEAR = 0.4
"""Distance within which two atoms of a bilayer all but coincide [Å]."""
LARGE = (100, 317)
"""Atoms along each side of the images on which time and memory are taken: 10,000 and 100,489 atoms."""


def measure() -> Iterator[Figure]:
    """Measure errors, their uncertainties, time and memory."""
    for amplitude in AMPLITUDES:
        yield from _errors(amplitude)
    yield from _bilayer()
    for side in LARGE:
        yield from _cost(side)


def make_lattice(side: int, amplitude: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the counts (y, x) of a lattice at a random place between the pixels, and its atoms (atom, 2) [px]."""
    row = (np.arange(side) + 1) * SPACING
    shift = rng.uniform(-0.5, 0.5, 2)
    pixels = np.arange(int((side + 1) * SPACING))
    along = [np.exp(-((pixels[:, None] - row - s) ** 2) / (2 * SIGMA**2)).sum(axis=1) for s in shift]
    atoms = np.stack(np.meshgrid(*(row + s for s in shift), indexing="ij"), axis=-1).reshape(-1, 2)
    return rng.poisson(amplitude * np.outer(*along)).astype(np.float64), atoms


def detect(counts: Floats) -> Floats:
    """Find local maxima and move them to their centroids, shape (atom, 2) [px]."""
    smooth = ndimage.gaussian_filter(counts, SMOOTHING).astype(np.float32)
    smooth /= np.quantile(smooth, 0.995)
    peaks = find_peaks(smooth, min_distance=0.6 * SPACING, min_probability=0.4, pixel_size=1)
    return refine_positions(counts.astype(np.float32), peaks, radius=RADIUS)


def fit(counts: Floats, start: Floats) -> FittedPeaks:
    """Fit all atoms together; their width and the scale of the noise are not known."""
    return fit_peaks(counts, start, width_px=0.85 * SIGMA)


def errors(found: Floats, true: Floats) -> tuple[Floats, NDArray[np.intp], int, int]:
    """Match found atoms to true ones, each the nearest of the other.

    Returns
    -------
    errors : ndarray, shape (pair, 2)
        Found minus true [px].
    index : ndarray of int, shape (pair,)
        Of the found atoms.
    missed, false : int
        True atoms without a found one, and the other way round.
    """
    distance, nearest = KDTree(true).query(found)
    back = KDTree(found).query(true)[1]
    index = np.flatnonzero((distance < FAR) & (back[nearest] == np.arange(len(found))))
    return found[index] - true[nearest[index]], index, len(true) - len(index), len(found) - len(index)


def _errors(amplitude: int) -> Iterator[Figure]:
    rng = np.random.default_rng(SEED)
    off, centroid_off, sigmas, missed, false, failed = [], [], [], 0, 0, 0
    for _ in range(IMAGES):
        counts, true = make_lattice(SIDE, amplitude, rng)
        start = detect(counts)
        fitted = fit(counts, start)
        error, index, missed_here, false_here = errors(fitted.positions, true)
        off.append(error)
        sigmas.append(fitted.sigma[index])
        centroid_off.append(errors(start, true)[0])
        missed, false = missed + missed_here, false + false_here
        failed += int(fitted.failed.sum())
    error, sigma = np.concatenate(off), np.concatenate(sigmas)
    name, bound = f"positions: {amplitude} counts", lattice_bound(SPACING, amplitude, SIGMA)
    beside = {
        "bound": bound,
        "bound of an isolated atom": isolated_bound(amplitude, SIGMA),
        "centroid": _rms(np.concatenate(centroid_off)),
        **OTHERS[amplitude],
    }
    yield Figure(f"{name}: RMSE in 2D", _rms(error), "px", f"<= {1.25 * bound:.4f}", beside)
    yield Figure(f"{name}: RMSE by the joint bound", _rms(error) / bound, "", "<= 1.25")
    bias = float(np.linalg.norm(error.mean(axis=0)))
    yield Figure(f"{name}: bias", bias, "px", "< 0.01", {"standard error": _rms(error) / len(error) ** 0.5})
    per_image = float(max(np.linalg.norm(one.mean(axis=0)) for one in off))
    yield Figure(f"{name}: largest bias of {IMAGES} places between pixels", per_image, "px")
    known = np.isfinite(sigma).all(axis=1)
    ratio = float(np.sqrt((sigma[known] ** 2).mean() / (error[known] ** 2).mean()))
    yield Figure(f"{name}: reported by empirical standard error", ratio, "", "0.85 to 1.15")
    inside = float((np.abs(error[known]) < sigma[known]).mean())
    yield Figure(f"{name}: coordinates within one sigma", inside, "", "", {"normal": 0.6827})
    counts_of = {"missed": missed, "false": false, "failed fits": failed}
    for words, count in counts_of.items():
        yield Figure(f"{name}: {words}", count, "", "", {"atoms": IMAGES * SIDE**2})


def _bilayer() -> Iterator[Figure]:
    """Twisted bilayer graphene, both layers fitted on the raw image, from starts as a network gives them."""
    rng = np.random.default_rng(SEED)
    pixel, width, amplitude, level, start_error = 0.106, 0.38, 40.0, 5.0, 0.1
    true = _graphene_bilayer(30.0, twist=28.9) / pixel
    pixels = np.arange(int(30.0 / pixel))
    along = [np.exp(-((pixels[:, None] - true[:, i]) ** 2) / (2 * (width / pixel) ** 2)) for i in (0, 1)]
    counts = rng.poisson(amplitude * along[0] @ along[1].T + level).astype(np.float64)
    start = true + rng.normal(0, start_error / pixel, true.shape)
    fitted = fit_peaks(counts, start, width_px=0.4 / pixel, prior_px=0.06 / pixel)
    middle = np.linalg.norm(true - true.mean(axis=0), axis=1) < 4.0 / pixel
    patch = np.linalg.norm(true - true.mean(axis=0), axis=1) < 7.0 / pixel
    bound = position_bound(true[patch], amplitude, width / pixel, level=level)[middle[patch]] * pixel
    error = (fitted.positions - true) * pixel
    clear = ~fitted.failed & ~fitted.crowded
    name = "positions: bilayer graphene at 40 counts"
    start_rms = {"start": _rms((start - true) * pixel)}
    yield Figure(f"{name}: RMSE in 2D", _rms(error), "Å", "", start_rms)
    yield Figure(f"{name}: RMSE of atoms that are not crowded", _rms(error[clear]), "Å", "", start_rms)
    yield Figure(f"{name}: crowded", float(fitted.crowded.mean()), "", "", {"failed": float(fitted.failed.mean())})
    reported = np.linalg.norm(fitted.sigma, axis=1) * pixel
    median = float(np.median(reported[middle & clear]))
    beside = {"median bound": float(np.median(bound[clear[middle]]))}
    yield Figure(f"{name}: median sigma in 2D of atoms that are not crowded", median, "Å", "", beside)
    spread = (fitted.prior_px or 0.0) * pixel
    yield Figure(f"{name}: measured spread of the starts", spread, "Å", "", {"true": start_error})
    nearest = KDTree(true).query(true, k=2)[0][:, 1] * pixel
    for words, chosen in (("beyond", nearest >= NEAR), ("within", nearest < NEAR)):
        pull = float(np.sqrt(np.nanmean((error[chosen] / (fitted.sigma[chosen] * pixel)) ** 2)))
        others = {"part of all atoms": float(chosen.mean())}
        full = f"{name}: empirical by reported standard error, next atom {words} {NEAR} Å"
        yield Figure(full, pull, "", "", others)


def _graphene_bilayer(extent: float, *, twist: float) -> Floats:
    """Return the atoms (atom, 2) of both layers in a square field, half a bond from its border at least [Å]."""
    cells = np.arange(-int(extent), int(extent) + 1)
    basis = np.array([[2.46, 0.0], [1.23, 1.23 * 3**0.5]])
    corners = np.stack(np.meshgrid(cells, cells, indexing="ij"), axis=-1).reshape(-1, 2) @ basis
    atoms = np.concatenate([corners, corners + np.array([0, 1.42])])
    layers = []
    for angle in (np.deg2rad(7.0), np.deg2rad(7.0 + twist)):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        turned = atoms @ turn.T + extent / 2
        layers.append(turned[((turned > 0.7) & (turned < extent - 0.7)).all(axis=1)])
    return np.concatenate(layers)


def _cost(side: int) -> Iterator[Figure]:
    """Time and memory end to end, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.positions", str(side)]
    answer = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    )
    atoms, large = answer["atoms"], side == LARGE[-1]
    name = f"positions: {atoms} atoms end to end"
    beside = {"detection": answer["detection"], "processor time": answer["processor"]}
    yield Figure(f"{name}: time", answer["seconds"], "s", "<= 40" if large else "<= 3", beside)
    yield Figure(f"{name}: time per atom", 1e3 * answer["seconds"] / atoms, "ms", "" if large else "<= 0.3")
    if large:
        yield Figure(f"{name}: most memory", answer["memory"], "MB", "<= 2000")


def _run_once(side: int) -> dict[str, float]:
    counts, _true = make_lattice(side, AMPLITUDES[0], np.random.default_rng(SEED))
    fit(counts[:200, :200], detect(counts[:200, :200]))  # what is loaded and built once
    begin, processor = time.perf_counter(), time.process_time()
    start = detect(counts)
    detection = time.perf_counter() - begin
    fit(counts, start)
    return {
        "atoms": len(start),
        "seconds": time.perf_counter() - begin,
        "processor": time.process_time() - processor,
        "detection": detection,
        "memory": peak_memory(),
    }


def _rms(error: Floats) -> float:
    return float(np.sqrt((error**2).sum(axis=1).mean()))


if __name__ == "__main__":
    print(json.dumps(_run_once(int(sys.argv[1]))))
