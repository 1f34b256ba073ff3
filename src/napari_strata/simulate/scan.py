"""The scan: distortion, drift and jitter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.simulate.fields import WAVES, WaveField
from napari_strata.types import FloatImage


@dataclass(frozen=True, slots=True, eq=False)
class ScanDistortion:
    """A map from where atoms are to where the scan shows them: affine plus a smooth wave per axis, then drift.

    Attributes
    ----------
    matrix : ndarray, shape (2, 2)
        Affine part, acting on (y, x) from the centre of the field of view.
    waves : WaveField
        Smooth part.
    drift : ndarray, shape (2,)
        Way (y, x) of the specimen during the scan, in parts of the image's height.
    """

    matrix: NDArray[np.float64]
    waves: WaveField
    drift: NDArray[np.float64]

    def __call__(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scanned positions, shape (n, 2) [Å]."""
        distorted: NDArray[np.float64] = positions @ self.matrix.T + self.waves(positions)
        return distorted @ drift_matrix(self.drift).T if self.drift.any() else distorted


def drift_matrix(drift: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Return what drift does to positions (y, x) from the centre of the field of view.

    An atom at y is shown in the row that is scanned when it is there, :math:`y' = y + d_y y'`, and then lies at
    :math:`x' = x + d_x y'`.

    Parameters
    ----------
    drift : ndarray, shape (2,)
        Way d of the specimen during the scan, in parts of the image's height; its y is below 1.
    """
    stretch = 1 / (1 - drift[0])
    return np.array([[stretch, 0.0], [drift[1] * stretch, 1.0]])


def draw_distortion(
    affine: float, smooth: float, field_of_view: float, rng: np.random.Generator
) -> ScanDistortion:
    """Draw a scan distortion without drift.

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
    matrix = np.eye(2) + rng.uniform(-affine, affine, (2, 2))
    amplitude = smooth * np.sqrt(2 / WAVES) * rng.normal(0, 1, (2, WAVES))
    wave = 2 * np.pi / _wavelength(field_of_view) * rng.uniform(-1, 1, (2, WAVES, 2))
    waves = WaveField(amplitude, wave, rng.uniform(0, 2 * np.pi, (2, WAVES)))
    return ScanDistortion(matrix, waves, np.zeros(2))


def smooth_gradient(smooth: float, field_of_view: float) -> float:
    r"""Return how much the smooth part of a distortion stretches along an axis: the root mean square of all draws.

    That is :math:`2 \pi s / \sqrt 3 \lambda`, as components of wave vectors lie evenly up to :math:`2\pi/\lambda`.

    Parameters
    ----------
    smooth, field_of_view : float
        As of `draw_distortion` [Å].
    """
    return float(2 * np.pi * smooth / (np.sqrt(3) * _wavelength(field_of_view)))


def _wavelength(field_of_view: float) -> float:
    """Return the shortest wave [Å]; shorter ones would strain the lattice rather than distort the scan."""
    return max(field_of_view, 30.0)


def draw_drift(way: tuple[float, float], rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a drift (y, x) of any direction, its length from a range, in parts of the image's height."""
    angle = rng.uniform(0, 2 * np.pi)
    return rng.uniform(*way) * np.array([np.sin(angle), np.cos(angle)])


def jitter_lines(image: FloatImage, shifts: NDArray[np.float64]) -> FloatImage:
    """Shift each scan line along x by its own way; shape (y, x), shifts (y,) [px], positive to larger x.

    Between pixels a cubic through the four nearest ones is taken (R. Keys, IEEE Trans. ASSP 29, 1153, 1981);
    beyond the ends of a line it goes on as at its end.
    """
    back = np.floor(-shifts)
    part = (-shifts - back).astype(np.float32)[:, None]
    start = np.arange(image.shape[1]) + back.astype(np.intp)[:, None]
    shifted = np.zeros_like(image, dtype=np.float32)
    for step, weight in enumerate(_cubic_weights(part), start=-1):
        columns = np.clip(start + step, 0, image.shape[1] - 1)
        shifted += weight * np.take_along_axis(image, columns, axis=1)
    return np.asarray(np.maximum(shifted, 0), dtype=np.float32)


def _cubic_weights(part: FloatImage) -> tuple[NDArray[np.floating], ...]:
    """Return the weights of the pixels at -1, 0, 1 and 2 for a place between 0 and 1."""
    return (
        part * (-0.5 + part * (1 - 0.5 * part)),
        1 + part**2 * (-2.5 + 1.5 * part),
        part * (0.5 + part * (2 - 1.5 * part)),
        part**2 * (-0.5 + 0.5 * part),
    )
