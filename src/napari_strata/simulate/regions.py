"""Parts of the plane that grains, edges and holes take."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class HalfPlane:
    """All that lies on one side of a straight line.

    Attributes
    ----------
    angle : float
        Direction from the line into the half plane, from x towards y [degrees].
    offset : float
        Distance of the line from the centre of the field of view in that direction [Å].
    """

    angle: float
    offset: float

    def contains(self, positions: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether positions (y, x) lie in it, shape (n, 2) to (n,)."""
        normal = np.array([np.sin(np.deg2rad(self.angle)), np.cos(np.deg2rad(self.angle))])
        return np.asarray(positions @ normal > self.offset)


@dataclass(frozen=True, slots=True)
class Disk:
    """All within a circle.

    Attributes
    ----------
    centre : (float, float)
        (y, x) [Å].
    radius : float
        Radius [Å].
    """

    centre: tuple[float, float]
    radius: float

    def contains(self, positions: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether positions (y, x) lie in it, shape (n, 2) to (n,)."""
        return np.asarray(np.linalg.norm(positions - np.array(self.centre), axis=1) < self.radius)


Region = HalfPlane | Disk


def draw_half_plane(half_width: float, rng: np.random.Generator) -> HalfPlane:
    """Draw a half plane whose line crosses the middle three quarters of a field of view.

    Parameters
    ----------
    half_width : float
        Half the side of the field of view [Å].
    rng : Generator
        Source of direction and offset.
    """
    return HalfPlane(float(rng.uniform(0, 360)), float(0.75 * half_width * rng.uniform(-1, 1)))


def draw_disks(
    density: float, radius: tuple[float, float], half_width: float, rng: np.random.Generator
) -> tuple[Disk, ...]:
    """Draw disks that reach into a field of view.

    Parameters
    ----------
    density : float
        Mean number of centres per Å².
    radius : (float, float)
        Range of the radius [Å].
    half_width : float
        Half the side of the field of view [Å].
    rng : Generator
        Source of number, centres and radii.
    """
    half = half_width + radius[1]
    count = rng.poisson(density * (2 * half) ** 2)
    return tuple(
        Disk((float(y), float(x)), float(rng.uniform(*radius))) for y, x in rng.uniform(-half, half, (count, 2))
    )
