"""The microscope: scan distortion, probe, background and shot noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import FloatImage

REFERENCE_PIXEL = 0.2
"""Pixel size at which a dose is stated [Å/px]; the counts per pixel grow with the pixel's area."""
DARK = 1e-20
"""Brightest pixel, relative to an atom, below which there is no atom in view and nothing to count."""


@dataclass(frozen=True, slots=True)
class Probe:
    r"""Image of one atom: a Gaussian with a broad Gaussian tail.

    .. math:: P(r) \propto \frac{1-f}{\sigma^2} e^{-r^2/2\sigma^2} + \frac{f}{w^2\sigma^2} e^{-r^2/2w^2\sigma^2}

    Attributes
    ----------
    sigma : float
        Width of the core [Å].
    tail_fraction : float
        Part f of the intensity that lies in the tail, 0 to 1.
    tail_width : float
        Width w of the tail in units of `sigma`.
    """

    sigma: float
    tail_fraction: float
    tail_width: float


@dataclass(frozen=True, slots=True)
class ScanDistortion:
    """A map from where atoms are to where the scan shows them: affine plus a smooth wave per axis.

    Attributes
    ----------
    matrix : ndarray, shape (2, 2)
        Affine part, acting on (y, x) from the centre of the field of view.
    amplitude : ndarray, shape (2, m)
        Amplitudes of the waves for y and x [Å].
    wave : ndarray, shape (2, m, 2)
        Wave vectors [rad/Å].
    phase : ndarray, shape (2, m)
        Phases [rad].
    """

    matrix: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    wave: NDArray[np.float64]
    phase: NDArray[np.float64]

    def __call__(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scanned positions, shape (n, 2) [Å]."""
        argument = np.einsum("nd,amd->nam", positions, self.wave) + self.phase
        waves = np.einsum("nam,am->na", np.sin(argument), self.amplitude)
        distorted: NDArray[np.float64] = positions @ self.matrix.T + waves
        return distorted


def draw_distortion(
    affine: float, smooth: float, field_of_view: float, rng: np.random.Generator
) -> ScanDistortion:
    """Draw a scan distortion.

    Parameters
    ----------
    affine : float
        Largest magnitude of each element of (matrix - identity).
    smooth : float
        Root mean square of the smooth part per axis [Å].
    field_of_view : float
        Side of the image [Å]; the waves are about as long or longer.
    rng : Generator
        Source of the draw.
    """
    waves = 3
    matrix = np.eye(2) + rng.uniform(-affine, affine, (2, 2))
    amplitude = smooth * np.sqrt(2 / waves) * rng.normal(0, 1, (2, waves))
    # Waves shorter than 30 Å would strain the lattice rather than distort the scan.
    wavelength = max(field_of_view, 30.0)
    wave = 2 * np.pi / wavelength * rng.uniform(-1, 1, (2, waves, 2))
    return ScanDistortion(matrix, amplitude, wave, rng.uniform(0, 2 * np.pi, (2, waves)))


def render(
    positions: NDArray[np.float64], brightness: NDArray[np.float64], size: int, pixel_size: float, probe: Probe
) -> FloatImage:
    """Add up the images of all atoms, each at its sub-pixel position.

    A Gaussian is separable, so the sum over n atoms is the product of an (y, n) and an (n, x) matrix, as fast as
    the linear algebra library. That is done tile by tile, with the atoms that are nearer to a tile than six
    widths: farther ones add less than 2e-8 of their peak.

    Parameters
    ----------
    positions : ndarray, shape (n, 2)
        (y, x) [px].
    brightness : ndarray, shape (n,)
        Integrated intensity of each atom.
    size : int
        Side of the image [px].
    pixel_size : float
        Pixel size [Å/px].
    probe : Probe
        Image of one atom.

    Returns
    -------
    ndarray of float32, shape (size, size)
        An isolated atom of brightness 1 peaks at ``(1 - f) + f / w**2`` for the probe's tail f, w.
    """
    image = np.zeros((size, size), dtype=np.float32)
    sigma = probe.sigma / pixel_size
    for width, amplitude in (
        (sigma, 1 - probe.tail_fraction),
        (sigma * probe.tail_width, probe.tail_fraction / probe.tail_width**2),
    ):
        weights = (amplitude * brightness).astype(np.float32)
        for rows in _tiles(size):
            near_y = np.flatnonzero(_is_near(positions[:, 0], rows, width))
            for columns in _tiles(size):
                near = near_y[_is_near(positions[near_y, 1], columns, width)]
                along_y = _gaussian(rows, positions[near, 0], width) * weights[near]
                along_x = _gaussian(columns, positions[near, 1], width)
                image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += _product(along_y, along_x)
    return image


_TILE = 64
"""Side of a tile [px]."""
_ATOMS = 64
"""Atoms per product of matrices. OpenBLAS shares products of more than 2^18 multiplications among threads, which
in a training only wait for the cores that the network's own threads are using: that took ten times as long."""
_REACH = 6.0
"""Widths of a Gaussian after which it is cut."""


def _tiles(size: int) -> list[NDArray[np.intp]]:
    """Return the rows, or columns, of each tile."""
    return [np.arange(start, min(start + _TILE, size)) for start in range(0, size, _TILE)]


def _is_near(centres: NDArray[np.float64], pixels: NDArray[np.intp], width: float) -> NDArray[np.bool_]:
    reach = _REACH * width
    return np.asarray((centres >= pixels[0] - reach) & (centres <= pixels[-1] + reach))


def _product(along_y: FloatImage, along_x: FloatImage) -> FloatImage:
    """Return the sum over atoms, shape (y, x), of factors of shape (y, atom) and (x, atom)."""
    total = np.zeros((len(along_y), len(along_x)), dtype=np.float32)
    for start in range(0, along_y.shape[1], _ATOMS):
        part = np.s_[:, start : start + _ATOMS]
        total += along_y[part] @ along_x[part].T
    return total


def _gaussian(pixels: NDArray[np.intp], centres: NDArray[np.float64], sigma: float) -> FloatImage:
    """Return Gaussians of peak 1, shape (pixel, centre)."""
    offset = (pixels[:, None] - centres[None, :]).astype(np.float32)
    values: FloatImage = np.exp(offset**2 * np.float32(-0.5 / sigma**2))
    return values


def smooth_background(size: int, pixel_size: float, rng: np.random.Generator) -> FloatImage:
    """Draw a smooth background between 0 and 1, as from contamination; shape (size, size)."""
    wavelength = max(size * pixel_size, 20.0) / pixel_size
    wave = 2 * np.pi / wavelength * rng.uniform(-1, 1, (4, 2))
    phase = rng.uniform(0, 2 * np.pi, 4)
    y, x = np.ogrid[:size, :size]
    field = sum(np.sin(w[0] * y + w[1] * x + p) for w, p in zip(wave, phase, strict=True))
    return np.asarray(field / 8 + 0.5, dtype=np.float32)


def jitter_lines(image: FloatImage, shifts: NDArray[np.float64]) -> FloatImage:
    """Shift each scan line along x by a fraction of a pixel, to first order; shape (y, x), shifts (y,) [px]."""
    slope = np.gradient(image, axis=1)
    shifted: FloatImage = (image - shifts[:, None] * slope).astype(np.float32)
    return np.asarray(np.maximum(shifted, 0), dtype=np.float32)


def detect(image: FloatImage, counts: float, rng: np.random.Generator) -> FloatImage:
    """Count electrons: Poisson noise where the brightest pixel expects `counts`; returns counts, 0 of no light."""
    brightest = float(image.max())
    exposure = counts / brightest if brightest > DARK else 0.0
    counted: FloatImage = rng.poisson(image * np.float32(exposure)).astype(np.float32)
    return counted
