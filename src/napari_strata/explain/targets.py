"""What is explained: a pixel, an atom or a region, each as a map of weights on the network's grid.

A dense network has one output per pixel, so an explanation needs one number to explain. It is a weighted mean of
outputs, and a target says with which weights; they sum to 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_strata.errors import TargetError
from napari_strata.explain.runs import to_runs
from napari_strata.types import FloatImage

REACH = 3.0
"""An atom's footprint is cut off at so many standard deviations."""


@dataclass(frozen=True, slots=True)
class PixelTarget:
    """One pixel of the image, as (y, x) [px]."""

    y: int
    x: int


@dataclass(frozen=True, slots=True)
class AtomTarget:
    """The atom nearest to a position.

    Attributes
    ----------
    y, x : float
        Position [px].
    radius : float, optional
        Radius of the atom's footprint [Å], two standard deviations of a Gaussian; None takes
        `napari_strata.config.ExplainConfig.target_radius`.
    """

    y: float
    x: float
    radius: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RegionTarget:
    """The pixels at which a mask of shape (y, x) is true.

    Attributes
    ----------
    mask : ndarray of bool, shape (y, x)
        The pixels.
    kind : {"region", "instance", "slice"}
        Whether somebody drew it, it is one label of a Labels layer, or it is the whole slice, of which the pixels
        count in which the class is predicted; see `napari_strata.explain.terms`.
    """

    mask: NDArray[np.bool_]
    kind: Literal["region", "instance", "slice"] = "region"


Target = PixelTarget | AtomTarget | RegionTarget


def check_target(target: Target, shape: tuple[int, int]) -> None:
    """Check that a target lies in an image of shape (y, x).

    Raises
    ------
    TargetError
        If it does not.
    """
    height, width = shape
    if isinstance(target, RegionTarget):
        if target.mask.shape != shape:
            raise TargetError(
                f"The region has the shape {target.mask.shape}, the image {shape}.",
                remedy="Draw the region on this image.",
            )
        if not target.mask.any():
            raise TargetError("The region holds no pixel.", remedy="Draw at least one pixel.")
    elif not (-0.5 <= target.y < height - 0.5 and -0.5 <= target.x < width - 0.5):
        raise TargetError(
            f"The position y = {target.y:g}, x = {target.x:g} px lies outside the image.",
            remedy=f"Choose y from 0 to {height - 1} and x from 0 to {width - 1} px.",
        )


def centre(target: Target) -> tuple[float, float]:
    """Return the target's position (y, x) [px]; of a region, its centroid."""
    if isinstance(target, RegionTarget):
        y, x = np.argwhere(target.mask).mean(axis=0)
        return float(y), float(x)
    return target.y, target.x


def describe(target: Target) -> Mapping[str, Any]:
    """Return a target in words and numbers, ready for JSON."""
    if isinstance(target, RegionTarget):
        return {"kind": target.kind, "pixels": int(np.count_nonzero(target.mask)), "runs": to_runs(target.mask)}
    if isinstance(target, AtomTarget):
        return {"kind": "atom", "y_px": target.y, "x_px": target.x, "radius_A": target.radius}
    return {"kind": "pixel", "y_px": target.y, "x_px": target.x}


def pixel_weights(target: PixelTarget | RegionTarget, shape: tuple[int, int], grid: tuple[int, int]) -> FloatImage:
    r"""Return the weights of a pixel or a region.

    The network's map, interpolated bilinearly at the :math:`N` pixels :math:`q` of the target, is averaged:
    :math:`\sum_p w_p z_p = \frac{1}{N} \sum_q z(q)`. So :math:`w` is the transposed interpolation.

    Parameters
    ----------
    target : PixelTarget or RegionTarget
        A checked target.
    shape, grid : tuple of int
        Shape (y, x) of the image and (y', x') of the network's grid.

    Returns
    -------
    ndarray of float32, shape (y', x')
        At least 0, sum 1.
    """
    if isinstance(target, RegionTarget):
        positions = np.argwhere(target.mask).astype(np.float64)
    else:
        positions = np.array([[target.y, target.x]], np.float64)
    at = np.clip(to_grid(positions, shape, grid), 0, np.array(grid) - 1)
    low = np.minimum(np.floor(at), np.maximum(np.array(grid) - 2, 0)).astype(np.intp)
    part = at - low
    weights = np.zeros(grid)
    for step_y in (0, 1):
        for step_x in (0, 1):
            share = np.abs(1 - step_y - part[:, 0]) * np.abs(1 - step_x - part[:, 1])
            corner = np.minimum(low + np.array([step_y, step_x]), np.array(grid) - 1)
            np.add.at(weights, tuple(corner.T), share / len(at))
    return weights.astype(np.float32)


def atom_weights(
    target: AtomTarget, shape: tuple[int, int], grid: tuple[int, int], *, pixel_size: float, radius: float
) -> FloatImage:
    r"""Return the weights of an atom: its Gaussian footprint.

    :math:`w_p \propto \exp(-d_p^2 / 2 \sigma^2)` with :math:`d_p` the distance of grid point :math:`p` from the
    atom and :math:`\sigma` half the radius, cut off at `REACH` :math:`\sigma`. The grid point next to the atom
    always counts, however small the radius.

    Parameters
    ----------
    target : AtomTarget
        A checked target at the position of an atom.
    shape, grid : tuple of int
        Shape (y, x) of the image and (y', x') of the network's grid.
    pixel_size : float
        Pixel size of the image [Å/px].
    radius : float
        Radius of the footprint [Å].

    Returns
    -------
    ndarray of float32, shape (y', x')
        At least 0, sum 1.
    """
    y, x = to_grid(np.array([[target.y, target.x]]), shape, grid)[0]
    step_y, step_x = (pixel_size * own / new for own, new in zip(shape, grid, strict=True))
    squares = ((np.arange(grid[0])[:, None] - y) * step_y) ** 2 + ((np.arange(grid[1]) - x) * step_x) ** 2
    excess = squares - squares.min()
    sigma = radius / 2
    weights = np.where(excess <= (REACH * sigma) ** 2, np.exp(-excess / (2 * sigma**2)), 0)
    normalised: FloatImage = (weights / weights.sum()).astype(np.float32)
    return normalised


def to_grid(positions: NDArray[np.float64], shape: tuple[int, int], grid: tuple[int, int]) -> NDArray[np.float64]:
    """Map positions (y, x) from the image's grid to the network's: x' = (x + 0.5) s - 0.5."""
    mapped: NDArray[np.float64] = (positions + 0.5) * (np.array(grid) / np.array(shape)) - 0.5
    return mapped
