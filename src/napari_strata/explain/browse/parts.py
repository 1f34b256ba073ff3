"""A feature map computed part by part, so that large images fit into memory."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor

from napari_strata.explain.browse.reaching import compute_to
from napari_strata.models.cropped import can_be_cropped
from napari_strata.models.network import FeatureMap, Network

SIDE = 512
"""Side of a part [px of the network's grid]; a multiple of every usual stride."""

Area = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Part:
    """Some pixels of a feature map, and what they are computed from.

    Attributes
    ----------
    window : tuple of slice
        Rows and columns of the image; they hold all that the pixels see.
    own : tuple of slice
        Rows and columns of the feature map of that window: the pixels themselves.
    """

    window: Area
    own: Area

    def features(self, network: Network, where: FeatureMap, window: Tensor) -> Tensor:
        """Return the part's pixels, (1, channel, y, x), computed from its window of an image, (1, 1, y, x)."""
        return compute_to(network, where, window)[(..., *self.own)]

    def cut(self, image: Tensor) -> Tensor:
        """Return what its pixels are computed from, of an image (1, 1, y, x)."""
        return image[(..., *self.window)]


def parts_of(network: Network, where: FeatureMap, shape: tuple[int, int]) -> tuple[Part, ...]:
    """Divide a feature map into parts that have every pixel once, with the values that the whole image gives.

    Networks of which a window does not give the same (see `napari_strata.models.cropped.can_be_cropped`) are not
    divided, nor are images that are hardly larger than a part.
    """
    if max(shape) <= 3 * SIDE // 2 or not can_be_cropped(network):
        everything = slice(None), slice(None)
        return (Part(everything, everything),)
    rows, columns = (list(_along(side, where, network.stride)) for side in shape)
    return tuple(Part((y, x), (own_y, own_x)) for y, own_y in rows for x, own_x in columns)


def _along(side: int, where: FeatureMap, stride: int) -> Iterator[tuple[slice, slice]]:
    """Yield windows of an axis, and the pixels of their feature maps that count."""
    for start in range(0, side, SIDE):
        stop = start + SIDE
        low = max(start - where.reach.before, 0) // stride * stride
        high = -(-(stop + where.reach.after) // stride) * stride
        first = (start - low) // where.pixel
        if stop >= side:  # to the end, with what the network itself adds to the image
            yield slice(low, None), slice(first, None)
        else:
            yield slice(low, high), slice(first, first + SIDE // where.pixel)
