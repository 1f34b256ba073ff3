"""Annotations of an image drawn into one array: mask codes, one plane per class, or numbered objects.

What is drawn as background, or as not labelled, makes holes in all that lies below it.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_strata.io.labels.annotations import BACKGROUND_NAME, NOT_LABELLED_NAME, Annotation
from napari_strata.io.labels.raster import fill
from napari_strata.io.labels.shapes import PixelMask
from napari_strata.types import LabelArray


@dataclass(frozen=True, slots=True)
class DrawnObject:
    """One object of an instance mask.

    Attributes
    ----------
    number : int
        Its value in the mask, from 1.
    label : str
        Its class.
    pixels : int
        How many pixels of it are to be seen.
    source : str
        Who drew it, as the file says.
    occluded : bool
        Whether the file says that something hides a part of it.
    """

    number: int
    label: str
    pixels: int
    source: str
    occluded: bool


def draw_codes(
    annotations: Sequence[Annotation],
    size: tuple[int, int],
    codes: Mapping[str, int],
    *,
    outside: int,
    line_width: float = 1.0,
) -> LabelArray:
    """Draw annotations as mask codes, each over those below it.

    Parameters
    ----------
    annotations : sequence of Annotation
        What to draw; by `z_order`, of equals the later one lies above.
    size : (int, int)
        Height and width of the image [px].
    codes : mapping of str to int
        Mask code of each class; annotations of other classes are left out.
    outside : int
        Mask code of the pixels on which nothing is drawn.
    line_width : float
        Width of polylines [px].

    Returns
    -------
    ndarray of uint8, shape `size`
        Mask codes.
    """
    drawn = np.full(size, outside, np.uint8)
    for place, window, pixels in _from_below(annotations, size, codes, line_width):
        drawn[window][pixels] = codes[annotations[place].label]
    return drawn


def draw_planes(
    annotations: Sequence[Annotation], size: tuple[int, int], labels: Sequence[str], *, line_width: float = 1.0
) -> LabelArray:
    """Draw annotations as one plane of 0 and 1 per class; classes may overlap, but not background.

    Parameters
    ----------
    annotations : sequence of Annotation
        What to draw.
    size : (int, int)
        Height and width of the image [px].
    labels : sequence of str
        The classes, one plane each.
    line_width : float
        Width of polylines [px].

    Returns
    -------
    ndarray of uint8, shape (class, y, x)
        1 where something of the class is drawn.
    """
    planes = np.zeros((len(labels), *size), np.uint8)
    index = {label: place for place, label in enumerate(labels)}
    for place, window, pixels in _from_below(annotations, size, _with_holes(labels), line_width):
        plane = index.get(annotations[place].label)
        if plane is None:
            planes[:, *window][:, pixels] = 0
        else:
            planes[plane][window][pixels] = 1
    return planes


def draw_objects(
    annotations: Sequence[Annotation], size: tuple[int, int], labels: Collection[str], *, line_width: float = 1.0
) -> tuple[NDArray[np.uint32], tuple[DrawnObject, ...]]:
    """Draw annotations as numbered objects, each over those below it.

    Parameters
    ----------
    annotations : sequence of Annotation
        What to draw; parts with the same `instance` are one object.
    size : (int, int)
        Height and width of the image [px].
    labels : collection of str
        The classes that are objects; annotations of others, but for background and not labelled, are left out.
    line_width : float
        Width of polylines [px].

    Returns
    -------
    numbers : ndarray of uint32, shape `size`
        Number of the object at each pixel; 0 where there is none.
    objects : tuple of DrawnObject
        The objects by number; one wholly hidden by others is among them, with no pixel.
    """
    own = _object_numbers(annotations, labels)
    numbers = np.zeros(size, np.uint32)
    for place, window, pixels in _from_below(annotations, size, _with_holes(labels), line_width):
        numbers[window][pixels] = own.get(place, 0)
    firsts = {number: annotations[place] for place, number in reversed(own.items())}
    counts = np.bincount(numbers.ravel(), minlength=len(firsts) + 1)
    return numbers, tuple(
        DrawnObject(number, one.label, int(counts[number]), one.source, one.occluded)
        for number, one in sorted(firsts.items())
    )


def _with_holes(labels: Iterable[str]) -> set[str]:
    return {*labels, BACKGROUND_NAME, NOT_LABELLED_NAME}


def _object_numbers(annotations: Sequence[Annotation], labels: Container[str]) -> dict[int, int]:
    """Return the number of each annotation's object by the annotation's place, in the order of the file."""
    known: dict[tuple[bool, int], int] = {}
    numbers = {}
    for place, one in enumerate(annotations):
        if one.label in labels:
            key = (False, place) if one.instance is None else (True, one.instance)
            numbers[place] = known.setdefault(key, len(known) + 1)
    return numbers


def _from_below(
    annotations: Sequence[Annotation], size: tuple[int, int], labels: Container[str], line_width: float
) -> Iterator[tuple[int, tuple[slice, slice], NDArray[np.bool_]]]:
    """Yield each annotation's place, the window of the image that it touches and its pixels, lowest first."""
    for place in sorted(range(len(annotations)), key=lambda place: annotations[place].z_order):
        one = annotations[place]
        mask = fill(one.shape, size, line_width=line_width) if one.label in labels else None
        if mask is not None:
            yield place, _window(mask), mask.pixels


def _window(mask: PixelMask) -> tuple[slice, slice]:
    height, width = mask.pixels.shape
    return slice(mask.top, mask.top + height), slice(mask.left, mask.left + width)
