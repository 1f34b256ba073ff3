"""Annotations drawn as the masks that are written: one stack per image, and a colour for each class."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from napari_strata.errors import LabelsError
from napari_strata.io.labels.annotations import (
    BACKGROUND_NAME,
    NOT_LABELLED_NAME,
    AnnotatedImage,
    AnnotationSet,
    FileClass,
)
from napari_strata.io.labels.drawing import draw_codes
from napari_strata.io.labels.file_names import stacks_to_write
from napari_strata.types import LabelArray

_BACKGROUND_COLOR = "#000000"
_NOT_LABELLED_COLOR = "#e0e0c0"
_MOST_PIXELS = 2**28


def drawn_stacks(
    annotations: AnnotationSet, values: Mapping[str, int], *, outside: int, missing: int, title: str
) -> Iterator[tuple[str, LabelArray]]:
    """Yield the stem of each image's file and its mask, one by one, after all were checked.

    Parameters
    ----------
    annotations : AnnotationSet
        What to draw.
    values : mapping of str to int
        Value of each class, 0 to 255.
    outside : int
        Value of pixels on which nothing is drawn.
    missing : int
        Value of frames of a stack that are not among the images.
    title : str
        Name of the format, for messages.

    Yields
    ------
    stem : str
        Name of the file without ending.
    stack : ndarray of uint8, shape (frame, y, x)
        The mask; of a single picture, one frame.

    Raises
    ------
    LabelsError
        If the size of an image is not known, frames of a stack differ, or names cannot be those of files.
    """
    stacks = stacks_to_write(annotations.images, title=title)
    for frames in stacks.values():
        _check_sizes(frames, title)
    return ((stem, _draw(frames, values, outside, missing)) for stem, frames in stacks.items())


def class_colors(classes: Sequence[FileClass]) -> dict[str, str]:
    """Return a colour of its own for each class, #rrggbb: the one it has, else the next of Pascal VOC."""
    colors = {BACKGROUND_NAME: _BACKGROUND_COLOR, NOT_LABELLED_NAME: _NOT_LABELLED_COLOR}
    taken = set(colors.values())
    for one in classes:
        if one.color and one.name not in colors and one.color.lower() not in taken:
            colors[one.name] = one.color.lower()
            taken.add(colors[one.name])
    spare = (color for color in map(voc_color, range(1, 2**16)) if color not in taken)
    return colors | {one.name: next(spare) for one in classes if one.name not in colors}


def _check_sizes(frames: Sequence[AnnotatedImage], title: str) -> None:
    first, last = frames[0], frames[-1]
    if any(one.size is None for one in frames):
        raise LabelsError(
            f"Nobody knows the size of {first.name}, which {title} need.", remedy="Give the folder of the images."
        )
    if len({one.size for one in frames}) > 1:
        raise LabelsError(f"The frames of {first.name} differ in size.", remedy="Export them as single images.")
    assert first.size is not None, "checked above"
    if first.frame < 0 or (last.frame + 1) * first.size[0] * first.size[1] > _MOST_PIXELS:
        raise LabelsError(
            f"{first.name} has {last.frame + 1:,} frames of {first.size[0]} x {first.size[1]} px, too many.",
            remedy="Export it in parts.",
        )


def _draw(frames: Sequence[AnnotatedImage], values: Mapping[str, int], outside: int, missing: int) -> LabelArray:
    assert frames[0].size is not None, "checked before anything is drawn"
    stack = np.full((frames[-1].frame + 1, *frames[0].size), missing, np.uint8)
    for one in frames:
        stack[one.frame] = draw_codes(one.annotations, frames[0].size, values, outside=outside)
    return stack


def voc_color(number: int) -> str:
    """Return Pascal VOC's colour of a class: each three bits of its number are the next bits of its samples."""
    samples = [0, 0, 0]
    for place in range(8):
        for sample in range(3):
            samples[sample] |= (number >> (3 * place + sample) & 1) << (7 - place)
    return "#{:02x}{:02x}{:02x}".format(*samples)
