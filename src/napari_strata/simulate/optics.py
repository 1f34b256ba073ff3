r"""The probe that optics make: its intensity and its transfer function, for round aberrations.

With the wave vector in units of the aperture's, :math:`x = k / k_0`, :math:`k_0 = \alpha / \lambda`, and the
radius in units of its inverse, :math:`\rho = r k_0`, the wave is the Hankel transform of the aperture,

.. math:: \psi(\rho) = 2\pi \int_0^1 e^{-i\chi(x)} J_0(2\pi\rho x)\, x\, dx,
   \qquad \chi = \frac{2\pi}{\lambda} \left(\frac{C_s \alpha^4 x^4}{4} - \frac{\Delta f \alpha^2 x^2}{2}\right)

with the defocus :math:`\Delta f` positive under focus. The transfer function is the Hankel transform of the
intensity, averaged over a normal distribution of the defocus (Kirkland, Advanced Computing in Electron Microscopy,
chapters 3 and 5). In these units both transforms are the same matrices for every probe, so a probe costs two small
products.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import j0

_APERTURE_PANELS = 16
"""Panels of the integral over the aperture; they resolve aberrations of some 200 radians at its edge."""
_RADIUS = 60.0
"""Radius up to which intensity is counted, in units of the aperture's inverse wave vector; 0.2 % of a probe
without aberrations lie beyond."""
_RADIUS_PANELS = 50
_NODES = 16
"""Nodes of Gauss and Legendre per panel."""
_FREQUENCIES = 257
_DEFOCI = 7
"""Nodes of the average over the focal spread."""


@dataclass(frozen=True, slots=True)
class Optics:
    """Round optics of a probe.

    Attributes
    ----------
    voltage : float
        Acceleration voltage [kV].
    aperture : float
        Semi-angle of convergence [mrad].
    defocus : float
        Defocus, positive under focus [Å].
    cs : float
        Spherical aberration of third order [mm].
    focal_spread : float
        Standard deviation of the defocus [Å].
    """

    voltage: float
    aperture: float
    defocus: float = 0.0
    cs: float = 0.0
    focal_spread: float = 0.0

    @property
    def wavelength(self) -> float:
        """Wavelength of the electrons [Å]."""
        return wavelength(self.voltage)

    @property
    def cut_off(self) -> float:
        """Radius of the aperture [1/Å]; nothing finer than half its inverse is in the probe."""
        return self.aperture * 1e-3 / self.wavelength

    def intensity(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return radii [Å] and the intensity there, which integrates to 1 over the plane [1/Å²]."""
        rho, weight = _radii()
        intensity = self._intensity()
        total = float(2 * np.pi * (weight * rho) @ intensity)
        return rho / self.cut_off, intensity / total * self.cut_off**2

    def transfer(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return frequencies from 0 to twice the aperture [1/Å] and the transfer there, which is 1 at 0."""
        rho, weight = _radii()
        transfer = _frequency_kernel() @ (weight * rho * self._intensity())
        frequency = np.linspace(0, 2 * self.cut_off, _FREQUENCIES)
        return frequency, transfer / transfer[0]

    def _intensity(self) -> NDArray[np.float64]:
        """Return the intensity at each radius, up to a factor."""
        x, weight = _aperture_nodes()
        offset, share = np.polynomial.hermite_e.hermegauss(_DEFOCI if self.focal_spread else 1)
        defocus = self.defocus + self.focal_spread * offset[:, None]
        alpha = self.aperture * 1e-3
        chi = 2 * np.pi / self.wavelength * (self.cs * 1e7 * alpha**4 / 4 * x**4 - defocus * alpha**2 / 2 * x**2)
        kernel = _radius_kernel()
        real, imaginary = (kernel @ (weight * x * part(chi)).T for part in (np.cos, np.sin))
        intensity: NDArray[np.float64] = (real**2 + imaginary**2) @ (share / share.sum())
        return intensity


def wavelength(voltage: float) -> float:
    """Return the relativistic wavelength of electrons [Å] at a voltage [kV]."""
    energy = voltage * 1e3
    # h c in eV Å, and twice the rest energy of an electron in eV
    return float(12398.41984 / np.sqrt(energy * (2 * 510998.95 + energy)))


def _gauss(panels: int, end: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return nodes and weights of an integral from 0; those of many panels are found faster than those of one."""
    x, weight = np.polynomial.legendre.leggauss(_NODES)
    width = end / panels
    nodes = width * (np.arange(panels)[:, None] + (x + 1) / 2)
    return nodes.ravel(), np.tile(width / 2 * weight, panels)


@cache
def _aperture_nodes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return _gauss(_APERTURE_PANELS, 1.0)


@cache
def _radii() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return _gauss(_RADIUS_PANELS, _RADIUS)


@cache
def _radius_kernel() -> NDArray[np.float64]:
    return np.asarray(j0(2 * np.pi * np.outer(_radii()[0], _aperture_nodes()[0])))


@cache
def _frequency_kernel() -> NDArray[np.float64]:
    return np.asarray(j0(4 * np.pi * np.outer(np.linspace(0, 1, _FREQUENCIES), _radii()[0])))
