"""Cut a large image into overlapping tiles whose blend equals the untiled prediction.

Along each axis a tile's input reaches one halo beyond the part that it is trusted with. The halo covers the
receptive field, and tiles begin at multiples of the stride, so a trusted pixel sees exactly what it would see
in the whole image. At the image's border a tile ends where the image ends: the network pads there as it would
pad the whole image, hence border pixels agree as well.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.types import FloatImage

OVERLAP = 32
"""Least width of the zone that two neighbouring tiles are both trusted with and blended in [px]."""


@dataclass(frozen=True, slots=True)
class Span:
    """One tile along one axis.

    Attributes
    ----------
    start, stop : int
        Pixels that the network sees, ``start <= i < stop``; `start` is a multiple of the stride.
    weights : ndarray of float32, shape (stop - start,)
        Share of this tile in the blend, 0 where it is not trusted; shares of all tiles sum to 1 at every pixel.
    """

    start: int
    stop: int
    weights: FloatImage

    @property
    def pixels(self) -> slice:
        """The pixels as a slice."""
        return slice(self.start, self.stop)


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle that the network sees at once."""

    y: Span
    x: Span

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width [px]."""
        return self.y.weights.size, self.x.weights.size

    @property
    def weights(self) -> FloatImage:
        """Share of this tile in the blend, shape (height, width)."""
        return self.y.weights[:, None] * self.x.weights[None, :]


def plan_tiles(shape: tuple[int, int], *, tile_size: int, stride: int, receptive_field: int) -> tuple[Tile, ...]:
    """Plan the tiles of an image, row by row, so that each overlaps one before it.

    Parameters
    ----------
    shape : tuple of int
        Height and width of the image [px].
    tile_size : int
        Wanted side of a tile [px]. Sides come out smaller where that spares work, larger where the halos would
        otherwise eat more than half of a tile.
    stride : int
        Stride of the network's coarsest level [px].
    receptive_field : int
        Input pixels that can influence an output pixel lie within this distance [px].

    Returns
    -------
    tuple of Tile
        One tile where the image is no larger than a tile.
    """
    rows, columns = (
        plan_axis(length, tile_size=tile_size, stride=stride, receptive_field=receptive_field) for length in shape
    )
    return tuple(Tile(y, x) for y in rows for x in columns)


def plan_axis(length: int, *, tile_size: int, stride: int, receptive_field: int) -> tuple[Span, ...]:
    """Plan the tiles along one axis; parameters as in `plan_tiles`."""
    halo, shared = _halo_and_shared(stride, receptive_field)
    side = _round_up(max(tile_size, least_side(stride=stride, receptive_field=receptive_field)), stride)
    if length <= side:
        return (Span(0, length, np.ones(length, np.float32)),)
    count = -(-(length - shared) // (side - shared))
    side = _round_up(-(-(length + (count - 1) * shared) // count), stride)
    last = -(-(length - side) // stride)
    starts = [stride * (i * last // (count - 1)) for i in range(count)]
    stops = [start + side for start in starts[:-1]] + [length]
    windows = [_window(a, b, length, halo, shared - 2 * halo) for a, b in zip(starts, stops, strict=True)]
    total = np.zeros(length)
    for start, stop, window in zip(starts, stops, windows, strict=True):
        total[start:stop] += window
    return tuple(
        Span(start, stop, (window / total[start:stop]).astype(np.float32))
        for start, stop, window in zip(starts, stops, windows, strict=True)
    )


def least_side(*, stride: int, receptive_field: int) -> int:
    """Return the side of the smallest tile that is planned, however small the wanted one [px]."""
    return 2 * _halo_and_shared(stride, receptive_field)[1]


def _halo_and_shared(stride: int, receptive_field: int) -> tuple[int, int]:
    """Return the width of a halo, and of what two neighbours share: two halos and the blend."""
    halo = _round_up(receptive_field, stride)
    return halo, 2 * halo + _round_up(OVERLAP, stride)


def _window(start: int, stop: int, length: int, halo: int, ramp: int) -> NDArray[np.float64]:
    """Rise from 0 one halo behind each cut end to 1 one ramp further in; stay 1 up to the image's border."""
    at = np.arange(start, stop) + 0.5
    inside = np.ones(stop - start)
    if start > 0:
        inside = np.minimum(inside, (at - start - halo) / ramp)
    if stop < length:
        inside = np.minimum(inside, (stop - halo - at) / ramp)
    return np.sin(np.pi / 2 * np.clip(inside, 0, 1)) ** 2


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


class Canvas:
    """Collects tiles into one map; holds the map, never the tiles.

    Parameters
    ----------
    layers, classes : int
        Layers, and classes with background.
    shape : tuple of int
        Height and width of the image [px].
    """

    def __init__(self, layers: int, classes: int, shape: tuple[int, int]) -> None:
        self._sum: FloatImage = np.zeros((layers, classes, *shape), np.float32)

    @property
    def blended(self) -> FloatImage:
        """The map, shape (layer, class, y, x); complete when every tile was added."""
        return self._sum

    def under(self, tile: Tile) -> FloatImage:
        """Return the weighted sum of earlier tiles in the rectangle of `tile`, 0 where there are none."""
        return self._sum[..., tile.y.pixels, tile.x.pixels]

    def add(self, tile: Tile, probabilities: FloatImage) -> None:
        """Add a tile's probabilities, shape (layer, class, height, width)."""
        self.under(tile)[:] += probabilities * tile.weights
