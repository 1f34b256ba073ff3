"""What is examined: an image and its labels, taken slice by slice from arrays that may be lazy."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from napari_strata.types import AnyArray


class Stack(Protocol):
    """An array that gives one slice at a time: of numpy, dask or zarr, in memory or mapped from a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        ...

    @property
    def dtype(self) -> "np.dtype[Any]":
        """Type of the values."""
        ...

    def __getitem__(self, key: Any, /) -> Any:
        """Return a part."""
        ...


@dataclass(frozen=True, slots=True)
class LayerLabels:
    """The labels of one crystal layer.

    Attributes
    ----------
    data : Stack
        Mask codes, shape (y, x) or (frame, y, x).
    name, file : str
        What they are called, and their path where they are in a file.
    pixel_ratio : float
        Side of a label pixel in pixels of the image.
    shift : (float, float)
        Where the first label pixel lies on the image (y, x) [px].
    """

    data: Stack
    name: str
    file: str = ""
    pixel_ratio: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Subject:
    """One image with its labels.

    Attributes
    ----------
    image : Stack
        Intensities, shape (y, x) or (frame, y, x).
    name, file : str
        What it is called, and its path where it is in a file.
    labels : tuple of LayerLabels
        One per crystal layer; empty where nobody labelled the image.
    pixel_size : float or None
        Pixel size of the image [Å/px].
    is_colour : bool
        Whether the last axis of the image holds colours.
    """

    image: Stack
    name: str
    labels: tuple[LayerLabels, ...] = ()
    pixel_size: float | None = None
    file: str = ""
    is_colour: bool = False


def depth_of(shape: tuple[int, ...]) -> int:
    """Return the number of slices of an array (y, x) or (frame, y, x)."""
    return 1 if len(shape) == 2 else shape[0]


def slice_of(stack: Stack, frame: int) -> AnyArray:
    """Return one slice, shape (y, x), in memory."""
    return np.asarray(stack[:] if len(stack.shape) == 2 else stack[frame])


def as_stack(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape (frame, y, x) of an array (y, x) or (frame, y, x)."""
    return (1, *shape) if len(shape) == 2 else tuple(shape)
