"""Patches looked up along their warps: images interpolated once, labels and weights of the nearest pixel."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from napari_strata.data.augmentation.warp import Warp
from napari_strata.types import NOT_LABELLED, Truth


def turn(tensor: Tensor, warps: Sequence[Warp]) -> Tensor:
    """Turn and mirror patches, shape (batch, ..., y, x), pixel by pixel, and cut out their centres."""
    results = []
    for sample, warp in zip(tensor, warps, strict=True):
        edge = (warp.drawn - warp.size) // 2
        centre = sample[..., edge : edge + warp.size, edge : edge + warp.size]
        turned = torch.rot90(centre, warp.turns, dims=(-2, -1))
        results.append(turned.flip(-1) if warp.mirrored else turned)
    return torch.stack(results)


def turn_truth(truth: Truth, warps: Sequence[Warp]) -> Truth:
    """Turn and mirror what patches show."""
    weights, values = (None if one is None else turn(one, warps) for one in (truth.weights, truth.values))
    return Truth(turn(truth.labels, warps), weights, values)


def resample(images: Tensor, truth: Truth, warps: Sequence[Warp]) -> tuple[Tensor, Truth]:
    """Look patches up along their warps.

    Images are interpolated by bicubic splines, which keep more of the noise than bilinear ones; labels, and the
    weights that belong to them, are those of the nearest pixel. Values are interpolated bilinearly among those
    that are known. Outside of what was drawn an image goes on mirrored, and nothing is labelled.

    Parameters
    ----------
    images : Tensor of float32, shape (batch, 1, y, x)
        Drawn patches.
    truth : Truth
        What they show.
    warps : sequence of Warp
        One for each patch.
    """
    sources = [warp.sources(images.device) for warp in warps]
    places = torch.stack(sources)
    nearest = _Nearest(places, images.shape[-1])
    image_places = torch.stack([warp.image_sources(one) for warp, one in zip(warps, sources, strict=True)])
    warped = grid_sample(
        images, _normalised(image_places, images), mode="bicubic", padding_mode="reflection", align_corners=False
    )
    weights = None if truth.weights is None else nearest.take(truth.weights, outside=0.0)
    values = None if truth.values is None else _values(truth.values, places, nearest)
    return warped, Truth(nearest.take(truth.labels, outside=NOT_LABELLED), weights, values)


class _Nearest:
    """The nearest pixels of places, shape (batch, y, x, 2) [px], in patches of a side [px]."""

    def __init__(self, places: Tensor, side: int) -> None:
        self._shape = places.shape[1:3]
        pixels = places.round().long()
        self._is_outside = ((pixels < 0) | (pixels >= side)).any(dim=-1)
        inside = pixels.clamp(0, side - 1)
        self._index = (inside[..., 0] * side + inside[..., 1]).flatten(1)

    def take(self, tensor: Tensor, *, outside: float) -> Tensor:
        """Return those pixels of patches, shape (batch, layer, y, x), and `outside` where there are none."""
        index = self._index[:, None].expand(-1, tensor.shape[1], -1)
        taken = tensor.flatten(2).gather(2, index).reshape(*tensor.shape[:2], *self._shape)
        return taken.masked_fill(self._is_outside[:, None], outside)


def _values(values: Tensor, places: Tensor, nearest: _Nearest) -> Tensor:
    known = ~values.isnan()
    both = torch.cat([values.nan_to_num(0.0), known.to(values.dtype)], dim=1)
    looked_up = grid_sample(both, _normalised(places, values), mode="bilinear", align_corners=False)
    sums, parts = looked_up.chunk(2, dim=1)
    is_known = nearest.take(known, outside=0)
    return (sums / parts).masked_fill(~is_known, torch.nan)


def _normalised(places: Tensor, patches: Tensor) -> Tensor:
    """Return (y, x) [px] as the (x, y) from -1 to 1, edges of the outermost pixels, that torch takes."""
    return ((2 * places + 1) / patches.shape[-1] - 1).flip(-1).to(patches.dtype)
