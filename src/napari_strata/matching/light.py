"""How many electrons make an image, and how many of them come from the background."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.config import SimulationConfig
from napari_strata.matching.brightness import USUAL_SCATTER, Lattice, Slow, lattice_brightness, slow_part
from napari_strata.matching.counting import Gain, Noise, find_gain
from napari_strata.matching.estimates import Estimate
from napari_strata.matching.orientation import SeenLayer
from napari_strata.matching.probe import ProbeFit
from napari_strata.simulate.detector import REFERENCE_PIXEL
from napari_strata.simulate.scan import smooth_gradient

UNSURE = 0.1
"""Part by which a dose is unsure however clear the image is: where columns are brightest depends on chance."""
VARIES = 0.35
"""Part by which the scatter of a smooth background differs from image to image."""
MIDDLE = 0.08
"""Standard deviation of the mean of a simulated smooth background of strength 1 over an image, around 0.5."""
USUAL = 0.5
"""Part by which a gain is unsure that is taken from the usual background."""
MOST_TAIL = 0.9


@dataclass(frozen=True, slots=True)
class Light:
    """What lights an image, in its values.

    Attributes
    ----------
    lattice : Lattice
        The lattice's part.
    slow : Slow
        What varies slowly.
    mean : float
        Mean value above that of no electron.
    gain : Gain
        Value per electron.
    is_gain_known : bool
        Whether the noise told it.
    crowding : float
        Standard deviation of the density of atoms as scanned, relative to its mean.
    hidden : float
        How many layers are not seen for each that is.
    """

    lattice: Lattice
    slow: Slow
    mean: float
    gain: Gain
    is_gain_known: bool
    crowding: float
    hidden: float

    def dose(self, config: SimulationConfig, pixel_size: float) -> Estimate:
        """Return the dose as the settings count it."""
        if config.dose_per == "area":
            dose = self.mean / self.gain.value / pixel_size**2
        else:
            brightest = self.mean + self.lattice.peak - self.lattice.mean + self.slow.rise
            dose = brightest / self.gain.value * (REFERENCE_PIXEL / pixel_size) ** 2
        return Estimate(dose, float(np.hypot(UNSURE, self._unsure)) * dose)

    def background(self) -> Estimate:
        """Return the smooth background, relative to the brightest atom, from how it scatters.

        A scan that is distorted smoothly crowds atoms in some places, which looks like a background.
        """
        crowded = self.crowding * self.lattice.mean
        scatter = np.sqrt(max(self.slow.scatter**2 - crowded**2, 0.0))
        value = min(scatter / USUAL_SCATTER, 2 * self.mean) / self.lattice.peak
        unsure = crowded / USUAL_SCATTER / self.lattice.peak
        return Estimate(float(value), float(np.hypot(VARIES * value, unsure)))

    def even_background(self, config: SimulationConfig) -> Estimate:
        """Return what is left of the mean, relative to the brightest atom.

        The more of an atom's light lies in the probe's tail, which no reflection tells, the less it is; and what
        layers add whose reflections are not seen looks like it.
        """
        low, high = config.probe.tail_fraction
        usual = (low + high) / 2
        parts = np.minimum([usual, low, high], MOST_TAIL)
        lattice = self.lattice.mean * (1 - parts[0]) / (1 - parts)
        smooth = self.background()
        left = (self.mean - lattice) / self.lattice.peak - smooth.value / 2
        counted = self._unsure * self.mean / self.lattice.peak
        tail = float(np.abs(left - left[0]).max()) / np.sqrt(3)
        hidden = self.hidden * self.lattice.mean / self.lattice.peak
        parts = (tail, hidden, counted, MIDDLE * smooth.value, smooth.uncertainty / 2)
        return Estimate(max(float(left[0]), 0.0), float(np.linalg.norm(parts)))

    @property
    def _unsure(self) -> float:
        """Part by which the mean number of electrons is unsure."""
        return 2 * self.gain.uncertainty / self.gain.value


def light_of(
    image: NDArray[np.float64],
    config: SimulationConfig,
    layers: tuple[SeenLayer, ...],
    probe: ProbeFit,
    noise: Noise,
    pixel_size: float,
) -> Light | None:
    """Find what lights an image.

    Parameters
    ----------
    image : ndarray, shape (y, x)
        The image.
    config : SimulationConfig
        How smoothly distorted a scan may be; usual backgrounds, for an image whose noise does not tell the gain.
    layers : tuple of SeenLayer
        Its layers.
    probe : ProbeFit
        Probe and mean of each layer.
    noise : Noise
        Its noise.
    pixel_size : float
        Pixel size [Å/px].

    Returns
    -------
    Light or None
        None where the lattice has no contrast to compare with.
    """
    lattice = lattice_brightness(layers, probe, pixel_size)
    crowding = np.sqrt(2) * smooth_gradient(config.scan.distortion, min(image.shape) * pixel_size)
    if lattice.peak <= 0:
        return None
    measured = find_gain(image, noise)
    gain = measured if measured.is_clear else _usual_gain(lattice, noise, config)
    hidden = config.layers / len(layers) - 1
    slow, mean = slow_part(image, noise.variance), noise.variance / gain.value
    return Light(lattice, slow, mean, gain, measured.is_clear, float(crowding), hidden)


def _usual_gain(lattice: Lattice, noise: Noise, config: SimulationConfig) -> Gain:
    """Return the gain at which the backgrounds are the middle of their ranges."""
    background = np.mean(config.contamination.background) / 2 + np.mean(config.detector.background)
    value = noise.variance / (lattice.mean + float(background) * lattice.peak)
    return Gain(value, USUAL * value)
