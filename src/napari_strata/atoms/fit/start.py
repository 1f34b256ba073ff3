"""Where the fit begins."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.background import Knots
from napari_strata.atoms.fit.model import REACH, Parameters
from napari_strata.atoms.fit.polynomials import SHAPE_PARAMETERS, Shape
from napari_strata.atoms.fit.squares import Floats

KNOT_SPACING = 12.0
"""Distance of the background's knots, in standard deviations of a peak."""


def starting_parameters(
    image: Floats, positions: Floats, *, width_px: float, shape: Shape, groups: int, knots: Knots
) -> Parameters:
    """Guess heights from the nearest pixels, over a level that a twentieth of the pixels do not reach."""
    level, high = np.quantile(image[:: max(1, image.shape[0] // 1000)], (0.05, 0.99))
    nearest = np.clip(np.rint(positions).astype(np.intp), 0, np.array(image.shape) - 1)
    heights = image[nearest[:, 0], nearest[:, 1]] - level
    least = 0.1 * max(high - level, np.finfo(np.float64).tiny)
    precision = (np.array([1.0, 0.0, 1.0]) if SHAPE_PARAMETERS[shape] == 3 else np.ones(1)) / width_px**2
    return Parameters(
        positions.astype(np.float64),
        np.maximum(heights, least),
        np.tile(precision, (groups, 1)),
        np.full(knots.count, level),
    )


def pixels_near(positions: Floats, width_px: float, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Mark the pixels (y, x) whose distance from an atom is within the reach of a peak."""
    from scipy import ndimage

    marked = np.ones(shape, bool)
    nearest = np.clip(np.rint(positions).astype(np.intp), 0, np.array(shape) - 1)
    marked[nearest[:, 0], nearest[:, 1]] = False
    near: NDArray[np.bool_] = ndimage.distance_transform_edt(marked) <= REACH * width_px
    return near
