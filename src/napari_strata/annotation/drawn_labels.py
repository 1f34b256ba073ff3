"""The annotations of a matched image drawn into one array, a stack included."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from napari_strata.annotation.class_mapping import ClassMapping
from napari_strata.annotation.matching import ImageMatch
from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import TRACK, Annotation
from napari_strata.io.labels.drawing import DrawnObject, draw_codes, draw_objects, draw_planes
from napari_strata.io.labels.raster import fill
from napari_strata.io.labels.shapes import Ellipse, PixelMask, Points
from napari_strata.types import BACKGROUND, NOT_LABELLED, AnyArray

_LARGEST_PLANES = 2**30
"""Bytes of the planes of one image."""
Kind = Literal["semantic", "instance"]


@dataclass(frozen=True, slots=True)
class DrawingStyle:
    """How annotations become pixels.

    Attributes
    ----------
    kind : {"semantic", "instance"}
        Mask codes, or the number of an object at each pixel.
    outside : int
        Mask code of the pixels on which nothing is drawn: background or not labelled.
    one_hot : bool
        One plane of 0 and 1 per class in place of mask codes, so that classes may overlap.
    line_width : float
        Width of polylines [px].
    point_radius : float
        Radius of the disks that points become [px]; 0 takes the one pixel that a point lies in.
    """

    kind: Kind = "semantic"
    outside: int = BACKGROUND
    one_hot: bool = False
    line_width: float = 1.0
    point_radius: float = 0.0


@dataclass(frozen=True, slots=True)
class DrawnLabels:
    """What was drawn for one image.

    Attributes
    ----------
    data : ndarray
        uint8 mask codes (y, x), or planes (class, y, x), or uint16 or uint32 object numbers (y, x); of a stack
        with its frames before that. Frames that the file does not mention are not labelled.
    axes : str
        One letter per axis: T frame, C class, Y, X.
    pixels : mapping of str to int
        Pixels of each name that occurs.
    objects : tuple of (int, DrawnObject)
        The objects of an instance mask, each with the first frame that it is on; a number stands for one object
        in all frames.
    """

    data: AnyArray
    axes: str
    pixels: Mapping[str, int]
    objects: tuple[tuple[int, DrawnObject], ...] = ()


def draw_match(match: ImageMatch, mapping: ClassMapping, style: DrawingStyle) -> DrawnLabels:
    """Draw all that is annotated on an image.

    Parameters
    ----------
    match : ImageMatch
        The image and its annotations.
    mapping : ClassMapping
        What each class of the file becomes.
    style : DrawingStyle
        How to draw.

    Raises
    ------
    LabelsError
        If a polygon is too tangled to be filled in reasonable time.
    """
    size = match.extent.size
    frames = {
        frame: [_widened(one, size, style.point_radius) for one in mapping.apply(image.annotations)]
        for frame, image in match.frames.items()
    }
    if style.kind == "instance":
        return _numbers(match, mapping, frames, style)
    if style.one_hot:
        return _planes(match, mapping, frames, style)
    data = np.full((match.extent.frames, *size), NOT_LABELLED, np.uint8)
    for frame, annotations in frames.items():
        data[frame] = draw_codes(
            annotations, size, mapping.codes, outside=style.outside, line_width=style.line_width
        )
    counts = np.bincount(data.ravel(), minlength=len(mapping.codes))
    pixels = {name: int(counts[code]) for name, code in mapping.codes.items() if counts[code]}
    return DrawnLabels(*_with_frames(data, "YX"), pixels)


def _planes(
    match: ImageMatch, mapping: ClassMapping, frames: Mapping[int, Sequence[Annotation]], style: DrawingStyle
) -> DrawnLabels:
    shape = (match.extent.frames, len(mapping.names), *match.extent.size)
    if math.prod(shape) > _LARGEST_PLANES:
        raise LabelsError(
            f"The planes of {match.name} would take {math.prod(shape) / 2**30:.1f} GB.",
            remedy="Import mask codes, or skip some classes.",
        )
    data = np.zeros(shape, np.uint8)
    for frame, annotations in frames.items():
        data[frame] = draw_planes(annotations, match.extent.size, mapping.names, line_width=style.line_width)
    sums = data.sum(axis=(0, 2, 3), dtype=np.int64)
    pixels = {name: int(count) for name, count in zip(mapping.names, sums, strict=True) if count}
    return DrawnLabels(*_with_frames(data, "CYX"), pixels)


def _numbers(
    match: ImageMatch, mapping: ClassMapping, frames: Mapping[int, Sequence[Annotation]], style: DrawingStyle
) -> DrawnLabels:
    data = np.zeros((match.extent.frames, *match.extent.size), np.uint32)
    known: dict[Hashable, int] = {}
    firsts: dict[int, tuple[int, DrawnObject]] = {}
    for frame, annotations in sorted(frames.items()):
        drawn, objects = draw_objects(
            annotations, match.extent.size, set(mapping.names), line_width=style.line_width
        )
        numbers = _numbers_in_stack(annotations, mapping, frame, known)
        data[frame] = np.concatenate([[0], numbers]).astype(np.uint32)[drawn]
        for number, one in zip(numbers, objects, strict=True):
            first, seen = firsts.get(number, (frame, replace(one, number=number, pixels=0)))
            firsts[number] = first, replace(seen, pixels=seen.pixels + one.pixels)
    if len(firsts) <= np.iinfo(np.uint16).max:
        data = data.astype(np.uint16)
    pixels: dict[str, int] = {}
    for _, one in firsts.values():
        pixels[one.label] = pixels.get(one.label, 0) + one.pixels
    return DrawnLabels(*_with_frames(data, "YX"), pixels, tuple(firsts[number] for number in sorted(firsts)))


def _numbers_in_stack(
    annotations: Sequence[Annotation], mapping: ClassMapping, frame: int, known: dict[Hashable, int]
) -> list[int]:
    """Return the number in the stack of each object that `draw_objects` numbers in one frame, in its order.

    Over the frames, what has the same instance is one object; of what has none, what has the same track and class.
    """
    keys: dict[Hashable, None] = {}
    for place, one in enumerate(annotations):
        if one.label in mapping.names:
            track = ("track", one.attributes.get(TRACK), one.label)
            alone = track if TRACK in one.attributes and track not in keys else (frame, place)
            keys[alone if one.instance is None else ("instance", one.instance)] = None
    return [known.setdefault(key, len(known) + 1) for key in keys]


def _with_frames(data: AnyArray, axes: str) -> tuple[AnyArray, str]:
    """Return the data of a stack with its axes, of a single image without the axis of frames."""
    return (data, f"T{axes}") if len(data) > 1 else (data[0], axes)


def _widened(annotation: Annotation, size: tuple[int, int], radius: float) -> Annotation:
    """Return points as disks."""
    if radius <= 0 or not isinstance(annotation.shape, Points):
        return annotation
    pixels = np.zeros(size, bool)
    for y, x in annotation.shape.vertices:
        disk = fill(Ellipse(float(y), float(x), radius, radius), size)
        if disk is not None:
            height, width = disk.pixels.shape
            pixels[disk.top : disk.top + height, disk.left : disk.left + width] |= disk.pixels
    return replace(annotation, shape=PixelMask.cut_out(pixels)) if pixels.any() else annotation
