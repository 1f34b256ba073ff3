"""The kernels of a network's first convolution."""

import numpy as np
from torch import nn

from napari_strata.models.network import Network
from napari_strata.types import FloatImage


def first_kernels(network: Network) -> FloatImage:
    """Return the kernels that look at the image itself.

    Of networks with shortcuts those of the branch; of several networks as one, those of the first.

    Returns
    -------
    ndarray of float32, shape (kernel, y, x)
        Weights, of either sign, as correlated with the image.
    """
    first = next(iter(network.feature_maps().values())).block
    looking = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.in_channels == 1]
    own = [m for m in first.modules() if m in looking]
    kernels = (own or looking)[0].weight
    weights: FloatImage = kernels.detach().cpu().numpy()[:, 0]
    return weights


def kernel_grid(kernels: FloatImage) -> FloatImage:
    """Lay kernels beside each other, in rows, with a pixel of nothing (NaN) between.

    Parameters
    ----------
    kernels : ndarray of float32, shape (kernel, y, x)
        The kernels.

    Returns
    -------
    ndarray of float32, shape (rows * (y + 1) - 1, columns * (x + 1) - 1)
        As many rows as columns, or one less; NaN where there is no kernel.
    """
    number, height, width = kernels.shape
    columns = int(np.ceil(np.sqrt(number)))
    rows = -(-number // columns)
    grid = np.full((rows, height + 1, columns, width + 1), np.nan, np.float32)
    for index, kernel in enumerate(kernels):
        grid[index // columns, :height, index % columns, :width] = kernel
    return grid.reshape(rows * (height + 1), columns * (width + 1))[:-1, :-1]
