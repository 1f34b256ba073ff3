"""Twisted bilayers of graphene after the recipe that was published with Gomb-Net (arXiv:2502.09791).

None of this is taken from the package: what a network is trained on and what it is scored on must not share a
mistake. Every image is drawn on a grid of 0.106 Å/px, cropped to a side between 166 and 346 px, and resized to
256 px, so that its pixel size is 0.106 Å within 35 %.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage, signal, special

PIXEL = 0.106
"""Pixel size of the grid on which images are drawn [Å/px]; nominal pixel size of the resized images."""
SIDE = 256
"""Side of the resized images [px]."""
LATTICE = 2.46
"""Lattice constant of graphene [Å]."""
VACANCIES = 10 / 6400
DISK = 5.0
"""Radius of the disk that labels an atom [px of the drawing grid]."""
KERNEL = 32
"""Half side of the probe's kernel, 65 x 65 px."""
MARGIN = 64
"""Drawn around every crop, so that what lies outside shines in [px]."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bilayer:
    """An image and its truth.

    Attributes
    ----------
    image : ndarray of float32, shape (256, 256)
        Counts relative to the peak.
    labels : ndarray of uint8, shape (2, 256, 256)
        1 background, 2 atom, for each layer.
    atoms : DataFrame
        layer, y_px, x_px of every atom in the image, to sub-pixel precision.
    pixel_size : float
        True pixel size [Å/px].
    noise : float
        n, from 0.6 to 0.9 if it is the recipe's own: the brightest pixel expects 10^(10 (1 - n)) counts.
    twist : float
        Angle between the layers modulo 60 degrees, folded to 0 to 30 [degrees].
    """

    image: NDArray[np.float32]
    labels: NDArray[np.uint8]
    atoms: pd.DataFrame
    pixel_size: float
    noise: float
    twist: float

    @property
    def peak(self) -> float:
        """Expected counts in the brightest pixel of the drawing grid."""
        return float(10 ** (10 * (1 - self.noise)))


def make_bilayers(count: int, *, seed: int) -> tuple[Bilayer, ...]:
    """Make images; image i depends on `seed` and i alone."""
    return tuple(make_bilayer(np.random.default_rng([seed, index])) for index in range(count))


def make_bilayer(rng: np.random.Generator, *, twist: float | None = None, dose: float | None = None) -> Bilayer:
    """Make one image; by default with the recipe's own random twist and noise.

    Parameters
    ----------
    twist : float, optional
        Angle between the layers [degrees].
    dose : float, optional
        Mean counts per Å².
    """
    spread = rng.uniform(0.2, 0.35)
    side = round(rng.uniform(SIDE * (1 - spread), SIDE * (1 + spread)))
    angles = rng.uniform(0, 360, 2)
    displacement = rng.uniform(0.02, 0.1)
    sigma = 1 / rng.normal(0.175, 0.01)
    noise = rng.uniform(0.6, 0.9)
    if twist is not None:
        angles[1] = angles[0] + twist
    layers = [graphene(side, angle, displacement, rng) for angle in angles]
    drawn = np.sum([draw(positions, side, sigma) for positions in layers], axis=0)
    blurred = blur(drawn)
    if dose is not None:
        noise = 1 - math.log10(dose * PIXEL**2 / blurred.mean()) / 10
    counted = count_electrons(blurred, 10 ** (10 * (1 - noise)), rng)
    masks = np.stack([disks(positions, side) for positions in layers])
    return Bilayer(
        image=resize(counted),
        labels=resize_nearest(masks),
        atoms=truth(layers, side),
        pixel_size=PIXEL * side / SIDE,
        noise=noise,
        twist=fold(angles[0] - angles[1]),
    )


def graphene(side: int, angle: float, displacement: float, rng: np.random.Generator) -> Array:
    """Return the atoms (y, x) [px] of a layer that covers a crop of `side` and its margin.

    The origin is random; atoms are displaced by `displacement` [Å] per axis, and 10 of 6400 are missing.
    """
    reach = (side + 2 * MARGIN) * PIXEL / np.sqrt(2) + LATTICE
    steps = np.arange(-int(reach / LATTICE * 1.2) - 1, int(reach / LATTICE * 1.2) + 2)
    first, second = LATTICE * np.array([1.0, 0.0]), LATTICE * np.array([0.5, np.sqrt(3) / 2])
    cells = (steps[:, None, None] * first + steps[None, :, None] * second).reshape(-1, 2)
    crystal = np.concatenate([cells, cells + (first + second) / 3]) - rng.uniform(0, 1, 2) @ np.array(
        [first, second]
    )
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    positions = crystal @ np.array([[cos, -sin], [sin, cos]])
    positions += rng.normal(0, displacement, positions.shape)
    positions = positions[rng.uniform(size=len(positions)) >= VACANCIES] / PIXEL + (side - 1) / 2
    near: Array = positions[((positions > -MARGIN) & (positions < side - 1 + MARGIN)).all(axis=1)]
    return near


def draw(positions: Array, side: int, sigma: float) -> Array:
    """Draw Gaussians of width `sigma` [px] and normalise to a maximum of 1; shape side + 2 MARGIN, squared."""
    pixels = np.arange(-MARGIN, side + MARGIN)
    rows, columns = (np.exp(-((pixels - axis[:, None]) ** 2) / (2 * sigma**2)) for axis in positions.T)
    drawn: Array = rows.T @ columns
    drawn /= drawn.max()
    return drawn


def probe() -> Array:
    """Return (2 J1(r) / r)^2 on 65 x 65 px, r in px; 1 at its centre."""
    steps = np.arange(-KERNEL, KERNEL + 1)
    radius = np.hypot(steps[:, None], steps[None, :])
    radius[KERNEL, KERNEL] = 1e-9
    kernel: Array = (2 * special.j1(radius) / radius) ** 2
    return kernel


def blur(drawn: Array) -> Array:
    """Blur with the probe, cut off the margin, and normalise to a maximum of 1."""
    blurred = signal.fftconvolve(drawn, probe(), mode="same")[MARGIN:-MARGIN, MARGIN:-MARGIN]
    clipped: Array = np.clip(blurred / blurred.max(), 0, None)
    return clipped


def count_electrons(blurred: Array, peak: float, rng: np.random.Generator) -> Array:
    """Count `peak` electrons in the brightest pixel, relative to them."""
    counted: Array = rng.poisson(blurred * peak) / peak
    return counted


def disks(positions: Array, side: int) -> NDArray[np.uint8]:
    """Label the pixels within `DISK` of an atom 2, the others 1."""
    labels = np.ones((side + 2 * MARGIN,) * 2, np.uint8)
    offsets = np.arange(-int(DISK) - 1, int(DISK) + 2)
    nearest = np.rint(positions).astype(int)
    inside = (np.abs(positions - (side - 1) / 2) < side / 2 + 2 * DISK).all(axis=1)
    positions, nearest = positions[inside], nearest[inside]
    rows, columns = (nearest[:, [axis]] + offsets for axis in (0, 1))
    squares = (rows - positions[:, [0]])[:, :, None] ** 2 + (columns - positions[:, [1]])[:, None, :] ** 2
    atom, row, column = np.nonzero(squares <= DISK**2)
    labels[rows[atom, row] + MARGIN, columns[atom, column] + MARGIN] = 2
    return labels[MARGIN:-MARGIN, MARGIN:-MARGIN]


def resize(image: Array) -> NDArray[np.float32]:
    """Resize to 256 px by bilinear interpolation."""
    at = (np.arange(SIDE) + 0.5) * len(image) / SIDE - 0.5
    resized = ndimage.map_coordinates(image, np.meshgrid(at, at, indexing="ij"), order=1, mode="nearest")
    return np.asarray(resized, np.float32)


def resize_nearest(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize to 256 px by nearest neighbour."""
    at = np.floor((np.arange(SIDE) + 0.5) * labels.shape[-1] / SIDE).astype(int)
    return labels[..., at[:, None], at]


def truth(layers: list[Array], side: int) -> pd.DataFrame:
    """Return the atoms in the resized image."""
    tables = []
    for layer, positions in enumerate(layers):
        y, x = ((positions + 0.5) * SIDE / side - 0.5).T
        tables.append(pd.DataFrame({"layer": layer, "y_px": y, "x_px": x}))
    table = pd.concat(tables, ignore_index=True)
    inside = table[["y_px", "x_px"]].apply(lambda axis: axis.between(-0.5, SIDE - 0.5)).all(axis=1)
    return table[inside].reset_index(drop=True)


def fold(angle: float) -> float:
    """Return an angle modulo 60 degrees, folded to 0 to 30."""
    return min(angle % 60, 60 - angle % 60)
