"""The part of an image that a target depends on."""

import numpy as np
from numpy.typing import NDArray

from napari_strata.models.network import Network
from napari_strata.types import FloatImage

Window = tuple[slice, slice]


def window_around(weights: FloatImage, network: Network) -> Window:
    """Return the smallest window in which an explanation equals that of the whole image.

    It reaches one receptive field beyond the target and begins at a multiple of the network's stride. Where it
    is cut off inside the image it ends at one, too; at the image's border the network pads it as it pads the
    image.

    Parameters
    ----------
    weights : ndarray, shape (y, x)
        The target's weights on the network's grid.
    network : Network
        Its stride and receptive field count.
    """
    rows, columns = np.nonzero(weights)
    return _span(rows, weights.shape[0], network), _span(columns, weights.shape[1], network)


def _span(touched: NDArray[np.intp], length: int, network: Network) -> slice:
    stride, reach = network.stride, network.receptive_field
    start = max(0, int(touched.min()) - reach) // stride * stride
    stop = -(-(int(touched.max()) + 1 + reach) // stride) * stride
    return slice(start, min(stop, length))
