"""Label images as annotations: each connected part of a class, or each numbered object, is one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from napari_strata.annotation.drawn_labels import Kind
from napari_strata.io.labels.annotations import (
    BACKGROUND_NAME,
    NOT_LABELLED_NAME,
    AnnotatedImage,
    Annotation,
)
from napari_strata.io.labels.raster import outline
from napari_strata.io.labels.shapes import PixelMask, Polygon
from napari_strata.types import BACKGROUND, NOT_LABELLED, AnyArray


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value of a label image stands for.

    Attributes
    ----------
    label : str
        Its class.
    source : str
        Who drew it.
    occluded : bool
        Whether something hides a part of it.
    """

    label: str
    source: str = ""
    occluded: bool = False


@dataclass(frozen=True, slots=True)
class LabelImage:
    """The labels of one image, as they are exported.

    Attributes
    ----------
    name : str
        File name of the image.
    data : ndarray of integers, shape (y, x) or (frame, y, x)
        Mask codes or numbers of objects.
    kind : {"semantic", "instance"}
        Which of the two.
    meanings : mapping of int to Meaning
        What the codes or numbers stand for; others are named after their value. Between numbered objects (0) is
        background unless it is said to be not labelled.
    folder : str
        Folder within that of the export; labels of the crystal layers of one image are kept apart by it.
    """

    name: str
    data: AnyArray
    kind: Kind = "semantic"
    meanings: Mapping[int, Meaning] = field(default_factory=dict)
    folder: str = ""


@dataclass(frozen=True, slots=True)
class TracingStyle:
    """How label images become annotations.

    Attributes
    ----------
    by_part : bool
        Whether each connected part of a class is an annotation, in place of the whole class. Pixels that touch at
        a corner are connected.
    as_outlines : bool
        Whether areas become polygons, which annotation programs let people edit, in place of masks. Both have the
        very same pixels.
    with_background : bool
        Whether background and pixels that are not labelled become annotations, for formats that have a value for
        every pixel.
    """

    by_part: bool = True
    as_outlines: bool = False
    with_background: bool = False


def trace(labels: LabelImage, style: TracingStyle) -> list[AnnotatedImage]:
    """Turn a label image into annotations, one annotated image per frame."""
    frames = labels.data if labels.data.ndim == 3 else labels.data[None]
    return [
        AnnotatedImage(
            labels.name, (frame.shape[0], frame.shape[1]), tuple(_annotations(frame, labels, style)), place
        )
        for place, frame in enumerate(frames)
    ]


def _annotations(frame: AnyArray, labels: LabelImage, style: TracingStyle) -> Iterator[Annotation]:
    if labels.kind == "instance":
        yield from _background(frame == 0, labels.meanings.get(0, Meaning(BACKGROUND_NAME)).label, style)
        for number, mask in _areas(frame):
            meaning = labels.meanings.get(number, Meaning("object"))
            yield _annotation(mask, meaning, style, instance=number)
        return
    yield from _background(frame == NOT_LABELLED, NOT_LABELLED_NAME, style)
    yield from _background(frame == BACKGROUND, BACKGROUND_NAME, style)
    for code in (int(value) for value in np.unique(frame) if value > BACKGROUND):
        meaning = labels.meanings.get(code, Meaning(f"class {code - BACKGROUND}"))
        for mask in _parts(frame == code, style):
            yield _annotation(mask, meaning, style)


def _background(area: NDArray[np.bool_], name: str, style: TracingStyle) -> Iterator[Annotation]:
    if style.with_background and area.any():
        yield Annotation(PixelMask.cut_out(area), name)


def _parts(area: NDArray[np.bool_], style: TracingStyle) -> Iterator[PixelMask]:
    if not style.by_part:
        yield PixelMask.cut_out(area)
        return
    from scipy import ndimage

    numbers, _ = ndimage.label(area, np.ones((3, 3)))
    yield from (mask for _, mask in _areas(numbers))


def _areas(numbers: AnyArray) -> Iterator[tuple[int, PixelMask]]:
    """Yield each number of an image and its pixels."""
    from scipy import ndimage

    values, places = np.unique(numbers, return_inverse=True)  # numbers may be few and large
    ranks = places.reshape(numbers.shape) + (1 if values.size and values[0] != 0 else 0)
    own = values[values != 0]
    for rank, window in enumerate(ndimage.find_objects(ranks), start=1):
        top, left = (int(one.start) for one in window)
        yield int(own[rank - 1]), PixelMask(top, left, ranks[window] == rank)


def _annotation(
    mask: PixelMask, meaning: Meaning, style: TracingStyle, *, instance: int | None = None
) -> Annotation:
    shape: PixelMask | Polygon = outline(mask) if style.as_outlines else mask
    return Annotation(shape, meaning.label, 0, instance, meaning.occluded, meaning.source)
