"""Feature maps as images that lie on the image."""

from dataclasses import dataclass

import numpy as np
import torch

from napari_strata.data.grid import to_network_grid
from napari_strata.explain.browse.reaching import features_at
from napari_strata.explain.layers import named_feature_map
from napari_strata.models.network import FeatureMap
from napari_strata.models.registry import LoadedModel
from napari_strata.types import AnyArray, FloatImage

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the pixels of a map lie on the image.

    Attributes
    ----------
    pixel : (float, float)
        Their height and width [px of the image].
    first : (float, float)
        Where the centre of the first one is, (y, x) [px of the image].
    """

    pixel: Pair
    first: Pair

    def at(self, index: tuple[float, float]) -> Pair:
        """Return where the centre of a pixel is, (y, x) [px of the image]."""
        y, x = (first + i * pixel for i, first, pixel in zip(index, self.first, self.pixel, strict=True))
        return y, x


@dataclass(frozen=True, slots=True, eq=False)
class FeatureStack:
    """What a feature map shows of one frame, a channel a slice.

    Attributes
    ----------
    name : str
        Name of the feature map.
    data : ndarray of float32, shape (channel, y, x)
        Activations; of either sign where no ReLU made them.
    place : Place
        Where they lie on the image. Pixels beyond the image are left out.
    start : (int, int)
        Numbers of the first row and the first column in the network.
    where : FeatureMap
        The feature map.
    grid : (float, float)
        Pixels of the network's grid for a pixel of the image, along y and x.
    frame : int
        Frame of the stack, from 0.
    """

    name: str
    data: FloatImage
    place: Place
    start: tuple[int, int]
    where: FeatureMap
    grid: Pair
    frame: int = 0

    @property
    def is_signed(self) -> bool:
        """Whether there are values below 0."""
        return bool(self.data.min() < 0)


def feature_stack(
    model: LoadedModel, frame: AnyArray, pixel_size: float | None, name: str, *, number: int = 0
) -> FeatureStack:
    """Return what a feature map shows of a frame.

    Of the whole frame in one pass, in the orientation in which the frame is.

    Parameters
    ----------
    model : LoadedModel
        The network, on the device that computes, and its card.
    frame : ndarray, shape (y, x)
        The whole frame.
    pixel_size : float or None
        Its pixel size [Å/px].
    name : str
        Name of the feature map.
    number : int
        Number of the frame.

    Raises
    ------
    MethodError
        If the network has no feature map of that name.
    CalibrationError
        If the network needs a pixel size and the image has none.
    """
    where = named_feature_map(model.network, name)
    grid = to_network_grid(frame, pixel_size, model.card.model.pixel_size)
    device = next(model.network.parameters()).device
    image = torch.from_numpy(np.ascontiguousarray(grid))[None, None].to(device)
    shown = features_at(model.network, where, image)[0].cpu().numpy()
    return cut_to_image(
        name, shown, where, (grid.shape[0], grid.shape[1]), (frame.shape[0], frame.shape[1]), number
    )


def cut_to_image(
    name: str,
    shown: FloatImage,
    where: FeatureMap,
    grid: tuple[int, int],
    shape: tuple[int, int],
    frame: int,
) -> FeatureStack:
    """Place a feature map on an image, without the pixels whose centres lie beyond it.

    Parameters
    ----------
    name : str
        Name of the feature map.
    shown : ndarray of float32, shape (channel, y, x)
        All that the network gives, padding included.
    where : FeatureMap
        Where it lies on the network's grid.
    grid, shape : tuple of int
        Height and width on the network's grid and of the image [px].
    frame : int
        Number of the frame.
    """
    spans = [_inside(own, side, where) for own, side in zip(shown.shape[-2:], grid, strict=True)]
    (top, bottom), (left, right) = spans
    ratio = grid[0] / shape[0], grid[1] / shape[1]
    first = tuple(
        (where.first + start * where.pixel + 0.5) / r - 0.5 for start, r in zip((top, left), ratio, strict=True)
    )
    place = Place((where.pixel / ratio[0], where.pixel / ratio[1]), (first[0], first[1]))
    data = np.ascontiguousarray(shown[:, top:bottom, left:right])
    return FeatureStack(name, data, place, (top, left), where, ratio, frame)


def _inside(own: int, side: int, where: FeatureMap) -> tuple[int, int]:
    """Return the first feature pixel whose centre is in the image, and the one after the last."""
    centres = where.first + where.pixel * np.arange(own, dtype=np.float64)
    inside = np.flatnonzero((centres >= -0.5) & (centres <= side - 0.5))
    return int(inside[0]), int(inside[-1]) + 1
