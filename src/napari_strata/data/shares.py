"""Values that add up, from the grid on which a network works to an image's own: their sum stays what it is."""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import FloatImage

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def shares_from_network_grid(values: FloatImage, shape: tuple[int, int]) -> FloatImage:
    r"""Share out the values of one grid among the pixels of another that covers the same area.

    `napari_strata.data.grid.from_network_grid` reads values between pixels off a linear interpolation, as is right
    for what has the same value on any grid. What every pixel has a part of is an amount per area: here the same
    interpolation is integrated over each new pixel, in units of the old ones, so that no amount is lost or made
    anywhere. Equal values become equal values, times the area of a new pixel.

    Parameters
    ----------
    values : ndarray of float32, shape (y', x')
        Amounts.
    shape : (int, int)
        Shape (y, x) of the other grid.

    Returns
    -------
    ndarray of float32, shape (y, x)
        Has the same sum.
    """
    if values.shape == shape:
        return values
    rows, columns = (_shares(old, new) for old, new in zip(values.shape, shape, strict=True))
    shared: FloatImage = np.ascontiguousarray((rows @ (columns @ values.T).T).astype(np.float32))
    return shared


def _shares(old: int, new: int) -> "csr_array":
    """Return which part of each old pixel of an axis goes to which new one, shape (new, old)."""
    from scipy.sparse import csr_array

    borders = np.arange(new + 1) * (old / new) - 0.5
    nodes = np.floor(borders[:-1]).astype(np.intp)[:, None] + np.arange(math.ceil(old / new) + 2)
    parts = _hat_before(borders[1:, None] - nodes) - _hat_before(borders[:-1, None] - nodes)
    to = np.broadcast_to(np.arange(new)[:, None], nodes.shape)
    # Beyond the last pixel the interpolation goes on with its value, so a node there counts as that pixel.
    inside = np.clip(nodes, 0, old - 1)
    return csr_array((parts.ravel(), (to.ravel(), inside.ravel())), shape=(new, old))


def _hat_before(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the integral up to x of the hat that linear interpolation gives a pixel: 1 at 0, 0 from 1 px on."""
    x = np.clip(x, -1, 1)
    return np.where(x < 0, (1 + x) ** 2 / 2, 1 - (1 - x) ** 2 / 2)
