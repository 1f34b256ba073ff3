"""Derivatives of Gaussians as polynomials, and sums over pixels as moments.

Every derivative of a Gaussian is the Gaussian times a polynomial of second order in y and x. So every element of
the normal equations of two atoms is a combination of the 15 moments up to fourth order of the weights under the
product of both Gaussians, which is a Gaussian itself.
"""

from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_strata.atoms.fit.squares import Floats, from_middle

Shape = Literal["round", "elliptical"]

MONOMIALS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))
"""Powers of y and x of the terms of a polynomial: 1, y, x, y², yx, x²."""


def derivatives(shape: Shape, amplitude: Floats, precision: Floats, centres: Floats) -> Floats:
    """Return the polynomials that, times its Gaussian, are the derivatives of an atom's peak.

    Parameters
    ----------
    shape : {"round", "elliptical"}
        Round peaks have one parameter of shape, their precision; elliptical ones three, yy, yx and xx.
    amplitude : ndarray, shape (atom,)
        Heights.
    precision : ndarray, shape (atom, 3)
        Inverse covariance yy, yx, xx [1/px²].
    centres : ndarray, shape (atom, 2)
        Positions (y, x) in the coordinates of the polynomials [px].

    Returns
    -------
    ndarray, shape (atom, 3 + parameters of shape, 6)
        Coefficients of `MONOMIALS` for y, x, amplitude and the parameters of shape.
    """
    (y, x), (yy, yx, xx) = centres.T, precision.T
    found = np.zeros((len(amplitude), 3 + SHAPE_PARAMETERS[shape], 6))
    for row, (down, right) in enumerate(((yy, yx), (yx, xx))):
        found[:, row, 0] = -amplitude * (down * y + right * x)
        found[:, row, 1], found[:, row, 2] = amplitude * down, amplitude * right
    found[:, 2, 0] = 1
    half = -0.5 * amplitude
    last = found.shape[1] - 1  # of a round peak, y² and x² have the same parameter
    for row, terms in ((3, ((0, y * y), (1, -2 * y), (3, 1.0))), (last, ((0, x * x), (2, -2 * x), (5, 1.0)))):
        for monomial, coefficient in terms:
            found[:, row, monomial] += half * coefficient
    if shape == "elliptical":
        for monomial, coefficient in ((0, y * x), (1, -x), (2, -y), (4, 1.0)):
            found[:, 4, monomial] = -amplitude * coefficient
    return found


SHAPE_PARAMETERS = {"round": 1, "elliptical": 3}
"""How many parameters the shape of a peak has."""


def full_precision(shape: Shape, parameters: Floats) -> Floats:
    """Return precisions yy, yx, xx (..., 3) from parameters of shape (..., 1 or 3) [1/px²]."""
    if shape == "elliptical":
        return parameters
    precision: Floats = parameters * np.array([1.0, 0.0, 1.0])
    return precision


def first_moments(values: Floats) -> Floats:
    """Sum values (square, y, x) times each of `MONOMIALS`, shape (square, 6)."""
    y, x = zip(*MONOMIALS, strict=True)
    return _moments(values, 2)[:, y, x]


def product_moments(values: Floats) -> Floats:
    """Sum values (square, y, x) times each product of two of `MONOMIALS`, shape (square, 6, 6)."""
    y, x = np.array(MONOMIALS).T
    return _moments(values, 4)[:, y[:, None] + y, x[:, None] + x]


def _moments(values: Floats, order: int) -> Floats:
    """Sum values (square, y, x) times powers of y and x, shape (square, power of y, power of x).

    One axis after the other and square by square: one product of large matrices has three times the work, and
    wakes the threads of BLAS, which on a busy machine wait for each other a hundred times as long as they work.
    """
    down, right = (_powers(side, order) for side in values.shape[1:])
    moments: Floats = (down.T @ values) @ right
    return moments


@lru_cache(maxsize=16)
def _powers(side: int, order: int) -> Floats:
    """Return the powers up to an order of the pixels of a side, counted from its middle, shape (pixel, power)."""
    powers: Floats = from_middle(side)[:, None] ** np.arange(order + 1)
    powers.flags.writeable = False
    return powers


def multiply(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> tuple[Floats, Floats, Floats]:
    """Multiply Gaussians of height 1.

    Parameters
    ----------
    one, other : (ndarray, ndarray), shapes (pair, 2) and (pair, 3)
        Centres [px] and precisions [1/px²].

    Returns
    -------
    height, centre, precision : ndarray, shapes (pair,), (pair, 2), (pair, 3)
        The Gaussian that is their product.
    """
    precision = one[1] + other[1]
    drawn = [_times(*_matrix(p), c) for c, p in (one, other)]
    centre = _solve(precision, drawn[0] + drawn[1])
    exponents = [np.einsum("pc,pc->p", c - centre, _times(*_matrix(p), c - centre)) for c, p in (one, other)]
    return np.exp(-0.5 * (exponents[0] + exponents[1])), centre, precision


def _matrix(precision: Floats) -> tuple[Floats, Floats, Floats]:
    return precision[:, 0], precision[:, 1], precision[:, 2]


def _times(yy: Floats, yx: Floats, xx: Floats, vector: Floats) -> Floats:
    y, x = vector.T
    return np.stack([yy * y + yx * x, yx * y + xx * x], axis=1)


def _solve(precision: Floats, vector: Floats) -> Floats:
    yy, yx, xx = _matrix(precision)
    solved: Floats = _times(xx, -yx, yy, vector) / (yy * xx - yx * yx)[:, None]
    return solved


def widths(precision: Floats) -> Floats:
    """Return the standard deviations along the short and the long axis [px], shape (..., 2)."""
    yy, yx, xx = np.moveaxis(precision, -1, 0)
    mean, spread = (yy + xx) / 2, np.hypot((yy - xx) / 2, yx)
    return np.stack([1 / np.sqrt(mean + spread), 1 / np.sqrt(np.maximum(mean - spread, 1e-12))], axis=-1)


def neighbours_sum(values: Floats, index: NDArray[np.intp], count: int) -> Floats:
    """Sum rows (row, ...) that have the same index, shape (count, ...)."""
    flat = values.reshape(len(values), int(np.prod(values.shape[1:])))
    sums = np.stack([np.bincount(index, column, count).astype(np.float64) for column in flat.T], axis=1)
    return sums.reshape(count, *values.shape[1:])
