"""Simulate one image with the field of view of another, for a look at both."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_strata.config import SimulationConfig
from napari_strata.control import JobControl
from napari_strata.events import JobResult, StateChanged
from napari_strata.jobs.job import JobBody, job
from napari_strata.types import FloatImage, LabelArray

if TYPE_CHECKING:
    import pandas as pd

REACH = 1.25
"""Spectra are shown up to this frequency [1/Å], or to the Nyquist frequency."""


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """A simulated image and its truth, and the spectra of it and of the image beside it.

    Attributes
    ----------
    image : ndarray of float32, shape (y, x)
        What was simulated.
    labels : ndarray of uint8, shape (layer, y, x)
        Mask codes.
    atoms : DataFrame
        As `napari_strata.simulate.scene.SimulatedImage.atoms`.
    classes : tuple of str
        Names of the mask codes 2, 3, ...
    parameters : dict
        The values drawn.
    config : SimulationConfig
        What they were drawn from.
    spectrum : ndarray of float32
        Its power, as `napari_strata.matching.spectrum.spectrum_picture` shows it.
    beside : ndarray of float32 or None
        That of the other image.
    """

    image: FloatImage
    labels: LabelArray
    atoms: "pd.DataFrame"
    classes: tuple[str, ...]
    parameters: dict[str, Any]
    config: SimulationConfig
    spectrum: FloatImage
    beside: FloatImage | None


@job
def preview_simulation(
    control: JobControl,
    config: SimulationConfig,
    *,
    shape: tuple[int, int],
    pixel_size: float,
    seed: int,
    beside: FloatImage | None = None,
) -> JobBody:
    """Simulate one image.

    Parameters
    ----------
    control : JobControl
        Stop before the image is made leaves nothing.
    config : SimulationConfig
        The ranges to draw from.
    shape : (int, int)
        Rows and columns [px].
    pixel_size : float
        Pixel size [Å/px].
    seed : int
        Decides the draw: it is that of the first image that the job `simulate` writes.
    beside : ndarray of float32, shape `shape`, optional
        An image whose spectrum is wanted, too.

    Returns
    -------
    JobResult
        ``value`` is the `Preview`.

    Raises
    ------
    ConfigError
        If the crystal cannot be read or made.
    """
    from napari_strata.matching.spectrum import spectrum_picture
    from napari_strata.simulate.scene import simulate_image

    control.run()
    yield StateChanged(control.state)
    scene = simulate_image(config, size=max(shape), pixel_size=pixel_size, rng=np.random.default_rng([seed, 0]))
    control.checkpoint()
    height, width = shape
    image, atoms = scene.image[:height, :width], scene.atoms
    inside = (atoms["y_px"] < height - 0.5) & (atoms["x_px"] < width - 0.5)
    reach = REACH * pixel_size
    return JobResult(
        value=Preview(
            image=image,
            labels=scene.labels[:, :height, :width],
            atoms=atoms[inside].reset_index(drop=True),
            classes=scene.classes,
            parameters=scene.parameters,
            config=config,
            spectrum=spectrum_picture(image, reach),
            beside=None if beside is None else spectrum_picture(beside, reach),
        )
    )
