"""Transform one frame for a plot, and index the spots of every layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_strata.control import JobControl
from napari_strata.errors import StrataError
from napari_strata.events import JobResult, Progress, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.types import FloatImage, ImageStack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_strata.lattice.cells import Family, Matrix
    from napari_strata.lattice.reciprocal import FourierLattice

SHOWN = 1.15
"""The transform is shown up to so many times the highest frequency that is indexed, along kx or ky."""
FARTHEST = 1.5
"""Without indexed spots it is shown up to here [1/Å]."""
PADDING, PADDED = 2, 1024
"""Sides up to so many pixels are padded to so many times their length, or spots would be few pixels large."""
GREY = (5.0, 99.97)
"""Percentiles of the logarithm of the power that are shown as black and as white."""


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """A Fourier transform.

    Attributes
    ----------
    power : ndarray of float32, shape (ky, kx)
        Logarithm of its power, 0 to 1; frequency 0 is at pixel (ky // 2, kx // 2).
    step : (float, float)
        Size of a pixel along ky and kx [1/Å].
    lattices : dict of int to FourierLattice
        Layers that are seen, and their spots.
    gaps : tuple of str
        What is not seen, and why.
    """

    power: FloatImage
    step: tuple[float, float]
    lattices: "dict[int, FourierLattice]"
    gaps: tuple[str, ...]


@job
def plot_spectrum(
    control: JobControl, image: ImageStack, vectors: "Mapping[int, Matrix]", *, family: "Family | None" = None
) -> JobBody:
    """Transform one frame, and index its spots by the lattices of layers that are known from atoms.

    Parameters
    ----------
    control : JobControl
        Stop leaves nothing.
    image : ImageStack
        One frame, with its pixel size.
    vectors : mapping of int to ndarray, shape (2, 2)
        a and b as rows (y, x) [Å] of the layers whose lattice is known; may be empty.
    family : Family, optional
        What the lattices are without distortion; by default the most symmetric one that fits the first layer.

    Yields
    ------
    JobEvent
        `Progress` before every step.

    Returns
    -------
    JobResult
        ``value`` is `Spectrum`.

    Raises
    ------
    ImageError, CalibrationError
        If the image cannot be transformed.
    """
    from napari_strata.io.calibration import require
    from napari_strata.lattice.spectrum import TaperedImage

    pixel_size = require(image.pixel_size, name=image.name)
    values = np.asarray(image.data[0])
    tapered = TaperedImage.of(values, pixel_size)
    control.run()
    yield StateChanged(control.state)
    yield Progress(0.0, "Indexing the spots")
    gaps: list[str] = []
    lattices = _indexed(values, pixel_size, vectors, family, gaps)
    control.checkpoint()
    yield Progress(0.7, "Transforming the image")
    highest = max((float(np.abs(one.spots.frequency).max()) for one in lattices.values()), default=0.0)
    power, step = _shown_power(tapered.values, pixel_size, SHOWN * highest or FARTHEST)
    return JobResult(value=Spectrum(power, step, lattices, tuple(gaps)))


def _shown_power(
    tapered: "NDArray[np.float64]", pixel_size: float, farthest: float
) -> tuple[FloatImage, tuple[float, float]]:
    """Return the middle of the transform, 0 to 1, and the size of its pixels [1/Å]."""
    from scipy.fft import fft2, fftshift

    shape = [side * (PADDING if side <= PADDED else 1) for side in tapered.shape]
    power = np.log(np.abs(fftshift(fft2(tapered, s=shape, workers=1))) ** 2 + 1e-12)
    step = [1 / (side * pixel_size) for side in power.shape]
    half = [min(int(farthest / one), side // 2) for one, side in zip(step, power.shape, strict=True)]
    middle = [side // 2 for side in power.shape]
    y, x = (slice(m - h, m + h + 1) for m, h in zip(middle, half, strict=True))
    low, high = np.percentile(power[y, x], GREY)
    shown = np.clip((power[y, x] - low) / max(high - low, 1e-9), 0, 1).astype(np.float32)
    return shown, (step[0], step[1])


def _indexed(
    image: "NDArray[np.float64]",
    pixel_size: float,
    vectors: "Mapping[int, Matrix]",
    family: "Family | None",
    gaps: list[str],
) -> "dict[int, FourierLattice]":
    from napari_strata.lattice.cells import family_of
    from napari_strata.lattice.fourier import fourier_frame

    if not vectors:
        gaps.append("No layer has a lattice of atoms by which spots could be indexed.")
        return {}
    of_layers = list(vectors.values())
    try:
        found = fourier_frame(image, pixel_size, of_layers, family or family_of(of_layers[0]))
    except StrataError as error:
        gaps.append(error.message)
        return {}
    gaps.extend(found.gaps)
    return {n: one for n, one in zip(vectors, found.lattices, strict=True) if one is not None}
