"""What a user points at: clicks on an object, clicks beside it, a box around it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Prompts:
    """Positions as (y, x) in pixels of the image, (0, 0) being the centre of the first pixel.

    Attributes
    ----------
    inside : tuple of (float, float)
        Points on the object.
    outside : tuple of (float, float)
        Points that do not belong to it.
    box : tuple of float, or None
        Least y, least x, largest y and largest x of a box around the object; the box that holds just the first
        pixel is (-0.5, -0.5, 0.5, 0.5).
    """

    inside: tuple[Point, ...] = ()
    outside: tuple[Point, ...] = ()
    box: tuple[float, float, float, float] | None = None

    def __bool__(self) -> bool:
        """Tell whether anything points at an object; points beside it alone do not."""
        return bool(self.inside) or self.box is not None

    @property
    def is_vague(self) -> bool:
        """Whether one point may mean the object, a part of it, or all that it is a part of."""
        return self.box is None and len(self.inside) == 1 and not self.outside

    @property
    def points(self) -> NDArray[np.float64]:
        """All points, those inside first; shape (n, 2)."""
        return np.array([*self.inside, *self.outside], np.float64).reshape(-1, 2)

    @property
    def is_inside(self) -> NDArray[np.int64]:
        """1 for each point inside and 0 for each outside, in the order of `points`."""
        return np.repeat([1, 0], [len(self.inside), len(self.outside)])
