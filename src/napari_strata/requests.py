"""What a running job is told beside stop and pause: typed, frozen requests, taken between two steps."""

from dataclasses import dataclass
from typing import Any

from napari_strata.types import AnyArray, ImageStack, LabelArray


@dataclass(frozen=True, slots=True)
class Request:
    """Base of all requests."""


@dataclass(frozen=True, slots=True, eq=False)
class Correction(Request):
    """Labels that somebody painted while the network trains.

    Attributes
    ----------
    frame : int
        Frame of the image that is learned from, counted as in the whole stack.
    layer : int
        Crystal layer.
    y, x : int
        First row and column of what was changed [px].
    codes : ndarray of uint8, shape (y, x)
        Mask codes there now, changed or not.
    pixels : ndarray, shape (y, x), or None
        The whole frame of the image, where the training has not been given it yet.
    pixel_size : float or None
        Pixel size of that frame [Å/px].
    """

    frame: int
    layer: int
    y: int
    x: int
    codes: LabelArray
    pixels: AnyArray | None = None
    pixel_size: float | None = None


@dataclass(frozen=True, slots=True)
class Pin(Request):
    """A region that is to be checked after every validation.

    Attributes
    ----------
    name : str
        Unique name, for people.
    frame : int
        Frame, counted as in the whole stack.
    y, x, height, width : int
        The region [px]; right is what is painted in it.
    """

    name: str
    frame: int
    y: int
    x: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Unpin(Request):
    """A region that need not be checked any longer."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Look(Request):
    """What the user looks at, to be predicted live from now on.

    Attributes
    ----------
    image : ImageStack or None
        One frame, or the part of it around what is seen; it is normalised as a whole. None: nobody looks.
    key : int
        Comes back in `PreviewReady`, so that a picture never lands where nobody looks any longer.
    seen : (int, int, int, int) or None
        First row and column, height and width of what is seen of that image [px]; None means all of it.
    """

    image: ImageStack | None
    key: int
    seen: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Pace(Request):
    """How often to predict live from now on.

    Attributes
    ----------
    interval : float
        Shortest time between two previews [s].
    """

    interval: float


@dataclass(frozen=True, slots=True)
class ProbeAt(Request):
    """A place whose heatmap is wanted now; of several only the last is answered.

    Attributes
    ----------
    frame : int
        Frame of the stack.
    y, x : float
        Position [px].
    """

    frame: int
    y: float
    x: float


@dataclass(frozen=True, slots=True)
class FrameWanted(Request):
    """The frame of a stack that is looked at now; of several only the last counts.

    Attributes
    ----------
    frame : int
        Frame of the stack.
    reach : int or None
        How many neighbours on either side are wanted after it; None means all frames.
    """

    frame: int
    reach: int | None


@dataclass(frozen=True, slots=True, eq=False)
class TryChange(Request):
    """A change of the image whose effect is wanted now; of several only the last is answered.

    Attributes
    ----------
    mask : ndarray of bool, shape (y, x), or None
        The region that is changed; None takes what the question is about.
    config : object
        A `napari_strata.config.what_if.WhatIfConfig`.
    """

    mask: AnyArray | None
    config: Any
