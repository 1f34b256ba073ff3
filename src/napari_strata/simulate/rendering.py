"""Images of atoms: each at its sub-pixel position, as the probe shows it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from napari_strata.simulate.probes import GaussianProbe, OpticalProbe, Probe
from napari_strata.types import FloatImage


@dataclass(frozen=True, slots=True, eq=False)
class Shining:
    """Atoms that one layer, or what lies on it, adds to an image.

    Attributes
    ----------
    positions : ndarray, shape (n, 2)
        (y, x) [px].
    brightness : ndarray, shape (n,)
        Integrated intensity of each.
    contrast : float
        Brightness of them all.
    """

    positions: NDArray[np.float64]
    brightness: NDArray[np.float64]
    contrast: float = 1.0


def render(parts: Sequence[Shining], size: int, pixel_size: float, probe: Probe) -> FloatImage:
    """Add up the images of all atoms.

    Parameters
    ----------
    parts : sequence of Shining
        The atoms.
    size : int
        Side of the image [px].
    pixel_size : float
        Pixel size [Å/px].
    probe : Probe
        Image of one atom.

    Returns
    -------
    ndarray of float32, shape (size, size)
        With a probe given by its width an isolated atom of brightness 1 peaks at ``(1 - f) + f / w**2`` for the
        probe's tail f, w.
    """
    if isinstance(probe, OpticalProbe):
        return _render_optics(parts, size, pixel_size, probe)
    image = np.zeros((size, size), dtype=np.float32)
    for part in parts:
        image += part.contrast * _render_tailed(part, size, pixel_size, probe)
    return image


def _render_tailed(part: Shining, size: int, pixel_size: float, probe: GaussianProbe) -> FloatImage:
    sigma = probe.sigma / pixel_size
    core = (sigma, 1 - probe.tail_fraction)
    tail = (sigma * probe.tail_width, probe.tail_fraction / probe.tail_width**2)
    image = np.zeros((size, size), dtype=np.float32)
    for width, amplitude in (core, tail):
        add_gaussians(image, part.positions, amplitude * part.brightness, width)
    return image


def _render_optics(parts: Sequence[Shining], size: int, pixel_size: float, probe: OpticalProbe) -> FloatImage:
    """Draw atoms as wide as source and atom make them, and take what the optics transfer of that.

    A Fourier transform is periodic, so there is as much room around the image as the probe is wide.
    """
    finer = _oversampling(pixel_size, probe)
    fine = pixel_size / finer
    room = int(np.ceil(probe.reach / fine))
    side = fft.next_fast_len(size * finer + 2 * room, real=True)
    width = max(probe.blur / fine, _LEAST_WIDTH)
    drawn = np.zeros((side, side), dtype=np.float32)
    for part in parts:
        add_gaussians(drawn, part.positions * finer + room, part.contrast * part.brightness, width)
    frequency = np.hypot(fft.fftfreq(side, fine)[:, None], fft.rfftfreq(side, fine)[None])
    transfer = np.interp(frequency, *probe.optics.transfer(), right=0.0).astype(np.float32)
    shown = fft.irfft2(fft.rfft2(drawn) * transfer, s=drawn.shape)
    inside = np.s_[room : room + size * finer : finer]
    return np.asarray(np.maximum(shown[inside, inside], 0), dtype=np.float32)


_LEAST_WIDTH = 0.9
"""Least width of a Gaussian that is drawn into pixels and transformed: narrower ones are not determined by their
values in them [px]."""
_FINEST = 8
"""Largest number of fine pixels along a pixel."""
_UNSEEN = 1e-3
"""Transfer below which nothing can be seen."""


def _oversampling(pixel_size: float, probe: OpticalProbe) -> int:
    """Return how many times finer pixels must be to hold all that the probe transfers."""
    blurred_away = np.sqrt(-np.log(_UNSEEN) / 2) / (np.pi * probe.blur)
    highest = min(2 * probe.optics.cut_off, float(blurred_away))
    needed = max(2 * highest * pixel_size, _LEAST_WIDTH * pixel_size / probe.blur)
    return int(np.clip(np.ceil(needed), 1, _FINEST))


def add_gaussians(
    image: FloatImage, positions: NDArray[np.float64], amplitude: NDArray[np.float64], width: float
) -> None:
    """Add Gaussians of one width to a square image, in place.

    A Gaussian is separable, so the sum over n atoms is the product of an (y, n) and an (n, x) matrix, as fast as
    the linear algebra library. That is done tile by tile, with the atoms that are nearer to a tile than six
    widths: farther ones add less than 2e-8 of their peak.

    Parameters
    ----------
    image : ndarray of float32, shape (size, size)
        What to add to.
    positions : ndarray, shape (n, 2)
        (y, x) [px].
    amplitude : ndarray, shape (n,)
        Peak of each.
    width : float
        Standard deviation [px].
    """
    size = len(image)
    weights = amplitude.astype(np.float32)
    for rows in _tiles(size):
        near_y = np.flatnonzero(_is_near(positions[:, 0], rows, width))
        for columns in _tiles(size):
            near = near_y[_is_near(positions[near_y, 1], columns, width)]
            along_y = _gaussian(rows, positions[near, 0], width) * weights[near]
            along_x = _gaussian(columns, positions[near, 1], width)
            image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += _product(along_y, along_x)


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
