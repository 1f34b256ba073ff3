"""Images of one atom: by width and tail, or by the optics of the microscope."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_strata.config.microscope import ProbeConfig
from napari_strata.simulate.optics import Optics

_REACH = 4.0
"""Atoms up to this far outside the field of view brighten it [Å]."""
_FARTHEST = 15.0
"""The same of the widest probe [Å]."""
_COUNTED = 0.98
"""Part of a probe's intensity within its reach."""


@dataclass(frozen=True, slots=True)
class GaussianProbe:
    r"""A Gaussian with a broad Gaussian tail, the atom's own width included.

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

    @property
    def reach(self) -> float:
        """How far outside the field of view atoms still count [Å]."""
        return _REACH

    def describe(self) -> dict[str, Any]:
        """Return its values, ready for JSON."""
        return {"sigma": self.sigma, "tail_fraction": self.tail_fraction, "tail_width": self.tail_width}


@dataclass(frozen=True, slots=True)
class OpticalProbe:
    """What round optics make, blurred by the source and the atom.

    Attributes
    ----------
    optics : Optics
        Aperture, defocus and aberrations.
    source : float
        Standard deviation of the source's image in the specimen [Å].
    atom_width : float
        Standard deviation of what scatters in one atom [Å].
    """

    optics: Optics
    source: float
    atom_width: float

    @property
    def blur(self) -> float:
        """Standard deviation of source and atom together [Å]."""
        return float(np.hypot(self.source, self.atom_width))

    @property
    def reach(self) -> float:
        """How far outside the field of view atoms still count [Å]."""
        radius, intensity = self.optics.intensity()
        within = np.cumsum(np.gradient(radius) * radius * intensity)
        widest = float(radius[np.searchsorted(within, _COUNTED * within[-1])]) + 3 * self.blur
        return float(np.clip(widest, _REACH, _FARTHEST))

    def describe(self) -> dict[str, Any]:
        """Return its values, ready for JSON."""
        optics = self.optics
        return {
            "voltage": optics.voltage,
            "aperture": optics.aperture,
            "defocus": optics.defocus,
            "cs": optics.cs,
            "focal_spread": optics.focal_spread,
            "source": self.source,
            "atom_width": self.atom_width,
        }


Probe = GaussianProbe | OpticalProbe


def draw_probe(config: ProbeConfig, rng: np.random.Generator) -> Probe:
    """Draw a probe from its ranges."""
    if config.kind == "width":
        return GaussianProbe(
            rng.uniform(*config.sigma), rng.uniform(*config.tail_fraction), rng.uniform(*config.tail_width)
        )
    optics = Optics(
        config.voltage,
        rng.uniform(*config.aperture),
        rng.uniform(*config.defocus),
        rng.uniform(*config.cs),
        rng.uniform(*config.focal_spread),
    )
    return OpticalProbe(optics, rng.uniform(*config.source), rng.uniform(*config.atom_width))
